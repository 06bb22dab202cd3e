"""Bulk sends: one text to many numbers (§2.4), and the states of their messages."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin import search
from django_front_sms.admin.badges import moment, short, state_badge
from django_front_sms.admin.filters import AccountFilter, CreatedFilter
from django_front_sms.admin.readonly import TECHNICAL, ReadOnlyAdmin
from django_front_sms.models import BulkSend, OutboundMessage


@admin.register(BulkSend)
class BulkSendAdmin(ReadOnlyAdmin):
    shows_personal_data = True
    list_display = ("name", "sender", "short_text", "recipients", "created_", "created_by")
    list_select_related = ("created_by",)
    sortable_by = ("created_",)
    list_filter = (AccountFilter, CreatedFilter)
    filter_fields = ("id", "account", "sender", "unicode", "recipients", "created_at", "created_by")
    search_fields = ("text",)
    search_help_text = _("Words of the text")
    fieldsets = (
        (None, {"fields": ("states", "recipients")}),
        (_("Message"), {"fields": ("account", "sender", "unicode", "created_at", "created_by")}),
        (_("Technical details"), {"classes": [TECHNICAL], "fields": ("metadata",)}),
    )
    readonly_fields = ("states", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        may = request.user.has_perms(["front_sms.add_outboundmessage", "front_sms.add_bulksend"])
        return may and bool(self.reverse("outboundmessage_add"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(self.reverse("outboundmessage_add", query={"how": "bulk"}))

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        if term.startswith("#"):
            return queryset.filter(pk=search.id_in(term))
        words = [search.has_words(queryset.db, "text", each) for each in search.split(term)]
        return queryset.filter(*words)

    def is_final(self, row: BulkSend) -> bool:
        return not row.messages.unfinished().exists()

    @admin.display(description=_("bulk send"))
    def name(self, bulk: BulkSend) -> str:
        return f"#{bulk.pk}"

    @admin.display(description=_("text"))
    def short_text(self, bulk: BulkSend) -> SafeString:
        return short(bulk.text)

    @admin.display(description=_("created"), ordering="pk")
    def created_(self, bulk: BulkSend) -> SafeString | str:
        return moment(bulk.created_at)

    @admin.display(description=_("messages"))
    def states(self, bulk: BulkSend) -> SafeString:
        messages = self.reverse("outboundmessage_changelist")
        counts = bulk.messages.order_by("state").values_list("state").annotate(n=Count("pk"))
        lines = (
            (f"{messages}?bulk__exact={bulk.pk}&state__exact={state}", state_badge(OutboundMessage(state=state)), n)
            for state, n in counts
        )
        if not messages:  # this admin site has no list of them
            return format_html_join("", '<span class="fs-count">{1} <b>{2}</b></span>', lines)
        return format_html_join("", '<a class="fs-count" href="{}">{} <b>{}</b></a>', lines)

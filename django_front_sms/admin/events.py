"""Events: their delivery to the receivers of signals, and the receivers that failed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from django_front_sms import access, events
from django_front_sms.admin.actions import Action, ActionsAdmin
from django_front_sms.admin.badges import badge, moment, reverse_ref
from django_front_sms.admin.readonly import TECHNICAL
from django_front_sms.events.accounts import of_accounts
from django_front_sms.models import Event

DELIVER_AGAIN = Action(
    name="deliver_again",
    label=_("Deliver again"),
    explanation=_("Calls the receivers that failed again; the others are not called."),
    question=_("The receivers that failed are called again. Deliver again?"),
    done=ngettext_lazy("%(n)s event is delivered again.", "%(n)s events are delivered again.", "n"),
    permission="redeliver_event",
    run=lambda event, user, key: events.deliver_again(event),
    offered=lambda event: event.failed,
    main=True,
)


@admin.register(Event)
class EventAdmin(ActionsAdmin):
    row_actions = (DELIVER_AGAIN,)
    list_display = ("outcome", "kind", "about", "attempts", "created")
    list_display_links = ("kind",)
    sortable_by = ("created",)
    list_filter = ("failed", "kind")
    filter_fields = ("id", "event_id", "subject", "created_at", "next_at", "attempts")
    search_fields = ("subject",)
    search_help_text = _("The subject, such as out:7 or in:7")
    fieldsets = (
        (None, {"fields": ("outcome", "kind", "about", "created_at", "next_at", "attempts")}),
        (
            _("Technical details"),
            {"classes": [TECHNICAL], "fields": ("data", "delivered_to_", "event_id", "trace")},
        ),
    )
    readonly_fields = ("outcome", "about", "delivered_to_", "event_id", "trace")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        accounts = access.accounts_of(request.user)
        return Event.objects.all() if accounts is None else of_accounts(Event.objects.all(), accounts)

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        return queryset.filter(subject=term)

    def page_context(self, request: HttpRequest, row: Event) -> dict[str, Any]:
        page = super().page_context(request, row)
        if not row.failed:
            return page
        why = gettext("Ask the developers of this site to correct the cause, then deliver it again.")
        return {**page, "undecided": gettext("This site could not process this event"), "why": why}

    def is_final(self, row: Event) -> bool:
        return row.next_at is None and not row.failed

    def page_shows_personal_data(self, row: Event) -> bool:
        return bool(row.traceback)  # a receiver's exception may quote the message

    @admin.display(description=_("outcome"))
    def outcome(self, event: Event) -> SafeString:
        if event.failed:
            return badge("bad", "cross", gettext("given up"))
        if event.next_at is None:
            return badge("good", "check", gettext("delivered"))
        if event.attempts:
            return badge("warn", "warning", gettext("will be tried again"))
        return badge("wait", "clock", gettext("waits"))

    @admin.display(description=_("about"))
    def about(self, event: Event) -> SafeString | str:
        url = reverse_ref(event.subject, self.admin_site)  # as it is stored, because that is what the search finds
        return format_html('<a href="{}">{}</a>', url, event.subject) if url else event.subject

    @admin.display(description=_("created"), ordering="pk")
    def created(self, event: Event) -> SafeString | str:
        return moment(event.created_at)

    @admin.display(description=_("delivered to"), empty_value="—")
    def delivered_to_(self, event: Event) -> str:
        return ", ".join(str(receiver) for receiver in event.delivered_to)

    @admin.display(description=_("traceback"))
    def trace(self, event: Event) -> SafeString | str:
        if not event.traceback:
            return ""
        return format_html('<pre class="fs-raw" tabindex="0">{}</pre>', event.traceback)

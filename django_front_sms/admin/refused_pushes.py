"""Refused pushes: while one is refused, Front's queue of inbound messages is stopped."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin.badges import moment
from django_front_sms.admin.filters import AccountFilter, ReceivedFilter
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.models import RefusedPush


@admin.register(RefusedPush)
class RefusedPushAdmin(ReadOnlyAdmin):
    list_display = ("received", "account", "purpose", "size_", "limit_")
    sortable_by = ("received",)
    list_filter = (AccountFilter, ReceivedFilter)
    filter_fields = ("id", "account", "purpose", "size", "limit", "reason", "received_at")
    fieldsets = ((None, {"fields": ("received_at", "account", "purpose", "size_", "limit_", "reason")}),)
    readonly_fields = ("size_", "limit_")

    def page_context(self, request: HttpRequest, row: RefusedPush) -> dict[str, Any]:
        if row.reason:
            why = gettext(
                "The website's software answered before the message could be stored. Ask a developer, with the reason "
                "shown below, then restart Front's queue by the link in the notice that Front sent. Nothing is lost."
            )
            return {"undecided": gettext("This push was refused, and Front keeps it"), "why": why}
        why = gettext(
            "Raise MAX_INBOUND_BYTES, then restart Front's queue by the link in the notice that Front sent. "
            "Nothing is lost."
        )
        return {"undecided": gettext("This push was too large, and Front keeps it"), "why": why}

    @admin.display(description=_("received"), ordering="pk")
    def received(self, push: RefusedPush) -> SafeString | str:
        return moment(push.received_at)

    @admin.display(description=_("size"), empty_value="—")
    def size_(self, push: RefusedPush) -> str | None:
        return filesizeformat(push.size) if push.size is not None else None

    @admin.display(description=_("limit"), empty_value="—")
    def limit_(self, push: RefusedPush) -> str | None:
        return filesizeformat(push.limit) if push.limit is not None else None

"""Counter gaps: inbound messages that Front counted, but that did not arrive."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin.badges import badge, moment
from django_front_sms.admin.filters import AccountFilter, OpenFilter
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.models import CounterGap


@admin.register(CounterGap)
class CounterGapAdmin(ReadOnlyAdmin):
    list_display = ("outcome", "numbers", "account", "found", "closed")
    list_display_links = ("numbers",)
    list_filter = (OpenFilter, AccountFilter)
    filter_fields = ("id", "account", "first", "last", "found_at", "announced_at", "closed_at", "is_reset")
    ordering = (F("closed_at").desc(nulls_first=True), "-pk")
    fieldsets = (
        (None, {"fields": ("outcome", "numbers", "missing_", "account", "found_at", "announced_at", "closed_at")}),
    )
    readonly_fields = ("outcome", "numbers", "missing_")

    def page_context(self, request: HttpRequest, row: CounterGap) -> dict[str, Any]:
        if row.closed_at is not None:
            return {}
        why = gettext("Look in Front's portal for messages that were not delivered, or ask Front for these numbers.")
        return {"undecided": gettext("These messages did not arrive"), "why": why}

    @admin.display(description=_("state"))
    def outcome(self, gap: CounterGap) -> SafeString:
        if gap.is_reset:
            return badge("off", "clock", gettext("counter restarted"))
        if gap.closed_at is not None:
            return badge("good", "check", gettext("arrived late"))
        return badge("bad", "warning", gettext("missing"))

    @admin.display(description=_("numbers"))
    def numbers(self, gap: CounterGap) -> str:
        return str(gap.first) if gap.first == gap.last else f"{gap.first}–{gap.last}"

    @admin.display(description=_("still missing"))
    def missing_(self, gap: CounterGap) -> str:
        return ", ".join(map(str, gap.missing)) if gap.came else ""

    @admin.display(description=_("found"))
    def found(self, gap: CounterGap) -> SafeString | str:
        return moment(gap.found_at)

    @admin.display(description=_("closed"), empty_value="—")
    def closed(self, gap: CounterGap) -> SafeString | str:
        return moment(gap.closed_at)

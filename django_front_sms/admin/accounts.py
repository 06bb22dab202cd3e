"""Accounts: whether sending is paused, why, and the action that resumes it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from django_front_sms import outbox
from django_front_sms.admin.actions import Action, ActionsAdmin
from django_front_sms.admin.badges import badge, moment, timeline_context
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import AccountState, Decision
from django_front_sms.timeline import Entry, explain


def _resume(account: AccountState, user: Any, key: str) -> None:
    if not outbox.resume(account.account, user):
        raise NotPossible(gettext("Sending is not paused for this account."))


def _decisions(account: AccountState) -> list[Entry]:
    """The latest times that a user resumed the account."""
    rows = Decision.objects.about_account(account.account).select_related("by").order_by("-pk")[:10]
    who = ((row, str(row.by.get_username()) if row.by else "") for row in reversed(rows))
    return [Entry(row.at, "decision", gettext("Resumed"), by=name) for row, name in who]


RESUME = Action(
    name="resume",
    label=_("Resume sending"),
    explanation=_("Once the cause is corrected: all messages that wait are sent."),
    question=_("All messages that wait for this account are sent. Is the cause corrected?"),
    done=ngettext_lazy("Sending was resumed for %(n)s account.", "Sending was resumed for %(n)s accounts.", "n"),
    permission="resume_accountstate",
    run=_resume,
    offered=lambda account: account.paused_at is not None,
    main=True,
)


@admin.register(AccountState)
class AccountAdmin(ActionsAdmin):
    row_actions = (RESUME,)
    list_display = ("account", "state", "because", "paused", "probe")
    filter_fields = ("id", "account", "paused_at", "pause_code", "probe_at")
    ordering = ("account",)
    fieldsets = ((None, {"fields": ("account", "state", "because", "paused_at", "probe_at", "probes")}),)
    readonly_fields = ("state", "because")

    def page_context(self, request: HttpRequest, row: AccountState) -> dict[str, Any]:
        page = {
            **super().page_context(request, row),
            "title": row.account,
            **timeline_context(_decisions(row), self.admin_site),
        }
        if row.paused_at is None:
            return page
        return {
            **page,
            "undecided": gettext("Sending is paused"),
            "why": self.because(row),
            "says_that_it_is_paused": True,
        }

    def is_final(self, row: AccountState) -> bool:
        return row.paused_at is None

    @admin.display(description=_("state"))
    def state(self, account: AccountState) -> SafeString:
        if account.paused_at is None:
            return badge("good", "check", gettext("open"))
        return badge("bad", "pause", gettext("paused"))

    @admin.display(description=_("because"), empty_value="—")
    def because(self, account: AccountState) -> str | None:
        if account.paused_at is None or account.pause_code is None:
            return None
        return gettext("Code %(code)s:") % {"code": account.pause_code} + " " + explain(account.pause_code)

    @admin.display(description=_("paused since"), empty_value="—")
    def paused(self, account: AccountState) -> SafeString | str:
        return moment(account.paused_at)

    @admin.display(description=_("next probe"), empty_value="—")
    def probe(self, account: AccountState) -> SafeString | str:
        return moment(account.probe_at)

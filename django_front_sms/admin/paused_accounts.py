"""Accounts whose sending is paused, for the strip on every screen."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from django_front_sms import access
from django_front_sms.admin.badges import count_in_words
from django_front_sms.admin.request_values import values_of
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.conf import get_settings
from django_front_sms.models import AccountState
from django_front_sms.models.account import MOST_WAITING
from django_front_sms.monitoring import alerts
from django_front_sms.timeline import explain

RESUME = "front_sms.resume_accountstate"
VIEW = "front_sms.view_accountstate"


def paused_accounts(request: HttpRequest) -> list[AccountState]:
    """The paused accounts that the user may see, each with its number of `waiting` messages; read once a request."""
    if "paused" not in values_of(request):
        keep_paused(request, alerts.paused_accounts())
    found: list[AccountState] = values_of(request)["paused"]
    return found


def keep_paused(request: HttpRequest, states: Iterable[AccountState]) -> None:
    """Store the paused accounts of `states`, which `alerts.account_states` returned, for this request."""
    visible = access.accounts_of(request.user)
    paused = (state for state in states if state.paused_at is not None)
    values_of(request)["paused"] = [state for state in paused if visible is None or state.account in visible]


def paused_by_name(request: HttpRequest) -> dict[str, AccountState]:
    return {state.account: state for state in paused_accounts(request)}


def strip(request: HttpRequest) -> list[dict[str, Any]]:
    """The template context of each paused account; empty for users without a permission of this app."""
    if not request.user.has_module_perms("front_sms"):
        return []
    has_several = len(get_settings().accounts) > 1
    return [
        {
            "account": state.account if has_several else "",
            "waiting": state.waiting,
            "waiting_in_words": count_in_words(state.waiting, MOST_WAITING),
            "since": state.paused_at,
            "reason": explain(state.pause_code) if state.pause_code is not None else "",
            "resume": _address(request, state, "action", RESUME),
            "page": _address(request, state, "change", VIEW),
        }
        for state in paused_accounts(request)
    ]


def _address(request: HttpRequest, state: AccountState, page: str, needed: str) -> str:
    """The URL of a page of the account, for users who may open it."""
    if not request.user.has_perms({needed, VIEW}):
        return ""
    return reverse_admin(request, f"accountstate_{page}", state.pk, *(["resume"] if page == "action" else []))

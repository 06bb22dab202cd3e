"""Actions of staff on rows: buttons on the page of a row, and actions of the list.

An `Action` calls a function of the engine, which decides whether the action is possible and raises the reason if it is
not. Each action needs a permission, runs by POST only, asks for confirmation on a page that works without scripts, and
is written to the history of the row.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partialmethod
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import action as list_action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_front_sms import access
from django_front_sms.admin.composer.plan import money
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.admin.urls import site_context
from django_front_sms.exceptions import FrontSMSError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Rows of one confirmation: its page has a form field for each, and Django accepts 1,000 fields by default.
MAX_ROWS = 500

_REASONS = {
    access.SET_PRICE: gettext_lazy("It has a price, and you do not have the permission to set a price."),
    access.IGNORE_OPT_OUT: gettext_lazy("It ignores opt-outs, and you do not have the permission to ignore opt-outs."),
}


@dataclass(frozen=True)
class Action:
    """An action of staff on a row.

    `run(row, user, key)` does it and may return a new row; raises `FrontSMSError` with the reason if it is not
    possible. `key` is the same for each repetition of one confirmation. `offered(row)`: whether the page of the row
    shows the button. `question`: asked for confirmation. `done`: the report, with `%(n)s` for the number of rows.
    `sends`: whether it sends the row's message, which costs its segments and takes the permissions that its price and
    its opt-out option need. `main`: whether the button stands under the heading that says what needs attention.
    """

    name: str
    label: "StrOrPromise"
    explanation: "StrOrPromise"
    question: "StrOrPromise"
    done: "StrOrPromise"
    permission: str
    run: Callable[[Any, Any, str], Any]
    offered: Callable[[Any], bool]
    main: bool = False
    sends: bool = False


def missing_permission(action: Action, user: Any, row: Any) -> str | None:
    """The permission that `user` lacks for `action` on this row, besides the permission of the action itself."""
    if not action.sends:
        return None
    return access.missing_permission(user, price=row.price, ignore_opt_out=row.ignore_opt_out)


class ActionsAdmin(ReadOnlyAdmin):
    """A read-only admin with actions on its rows."""

    row_actions: Sequence[Action] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.actions = [_as_list_action(action) for action in cls.row_actions]
        for action in cls.row_actions:
            setattr(cls, f"has_{action.name}_permission", partialmethod(cls.has_action_permission, action=action))

    def has_action_permission(self, request: HttpRequest, action: Action, row: Any = None) -> bool:
        """Whether the user may run the action, on this row if one is given."""
        allowed = request.user.has_perm(f"{self.opts.app_label}.{action.permission}")
        return bool(allowed and (row is None or missing_permission(action, request.user, row) is None))

    def offered_actions(self, request: HttpRequest, row: Any) -> list[Action]:
        """The actions whose buttons the user sees for this row."""
        return [
            action
            for action in self.row_actions
            if action.offered(row) and self.has_action_permission(request, action, row)
        ]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"row_actions": self.offered_actions(request, row)}

    # On the page of a row

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.action_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_action"
        return [path("<path:object_id>/action/<slug:name>/", view, name=name), *super().get_urls()]

    def action_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask for confirmation, or run the action if the POST is confirmed."""
        action, row = self._find_action(request, object_id, name)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.POST.get("confirmed"):
            return self._ask_confirmation(request, action, [row])
        try:
            result = action.run(row, request.user, _key(request))
        except FrontSMSError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(_origin(request) or self.change_url(row))
        self._report_done(request, action, [row])
        return HttpResponseRedirect(_origin(request) or self.change_url(result if isinstance(result, Model) else row))

    def _find_action(self, request: HttpRequest, object_id: str, name: str) -> tuple[Action, Any]:
        """The action and the row of an address. Raises `Http404` and `PermissionDenied`."""
        action = next((action for action in self.row_actions if action.name == name), None)
        row = self.get_object(request, unquote(object_id))
        if action is None or row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and self.has_action_permission(request, action, row)):
            raise PermissionDenied
        return action, row

    # On the list

    def run_many(self, request: HttpRequest, action: Action, queryset: "QuerySet[Any]") -> HttpResponse | None:
        """Ask for confirmation, or run the action on each row if the POST is confirmed; refused rows are named."""
        rows = list(queryset.order_by("pk")[: MAX_ROWS + 1])
        if len(rows) > MAX_ROWS:
            limit = _("This is for the first %(n)s of your selection: repeat it for the others.") % {"n": MAX_ROWS}
            self.message_user(request, limit, messages.WARNING)
        rows = rows[:MAX_ROWS]
        if not request.POST.get("confirmed"):
            return self._ask_confirmation(request, action, rows)
        done, refused = [], []
        for row in rows:
            if reason := self._run_one(request, action, row):
                refused.append((row, reason))
            else:
                done.append(row)
        if done:
            self._report_done(request, action, done)
        self._report_refused(request, refused)
        return None

    def _run_one(self, request: HttpRequest, action: Action, row: Any) -> str:
        """Run the action on one row; returns the reason why it was refused, or an empty string."""
        if permission := missing_permission(action, request.user, row):
            return str(_REASONS[permission])
        try:
            action.run(row, request.user, _key(request))
        except FrontSMSError as error:
            return str(error)
        return ""

    def _report_done(self, request: HttpRequest, action: Action, rows: Sequence[Any]) -> None:
        for row in rows:
            self.log_change(request, row, action.label)
        self.message_user(request, str(action.done % {"n": len(rows)}), messages.SUCCESS)

    def _report_refused(self, request: HttpRequest, refused: Sequence[tuple[Any, str]]) -> None:
        for row, reason in refused[:5]:
            self.message_user(request, f"{self.name_of(row)}: {reason}", messages.ERROR)
        self.signal_read(request, [row for row, _reason in refused[:5]])
        if len(refused) > 5:
            n = len(refused) - 5
            others = ngettext("%(n)s more was refused.", "%(n)s more were refused.", n) % {"n": n}
            self.message_user(request, others, messages.ERROR)

    def _ask_confirmation(self, request: HttpRequest, action: Action, rows: list[Any]) -> TemplateResponse:
        segments = sum(row.segments for row in rows) if action.sends else 0
        listed = rows[:20]
        self.signal_read(request, listed)
        context = {
            **site_context(self.admin_site, request),
            "title": action.label,
            "opts": self.opts,
            "action": action,
            "lines": [self.summary(row) for row in listed],
            "pks": [row.pk for row in rows],
            "others": len(rows) - len(listed),
            "cost": money(segments) if segments else "",
            "back": _origin(request) or (self.change_url(rows[0]) if len(rows) == 1 else request.get_full_path()),
            "origin": _origin(request),
            "checkbox": ACTION_CHECKBOX_NAME,
            "key": secrets.token_hex(16),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/front_sms/confirm.html", context)

    def name_of(self, row: Any) -> str:
        """The name of a row, for a report about one of several."""
        return str(row)

    def summary(self, row: Any) -> str:
        """A row in one line, for the confirmation page."""
        return str(row)


def _origin(request: HttpRequest) -> str:
    """The address on this site to return to, from the form field `next`; empty for the page of the row."""
    page = request.POST.get("next", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else ""


def _key(request: HttpRequest) -> str:
    return request.POST["confirmed"][:64]


def _as_list_action(action: Action) -> Callable[..., HttpResponse | None]:
    """A function as `ModelAdmin.actions` takes it; Django asks `has_<name>_permission` for its permission."""

    @list_action(description=action.label, permissions=[action.name])
    def run(model_admin: ActionsAdmin, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        return model_admin.run_many(request, action, queryset)

    run.__name__ = action.name
    return run

"""What staff may do to a row: buttons on its page and actions on the list, by POST alone, each with its permission.

An `Act` runs one of the engine's verbs. The verb decides whether it is possible and says why not; a screen only hides
buttons that would be pointless. Every act asks before it is done, on a page of its own that works without scripts, and
what was done stands in the row's history.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partialmethod
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.admin.composer.plan import money
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.exceptions import FrontSMSError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Rows that one click may act on: the page that asks has a field for each, and Django takes 1,000 fields of a form.
AT_ONCE = 500


@dataclass(frozen=True)
class Act:
    """One thing that staff may do.

    `run(row, user, key)` does it, or raises `FrontSMSError` with the reason why it can't be done; it may give the new
    row that came of it. However often one answer to the question is posted, `key` is the same. `offered(row)`: whether
    a page shows the button. `question`: asked before it is done. `segments(row)`: how many it sends, and so costs.
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
    segments: Callable[[Any], int] = lambda row: 0


class ActingRegister(ReadOnlyAdmin):
    """A register whose rows can be acted upon."""

    acts: Sequence[Act] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.actions = [_action(act) for act in cls.acts]
        for act in cls.acts:
            setattr(cls, f"has_{act.name}_permission", partialmethod(cls.may, act=act))

    def may(self, request: HttpRequest, act: Act) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.{act.permission}"))

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"acts": [act for act in self.acts if act.offered(row) and self.may(request, act)]}

    # On a row's page

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/act/<slug:name>/", view, name=name), *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        act = next((act for act in self.acts if act.name == name), None)
        row = self.get_object(request, unquote(object_id))
        if act is None or row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and self.may(request, act)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.POST.get("confirmed"):
            return self._ask(request, act, [row])
        try:
            result = act.run(row, request.user, _key(request))
        except FrontSMSError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(_origin(request) or self._url(row))
        self.log_change(request, row, str(act.label))
        self.message_user(request, f"#{row.pk}: {act.done}", messages.SUCCESS)
        return HttpResponseRedirect(_origin(request) or self._url(result if isinstance(result, Model) else row))

    def _url(self, row: Model) -> str:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])

    # On the list

    def run_many(self, request: HttpRequest, act: Act, queryset: "QuerySet[Any]") -> HttpResponse | None:
        rows = list(queryset.order_by("pk")[: AT_ONCE + 1])
        if len(rows) > AT_ONCE:  # told before it is done: the page that asks knows only the rows that it names
            limit = _("This is for the first %(n)s of your selection: repeat it for the others.") % {"n": AT_ONCE}
            self.message_user(request, limit, messages.WARNING)
        rows = rows[:AT_ONCE]
        if not request.POST.get("confirmed"):
            return self._ask(request, act, rows)
        done, refused = 0, []
        for row in rows:
            try:
                act.run(row, request.user, _key(request))
            except FrontSMSError as error:
                refused.append(f"#{row.pk}: {error}")
            else:
                done += 1
                self.log_change(request, row, str(act.label))
        self._tell(request, act, done, refused)
        return None

    def _tell(self, request: HttpRequest, act: Act, done: int, refused: list[str]) -> None:
        if done:
            rows = ngettext("%(n)s row", "%(n)s rows", done) % {"n": done}
            self.message_user(request, f"{rows}: {act.done}", messages.SUCCESS)
        for line in refused[:5]:
            self.message_user(request, line, messages.ERROR)
        if len(refused) > 5:
            n = len(refused) - 5
            others = ngettext("%(n)s more was refused.", "%(n)s more were refused.", n) % {"n": n}
            self.message_user(request, others, messages.ERROR)

    def _ask(self, request: HttpRequest, act: Act, rows: list[Any]) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "act": act,
            "lines": [self.summary(row) for row in rows[:20]],
            "pks": [row.pk for row in rows],
            "others": max(len(rows) - 20, 0),
            "cost": money(segments) if (segments := sum(act.segments(row) for row in rows)) else "",
            "back": _origin(request) or (self._url(rows[0]) if len(rows) == 1 else request.get_full_path()),
            "origin": _origin(request),
            "checkbox": ACTION_CHECKBOX_NAME,
            "key": secrets.token_hex(16),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/front_sms/confirm.html", context)

    def summary(self, row: Any) -> str:
        """A row in one line, for the page that asks."""
        return str(row)


def _origin(request: HttpRequest) -> str:
    """The page of this site that the button was on, where it said so; empty: the row's own."""
    page = request.POST.get("next", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else ""


def _key(request: HttpRequest) -> str:
    return request.POST["confirmed"][:64]


def _action(act: Act) -> Callable[..., HttpResponse | None]:
    """An act in the form that Django's lists know; its permission is asked of `has_<name>_permission`."""

    @action(description=act.label, permissions=[act.name])
    def run(screen: ActingRegister, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        return screen.run_many(request, act, queryset)

    run.__name__ = act.name
    return run

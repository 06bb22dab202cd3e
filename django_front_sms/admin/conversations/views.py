"""Conversations: the list on the left, the messages on the right, and a reply box.

The URL of a conversation names one of its messages (`out/7/`, `in/9/`), so that no phone number gets into the logs of
a web server. New messages are fetched every few seconds, which works with any server.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from django_front_sms import access, contacts
from django_front_sms.admin import live_parts, search
from django_front_sms.admin.composer.preview import words
from django_front_sms.admin.conversations import bubbles
from django_front_sms.admin.conversations.reply import Reply, reply_to, send, was_sent
from django_front_sms.admin.conversations.threads import list_context, spaced
from django_front_sms.admin.paused_accounts import paused_by_name
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.admin.saved_texts import saved_texts
from django_front_sms.admin.urls import reverse_admin, site_context
from django_front_sms.conf import get_settings
from django_front_sms.conversations import (
    Cursor,
    Message,
    Page,
    counterpart,
    handled,
    mark_handled,
    thread,
    threads,
    unmark_handled,
)
from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.models import (
    AccountState,
    Conversation,
    HandledConversation,
    InboundMessage,
    OutboundMessage,
)
from django_front_sms.signals import send_personal_data_read

Paused = Mapping[str, AccountState]

SHOWN = 40  # messages on a page, and the newest ones that are kept up to date
VIEW = ("front_sms.view_outboundmessage", "front_sms.view_inboundmessage")


def conversation_of(request: HttpRequest, message: Message) -> str:
    """The URL of the conversation of a message; empty for users who may not view it, and without a number."""
    if not (request.user.has_perms(VIEW) and counterpart(message)):
        return ""
    direction = "out" if isinstance(message, OutboundMessage) else "in"
    return reverse_admin(request, f"conversation_{direction}", message.pk)


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    class Media:
        css = {"all": ["django_front_sms/admin.css", "django_front_sms/conversations.css"]}
        js = [f"django_front_sms/{name}.js" for name in ("session", "live", "composer", "conversations")]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perms(VIEW))

    def get_urls(self) -> list[URLPattern]:
        def screen(route: str, view: Any, name: str) -> URLPattern:
            pattern: URLPattern = path(route, self.admin_site.admin_view(view), name=f"front_sms_conversation_{name}")
            return pattern

        return [
            screen("", self.changelist_view, "changelist"),
            screen("with/", self.find_view, "with"),
            screen("out/<int:pk>/", self.outbound_view, "out"),
            screen("in/<int:pk>/", self.inbound_view, "in"),
        ]

    # Which conversation

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_see(request)
        if request.GET.get("part") == "threads":
            return self._list_part(request, None)
        context = self._page_context(request, None)
        self._signal_shown(request, _latest(context["threads"]))
        return TemplateResponse(request, "admin/front_sms/conversations.html", context)

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """`?number=+4799999999&account=default`, for links from elsewhere."""
        self._must_see(request)
        account = _query_value(request, "account") or "default"
        usable = access.may_use(request.user, account)
        page = thread(account, _query_value(request, "number") if usable else "", limit=1)
        if page.rows and counterpart(page.rows[0]):
            return HttpResponseRedirect(conversation_of(request, page.rows[0]))
        self.message_user(request, _("Nobody with this number has written with us yet."), messages.WARNING)
        return HttpResponseRedirect(self.reverse("conversation_changelist"))

    def outbound_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_see(request)
        rows = access.visible(OutboundMessage.objects.with_recipient(), request.user)
        return self._conversation(request, rows.filter(pk=pk).annotate(handled_up_to=_up_to("recipient")).first())

    def inbound_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_see(request)
        rows = access.visible(InboundMessage.objects.with_sender(), request.user)
        row = rows.filter(pk=pk).defer("raw").annotate(handled_up_to=_up_to("sender")).first()
        return self._conversation(request, row)

    def _must_see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    # One conversation

    def _conversation(self, request: HttpRequest, message: Message | None) -> HttpResponse:
        if message is None:
            raise Http404
        if request.method == "POST":
            return self._mark(request, message) if "handled" in request.POST else self._answer(request, message)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        match request.GET.get("part"):
            case "threads":
                return self._list_part(request, message)
            case "updates":
                return self._updates(request, message)
            case "texts":
                return _no_store(self._saved_texts(request, message))
            case "older":
                page = self._page(request, message)
                self._signal_shown(request, page.rows)
                context = self._bubbles(request, page, paused_by_name(request))
                return _no_store(TemplateResponse(request, "admin/front_sms/conversation_bubbles.html", context))
        return self._show(request, message)

    def _show(self, request: HttpRequest, message: Message, failure: str = "", text: str = "") -> HttpResponse:
        page = self._page(request, message)
        paused = paused_by_name(request)
        is_latest = "before" not in request.GET
        page_context = self._page_context(request, message)
        self._signal_shown(request, [message, *page.rows, *_latest(page_context["threads"])])
        context = {
            **page_context,
            **self._bubbles(request, page, paused),
            **(self._box(request, message, page) if is_latest else {}),
            "spaced": spaced(counterpart(message)),
            "contact_url": contacts.url(counterpart(message)),
            "number": counterpart(message),
            "account": message.account,
            "is_latest": is_latest,
            "failure": failure,
            "text": text,
        }
        return TemplateResponse(request, "admin/front_sms/conversation.html", context)

    def _page(self, request: HttpRequest, message: Message) -> Page[Message]:
        return thread(message.account, counterpart(message), before=_cursor(request, "before"), limit=SHOWN)

    def _bubbles(self, request: HttpRequest, page: Page[Message], paused: Paused) -> dict[str, Any]:
        earlier = ""
        if page.before is not None:
            earlier = f"{request.path}?{urlencode({**_kept(request), 'before': str(page.before)})}"
        return {"bubbles": bubbles.bubbles(request, page.rows, paused), "earlier": earlier}

    def _signal_shown(self, request: HttpRequest, rows: Iterable[Message]) -> None:
        """Send `personal_data_read`, once for each row, however often it is on the page."""
        shown = list(rows)
        for model in (OutboundMessage, InboundMessage):
            pks = dict.fromkeys(row.pk for row in shown if isinstance(row, model))
            send_personal_data_read(request.user, model, pks)

    def _box(self, request: HttpRequest, message: Any, page: Page[Message]) -> dict[str, Any]:
        reply = _reply(message, page)
        return {
            "reply": reply,
            "may_reply": self._may_reply(request),
            "longest": get_settings().max_text_length,
            "words": words(),
            **_handled(reply, page, message.handled_up_to),
            "opt_outs": request.user.has_perm("front_sms.view_optout"),
        }

    def _may_reply(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("front_sms.add_outboundmessage"))

    # What is new

    def _updates(self, request: HttpRequest, message: Message) -> HttpResponse:
        """Messages that are new, or newer than on the page. `seen`: the versions on the page, `o12.1a2b3c4d,i9.…`."""
        seen = dict(pair.split(".", 1) for pair in request.GET.get("seen", "").split(",") if "." in pair)
        page = thread(message.account, counterpart(message), limit=SHOWN)
        paused = paused_by_name(request)
        changed = {
            bubbles.name(row) for row in page.rows if seen.get(bubbles.name(row)) != bubbles.version(row, paused)
        }
        updates: dict[str, Any] = {}
        shown = [row for row in page.rows if bubbles.name(row) in changed]
        if shown:
            updates["bubbles"] = self._changed(request, page, shown, paused)
        box = self._box(request, message, page) if self._may_reply(request) else None
        if box and request.GET.get("box") != box["version"]:
            updates["box"] = render_to_string("admin/front_sms/conversation_box.html", box, request)
            shown.append(message)  # its number may be in the box
        self._signal_shown(request, shown)
        return _no_store(JsonResponse(updates) if updates else HttpResponse(status=204))

    def _changed(
        self, request: HttpRequest, page: Page[Message], changed: list[Message], paused: Paused
    ) -> list[dict[str, Any]]:
        """The changed messages, each with the name of the message before it."""
        before = ""
        updates = []
        shown = {bubble["name"]: bubble for bubble in bubbles.bubbles(request, changed, paused)}
        for row in page.rows:
            if bubble := shown.get(bubbles.name(row)):
                piece = {"bubbles": [{**bubble, "new_day": True}]}
                html = render_to_string("admin/front_sms/conversation_bubbles.html", piece, request)
                updates.append({"name": bubble["name"], "after": before, "html": html})
            before = bubbles.name(row)
        return updates

    # The list beside it

    def _page_context(self, request: HttpRequest, message: Message | None) -> dict[str, Any]:
        return {
            **site_context(self.admin_site, request),
            "title": _("Conversations"),
            "subtitle": None,
            "opts": self.opts,
            "media": self.media,
            "threads": self._list_context(
                request, message, counts=message is None
            ),  # beside a conversation, the script requests them
            "may_write": self._may_reply(request),
        }

    def _saved_texts(self, request: HttpRequest, message: Message) -> JsonResponse:
        """The saved texts for the reply box, which the script requests."""
        rows = saved_texts(request.user, [message.account])
        names = [f"{row.name} ({row.language})" if row.language else row.name for row in rows]
        texts = [{"name": name, "text": row.text} for name, row in zip(names, rows, strict=True)]
        return JsonResponse({"texts": texts if self._may_reply(request) else []})

    def _list_context(self, request: HttpRequest, message: Message | None, *, counts: bool) -> dict[str, Any]:
        asked = _kept(request)
        term = asked.get("q", "")
        page = threads(
            account=asked.get("account"),
            accounts=access.accounts_of(request.user),
            prefixes=_prefixes(term) if term else None,
            unanswered=asked.get("show") == "unanswered",
            before=_cursor(request, "threads_before"),
            brief=True,
        )
        return list_context(request, page, asked, message, counts=counts)

    def _list_part(self, request: HttpRequest, message: Message | None) -> HttpResponse:
        found = self._list_context(request, message, counts=True)
        context = {"threads": found, "may_write": self._may_reply(request)}
        page = TemplateResponse(request, "admin/front_sms/conversation_side.html", context)
        response = live_parts.answer(request, page)
        if response.status_code == 200:
            self._signal_shown(request, _latest(found))
        return response

    # Answering

    def _mark(self, request: HttpRequest, message: Message) -> HttpResponse:
        """Mark the conversation as handled up to the message that the user saw, or undo that."""
        if not self._may_reply(request):
            raise PermissionDenied
        number = counterpart(message)
        if request.POST["handled"] == "no":
            unmark_handled(message.account, number)
        else:
            seen = search.id_in(request.POST.get("up_to", ""))
            try:
                mark_handled(message.account, number, by=request.user, up_to=seen)
            except NotPossible as error:
                self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(f"{conversation_of(request, message)}?{urlencode(_kept(request))}".rstrip("?"))

    def _answer(self, request: HttpRequest, message: Message) -> HttpResponse:
        if not self._may_reply(request):
            raise PermissionDenied
        answering = search.id_in(request.POST.get("answering", ""))
        reply = reply_to(message.account, counterpart(message), answering)
        text = request.POST.get("text", "")
        key = request.POST.get("key", "").replace("\0", "")[:64]
        by_script = request.headers.get("Accept", "").startswith("application/json")
        try:
            is_known = was_sent(reply, key)
            sms = send(request, reply, text, key)
        except InvalidMessage as error:
            if by_script:
                return JsonResponse({"failure": str(error), "key": reply.key}, status=400)
            return self._show(request, message, str(error), text)
        if not is_known:
            self.log_addition(request, sms, gettext_noop("Written in a conversation"))
        if by_script:
            return JsonResponse({"sent": bubbles.name(sms), "key": reply.key})
        return HttpResponseRedirect(f"{conversation_of(request, sms)}?{urlencode(_kept(request))}".rstrip("?"))


def _latest(people: dict[str, Any]) -> list[Message]:
    """The messages that the list of people shows."""
    return [row["thread"].latest for row in people["rows"]]


def _reply(message: Message, newest: Page[Message]) -> Reply:
    return reply_to(message.account, counterpart(message), newest=newest)


def _up_to(number: str) -> Subquery:
    """The last inbound message that was marked as handled in the conversation of a row; `number` names its column."""
    marks = HandledConversation.objects.of(OuterRef("account"), OuterRef(number))
    return Subquery(marks.values("up_to")[:1])


def _handled(reply: Reply, newest: Page[Message], handled_up_to: int | None) -> dict[str, Any]:
    """Whether the conversation waits for an answer, or who marked it as handled, and a version of that."""
    last = next((row for row in reversed(newest.rows) if not _is_no_question(row)), None)
    is_theirs = isinstance(last, InboundMessage)
    waits = last is not None and is_theirs and (handled_up_to or 0) < last.pk
    mark = handled(reply.account, reply.number) if is_theirs and not waits else None
    return {"waits": waits, "mark": mark, "version": f"{reply.version}.{int(waits)}{mark.pk if mark else ''}"}


def _is_no_question(row: Message) -> bool:
    """Whether it is a STOP or START, which needs no answer."""
    intents = (InboundMessage.OptOutIntent.OPT_OUT, InboundMessage.OptOutIntent.OPT_IN)
    return isinstance(row, InboundMessage) and row.opt_out_intent in intents


def _kept(request: HttpRequest) -> dict[str, str]:
    """The filters of the list of conversations in the query, which links keep."""
    found = {key: _query_value(request, key) for key in ("q", "account", "show", "threads_before")}
    return {key: value for key, value in found.items() if value}


def _query_value(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()  # PostgreSQL accepts no NUL, not even in a comparison


def _prefixes(term: str) -> set[str]:
    """Possible beginnings of the number that a user searches for: as typed, as stored, or found by a name."""
    if any(char.isalpha() for char in term):
        return {term, *contacts.search(term)}
    return {term} | search.prefixes(term)


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    try:
        return Cursor.parse(request.GET[name]) if request.GET.get(name) else None
    except ValueError as error:
        raise Http404(str(error)) from None


def _no_store(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "private, no-store"
    return response

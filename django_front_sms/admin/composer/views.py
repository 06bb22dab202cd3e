"""The composer: staff write a message, see how it arrives and what it costs, and confirm it.

Everything works without scripts; `composer.js` adds a live preview. Posted data are saved as a draft, and its pages are
requested by GET: going back, or logging in again, loses nothing. The confirmation page has a digest of its content: if
that has changed when the user confirms, the page is shown again and nothing is sent.
"""

import re
from itertools import islice
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.admin.actions import ActionsAdmin
from django_front_sms.admin.composer.drafts import fresh_key, load_draft, save_draft
from django_front_sms.admin.composer.forms import ComposerForm, prefilled, presets, sendable_accounts, with_file
from django_front_sms.admin.composer.plan import Plan
from django_front_sms.admin.composer.preview import bubble, config, quiet_until, sentence, shorter, simplified
from django_front_sms.admin.composer.recipients import LISTED
from django_front_sms.admin.saved_texts import saved_texts
from django_front_sms.admin.urls import site_context
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import gsm
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.sending import preview_sms
from django_front_sms.signals import send_personal_data_read

EARLIER_SHOWN = 20  # recipients who were sent the same text, by name
_PLACEHOLDER = re.compile(r"\{\w+\}")

_MEDIA = forms.Media(
    css={"all": ["django_front_sms/admin.css", "django_front_sms/composer.css"]},
    js=["django_front_sms/session.js", "django_front_sms/composer.js"],
)


class ComposerAdmin(ActionsAdmin):
    """A list of messages with the composer as its page to add one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("front_sms.add_outboundmessage") and sendable_accounts(request.user))

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(self.check_view)
        session = self.admin_site.admin_view(self.session_view)
        return [
            path("add/check/", check, name="front_sms_outboundmessage_check"),
            path("add/session/", session, name="front_sms_outboundmessage_session"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return _for_script(request, self._posted(request))
        draft = load_draft(request.user, request.GET["draft"]) if request.GET.get("draft") else None
        if draft is None:
            if request.GET.get("step"):
                self.message_user(
                    request, _("This draft is too old and was deleted. Write it again."), messages.WARNING
                )
            return self._form_page(request, ComposerForm(initial=prefilled(request.GET), user=_user(request)))
        if request.GET.get("step") == "new":
            return self._form_page(request, ComposerForm(initial=draft.dict(), user=_user(request)))
        form = ComposerForm(draft, user=_user(request))
        if request.GET.get("step") == "confirm" and form.is_valid():
            return self._confirm_page(request, form)
        return self._form_page(request, form)

    def _posted(self, request: HttpRequest) -> HttpResponse:
        """Save the posted data, and send the message if the confirmation page was confirmed."""
        data = request.POST.copy()
        key = data["key"] = str(data.get("key") or fresh_key())
        problem = with_file(data, request.FILES.get("file"))
        if "simplify" in data:
            data["text"] = simplified(data.get("text", ""))
        save_draft(request.user, data)
        if problem:
            self.message_user(request, problem, messages.ERROR)
        if problem or "edit" in data:
            return self._to_draft(key, "edit")
        if data.get("confirmed") and "simplify" not in data:
            return self._confirmed(request, data)
        return self._to_draft(key, "confirm")

    def _to_draft(self, key: str, step: str) -> HttpResponseRedirect:
        return HttpResponseRedirect(self.reverse("outboundmessage_add", query={"draft": key[:64], "step": step}))

    def _confirmed(self, request: HttpRequest, data: QueryDict) -> HttpResponse:
        form = ComposerForm(data, user=_user(request))
        if not form.is_valid():
            return self._to_draft(str(data["key"]), "confirm")
        if form.plan.new and data["confirmed"] != form.plan.digest:
            changed = _("Something changed since you looked. Nothing was sent yet: look again.")
            self.message_user(request, changed, messages.WARNING)
            return self._to_draft(str(data["key"]), "confirm")
        if form.plan.new and form.plan.needs_second_confirmation and not data.get("again"):
            twice = _("The same text was just sent. Nothing was sent again: tick the box if you mean it.")
            self.message_user(request, twice, messages.WARNING)
            return self._to_draft(str(data["key"]), "confirm")
        return self._send_composed(request, form)

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """The numbers entered so far, with their errors: a part of the page, for `composer.js`."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        recipients = ComposerForm(request.POST, user=_user(request)).checked()
        return render(request, "admin/front_sms/composer_recipients.html", {"recipients": recipients})

    def session_view(self, request: HttpRequest) -> HttpResponse:
        """A new CSRF token for a form that stayed open during a new login, for `session.js`."""
        return JsonResponse({"token": get_token(request)})

    def _form_page(self, request: HttpRequest, form: ComposerForm) -> TemplateResponse:
        text = str(form["text"].value() or "").replace("\r\n", "\n")
        unicode = False if form["unicode"].value() else None
        account = str(form["account"].value())
        options = ("unicode", "sender", "priority", "scheduled_at", "expires_at", "how", "ignore_opt_out")
        context = {
            "title": _("Write message"),
            "form": form,
            "recipients": form.checked(),
            "sentence": sentence(text, unicode),
            "preview": preview_sms(text, unicode=unicode),
            "bubble": bubble(text, unicode),
            "sender": form["sender"].value() or form.sender_of(account),
            "config": config(sendable_accounts(request.user)),
            "open_options": any(name in form.errors or _is_set(form, name) for name in options if name in form.fields),
            "open_table": bool(form["table"].value()) or "table" in form.errors,
            "presets": presets(timezone.localtime()),
            "saved_texts": saved_texts(request.user, sendable_accounts(request.user)),
        }
        return self._composer_page(request, "composer.html", context)

    def _confirm_page(self, request: HttpRequest, form: ComposerForm) -> TemplateResponse:
        plan = form.plan
        it = plan.composed
        earlier = plan.earlier[:EARLIER_SHOWN]
        send_personal_data_read(request.user, OutboundMessage, (each.message.pk for each in earlier))
        context = {
            "title": _("Send this message?"),
            "form": form,
            "plan": plan,
            "recipients": plan.recipients,
            "rows": _rows(plan, None if request.GET.get("rows") == "all" else LISTED),
            "all_rows": self.reverse("outboundmessage_add", query={"draft": it.form, "step": "confirm", "rows": "all"}),
            "preview": plan.preview,
            "sentence": "" if plan.is_personal else sentence(it.text, it.unicode),
            "fewer": 0 if plan.is_personal else shorter(it.text, it.unicode),
            "bubble": bubble(next(iter(plan.texts.values()), it.text), it.unicode),
            "sender": it.sender,
            "override": get_settings().recipient_override,
            "quiet": "" if it.priority == "urgent" else quiet_until(it.account, it.scheduled_at),
            "zone": timezone.get_current_timezone_name(),
            "several_accounts": len(sendable_accounts(request.user)) > 1,
            "earlier": earlier,
            "earlier_others": len(plan.earlier) - len(earlier),
            "braces": "" if plan.is_personal else " ".join(_PLACEHOLDER.findall(it.text)),
        }
        return self._composer_page(request, "composer_confirm.html", context)

    def _composer_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        shared = {
            **site_context(self.admin_site, request),
            "opts": self.opts,
            "media": _MEDIA,
            "may_list": self.has_view_permission(request),
        }
        return TemplateResponse(request, f"admin/front_sms/{template}", {**shared, **context})

    def _send_composed(self, request: HttpRequest, form: ComposerForm) -> HttpResponse:
        try:
            sent = form.plan.send()
        except InvalidMessage as error:  # an opt-out, or another message, was stored after the check
            self.message_user(request, str(error), messages.WARNING)
            return self._to_draft(form.plan.composed.form, "confirm")
        self._note_sent(request, form.plan, sent)
        return HttpResponseRedirect(self._page_of_sent(request, sent))

    def _note_sent(self, request: HttpRequest, plan: Plan, sent: BulkSend | list[OutboundMessage]) -> None:
        if not plan.new:
            self.message_user(request, _("This was sent before. Nothing was sent twice."), messages.INFO)
            return
        rows = [sent] if isinstance(sent, BulkSend) else [row for row in sent if row.recipient not in plan.known]
        LogEntry.objects.log_actions(_user(request).pk, rows, ADDITION, "Written in the composer")
        done = ngettext("%(n)s message is queued.", "%(n)s messages are queued.", plan.new) % {"n": plan.new}
        self.message_user(request, done, messages.SUCCESS)

    def _page_of_sent(self, request: HttpRequest, sent: BulkSend | list[OutboundMessage]) -> str:
        """The page that shows the sent messages; without permission for that, the empty page to write the next one."""
        if isinstance(sent, BulkSend):
            seen = request.user.has_perm("front_sms.view_bulksend")
            page = self.reverse("bulksend_change", sent.pk)
        elif len(sent) == 1:
            seen, page = self.has_view_permission(request), self.change_url(sent[0])
        else:
            keys = sorted(row.pk for row in sent)
            seen, page = self.has_view_permission(request), self.reverse("outboundmessage_changelist")
            page += f"?id__gte={keys[0]}&id__lte={keys[-1]}&created_by__exact={_user(request).pk}"
        return page if seen and page else self.reverse("outboundmessage_add")


def _user(request: HttpRequest) -> AbstractUser:
    return cast(AbstractUser, request.user)


def _for_script(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response for `session.js`: following a redirect, it would consume the messages for the user."""
    if isinstance(response, HttpResponseRedirect) and request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"url": response.url})
    return response


def _is_set(form: ComposerForm, name: str) -> bool:
    """Whether a field has another value than on an empty page."""
    return form[name].value() not in (None, "", False, "normal", "each")


def _rows(plan: Plan, most: int | None) -> list[dict[str, Any]]:
    """The rows of a table as they will be sent, at most `most`."""
    if not plan.is_personal:
        return []
    accepted = islice(plan.recipients.accepted.items(), most)
    shown = ((number, entry, plan.previews[number]) for number, entry in accepted)
    return [
        {"number": number, "entry": entry, "preview": preview, "foreign": " ".join(gsm.foreign(plan.texts[number]))}
        for number, entry, preview in shown
    ]

"""The composer: staff write a message, see how it arrives and what it costs, and confirm it.

Everything works without scripts; `composer.js` counts and shows the same while the text is being written. The page that
asks carries a digest of what it showed: where that has changed meanwhile, it is shown again and nothing is sent.
"""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms.admin.actions import ActionsAdmin
from django_front_sms.admin.composer.forms import ComposerForm, fresh_key, prefilled, sendable_accounts
from django_front_sms.admin.composer.plan import Plan
from django_front_sms.admin.composer.preview import bubble, config
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import gsm
from django_front_sms.gateway.typography import simplify
from django_front_sms.models import AccountState, BulkSend, OutboundMessage
from django_front_sms.sending import preview_sms

_MEDIA = forms.Media(
    css={"all": ["django_front_sms/admin.css", "django_front_sms/composer.css"]}, js=["django_front_sms/composer.js"]
)


class ComposerAdmin(ActionsAdmin):
    """A register of messages to which staff can add by writing one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("front_sms.add_outboundmessage") and sendable_accounts(request.user))

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(self.check_view)
        return [path("add/check/", check, name="front_sms_outboundmessage_check"), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._form_page(request, ComposerForm(initial=prefilled(request.GET), user=_user(request)))
        data = _posted(request.POST)
        form = ComposerForm(data, user=_user(request))
        if "edit" in data or not form.is_valid():
            return self._form_page(request, form)
        confirmed = data.get("confirmed")
        if confirmed and (confirmed == form.plan.digest or not form.plan.new):
            return self._send_composed(request, form)
        if confirmed:
            changed = _("Something changed since you looked. Nothing was sent yet: look again.")
            self.message_user(request, changed, messages.WARNING)
        return self._confirm_page(request, form)

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """The numbers written so far, checked one by one: a piece of the page, for `composer.js`."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        recipients = ComposerForm(request.POST, user=_user(request)).checked()
        return render(request, "admin/front_sms/composer_recipients.html", {"recipients": recipients})

    def _form_page(self, request: HttpRequest, form: ComposerForm) -> TemplateResponse:
        text = str(form["text"].value() or "").replace("\r\n", "\n")
        unicode = False if form["unicode"].value() else None
        context = {
            "title": _("Write message"),
            "form": form,
            "recipients": form.checked(),
            "preview": preview_sms(text, unicode=unicode),
            "bubble": bubble(text, unicode),
            "sender": form["sender"].value() or form.sender_of(form["account"].value()),
            "config": config(sendable_accounts(request.user)),
        }
        return self._composer_page(request, "composer.html", context)

    def _confirm_page(self, request: HttpRequest, form: ComposerForm) -> TemplateResponse:
        it = form.plan.composed
        simpler = preview_sms(simplify(it.text), unicode=it.unicode) if simplify(it.text) != it.text else None
        paused = AccountState.objects.paused().filter(key=get_settings().account(it.account).gateway)
        context = {
            "title": _("Send this message?"),
            "form": form,
            "plan": form.plan,
            "recipients": form.plan.recipients,
            "preview": form.plan.preview,
            "bubble": bubble(it.text, it.unicode),
            "sender": it.sender,
            "foreign": gsm.foreign(it.text),
            "simpler": simpler,
            "paused": paused.exists(),
            "override": get_settings().recipient_override,
            "zone": timezone.get_current_timezone_name(),
            "several_accounts": len(sendable_accounts(request.user)) > 1,
        }
        return self._composer_page(request, "composer_confirm.html", context)

    def _composer_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": _MEDIA,
            "may_list": self.has_view_permission(request),
        }
        return TemplateResponse(request, f"admin/front_sms/{template}", {**shared, **context})

    def _send_composed(self, request: HttpRequest, form: ComposerForm) -> HttpResponse:
        try:
            sent = form.plan.send()
        except InvalidMessage as error:  # an opt-out, or another message, came between the check and this
            self.message_user(request, str(error), messages.WARNING)
            form.full_clean()
            return self._confirm_page(request, form) if form.is_valid() else self._form_page(request, form)
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
        """Where staff see what becomes of it; without permission for that, the empty page to write the next one."""
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


def _posted(post: QueryDict) -> QueryDict:
    data = post.copy()
    if not data.get("key"):
        data["key"] = fresh_key()
    if "simplify" in data:
        data["text"] = simplify(data.get("text", ""))
        data.pop("confirmed", None)
    return data

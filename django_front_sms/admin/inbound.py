"""Inbound messages: texts and MMS files that people sent, and the bytes of the push."""

from typing import Any

from django.contrib import admin
from django.db.models import BinaryField, Prefetch, QuerySet
from django.db.models.functions import Length, Substr
from django.http import FileResponse, HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from django_front_sms import inbox, optouts
from django_front_sms.admin import search
from django_front_sms.admin.actions import Action, ActionsAdmin
from django_front_sms.admin.badges import as_text, badge, moment, short, timeline_context
from django_front_sms.admin.conversations import mms
from django_front_sms.admin.conversations.views import conversation_of
from django_front_sms.admin.export.views import ExportAdmin
from django_front_sms.admin.filters import AccountFilter, FilesFilter, ProblemFilter, ReceivedFilter
from django_front_sms.admin.names import contact_of, numbers_of, with_name
from django_front_sms.admin.readonly import NEW_MESSAGES, TECHNICAL
from django_front_sms.downloads import download
from django_front_sms.models import InboundMessage, MmsFile
from django_front_sms.timeline import of_inbound, problem

SHOWN = 10_000  # bytes of the raw push

READ_AGAIN = Action(
    name="read_again",
    label=_("Read again"),
    explanation=_("Reads the stored push again with this version of the software. Receivers are not called again."),
    question=_("The result replaces the present content. Read it again?"),
    done=ngettext_lazy("%(n)s message was read again.", "%(n)s messages were read again.", "n"),
    permission="read_again_inboundmessage",
    run=lambda message, user, key: inbox.read_again(message),
    offered=lambda message: bool(message.problem),
)

OPT_OUT = Action(
    name="opt_out",
    label=_("Opt out"),
    explanation=_("The sender gets no more messages from the number that was written to."),
    question=_("Send this person no more messages from the number that was written to?"),
    done=ngettext_lazy("%(n)s person was opted out.", "%(n)s persons were opted out.", "n"),
    permission="add_optout",
    run=lambda message, user, key: optouts.confirm(message, user),
    offered=lambda message: message.opt_out_intent == InboundMessage.OptOutIntent.PERHAPS_OPT_OUT,
)


@admin.register(InboundMessage)
class InboundMessageAdmin(ExportAdmin, ActionsAdmin):
    row_actions = (READ_AGAIN, OPT_OUT)
    export_fields = (
        "id",
        "received_at",
        "sent_at",
        "account",
        "sender",
        "recipient",
        "keyword",
        "text",
        "api",
        "counter",
        "gateway_id",
        "in_reply_to",
        "problem",
    )
    cards = True
    shows_personal_data = True
    new_rows = NEW_MESSAGES
    number_field = "sender"
    list_display = ("sender_", "recipient", "short_text", "keyword", "received", "notes")
    sortable_by = ("received",)
    list_filter = (AccountFilter, "api", ProblemFilter, FilesFilter, ReceivedFilter)
    filter_fields = (
        "id",
        "account",
        "sender",
        "recipient",
        "text",
        "keyword",
        "sent_at",
        "received_at",
        "counter",
        "gateway_id",
        "problem",
        "in_reply_to",
        "opt_out_intent",
    )
    search_fields = ("sender",)
    search_help_text = _(
        "A name, a number, its beginning or last digits, #id, or words of the text (“digits” in quotes)"
    )
    fieldsets = (
        (_("Message"), {"fields": ("account", "keyword", "in_reply_to")}),
        (_("Times"), {"fields": ("sent_at", "received_at")}),
        (
            _("Technical details"),
            {"classes": [TECHNICAL], "fields": ("api", "counter", "front_id", "raw_push")},
        ),
    )
    readonly_fields = ("front_id", "raw_push")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("raw")  # may be 25 MB each

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        counted = Prefetch("files", MmsFile.objects.only("pk", "message"))
        listed.result_list = listed.result_list.prefetch_related(counted)
        return listed

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        return self.search_messages(request, queryset, search.Search(term, number="sender", people=numbers_of(term)))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        name = "front_sms_inboundmessage_file"
        return [path("<int:message_id>/files/<int:file_id>/", view, name=name), *super().get_urls()]

    def file_view(self, request: HttpRequest, message_id: int, file_id: int) -> FileResponse:
        return download(request, message_id, file_id)

    def page_context(self, request: HttpRequest, row: InboundMessage) -> dict[str, Any]:
        return {
            **super().page_context(request, row),
            "mms": mms.shown(request, row),
            "conversation": conversation_of(request, row),
            **contact_of(row.sender),
            **timeline_context(of_inbound(row), self.admin_site),
            "problem": problem(row.problem),
        }

    def name_of(self, row: InboundMessage) -> str:
        return f"{row.sender} (#{row.pk})" if row.sender else f"#{row.pk}"

    def summary(self, row: InboundMessage) -> str:
        return f"#{row.pk} {row.sender}: {Truncator(row.text).chars(60)}"

    @admin.display(description=_("sender"))
    def sender_(self, message: InboundMessage) -> SafeString | str:
        return with_name(message, message.sender or gettext("unknown"))

    @admin.display(description=_("text"))
    def short_text(self, message: InboundMessage) -> SafeString:
        return short(message.text)

    @admin.display(description=_("received"), ordering="pk")
    def received(self, message: InboundMessage) -> SafeString | str:
        return moment(message.received_at)

    @admin.display(description=_("notes"))
    def notes(self, message: Any) -> SafeString:
        """The number of files, and whether there is a problem or perhaps an opt-out."""
        badges = []
        if count := len(message.files.all()):
            words = format_html('{} <span class="visually-hidden">{}</span>', count, ngettext("file", "files", count))
            badges.append(badge("off", "file", words))
        if message.problem:
            badges.append(badge("warn", "warning", gettext("problem")))
        if OPT_OUT.offered(message):
            badges.append(badge("warn", "warning", message.get_opt_out_intent_display()))
        return format_html_join(" ", "{}", ((each,) for each in badges))

    @admin.display(description=_("Front's id"), empty_value="—")
    def front_id(self, message: InboundMessage) -> str | None:
        return str(message.gateway_id) if message.gateway_id is not None else None

    @admin.display(description=_("raw"))
    def raw_push(self, message: InboundMessage) -> SafeString:
        part = Substr("raw", 1, SHOWN, output_field=BinaryField())
        head, length = InboundMessage.objects.filter(pk=message.pk).values_list(part, Length("raw")).get()
        return format_html('<pre class="fs-raw" tabindex="0">{}</pre>', as_text(head or b"", length or 0))

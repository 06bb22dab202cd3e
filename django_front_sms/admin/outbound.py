"""Outgoing messages: the outcome of each, and the actions that staff may take."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, TextField, Value, When
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from django_front_sms import outbox
from django_front_sms.admin import live_parts, search
from django_front_sms.admin.actions import Action
from django_front_sms.admin.badges import moment, short, state_and_steps, state_badge, steps, timeline_context
from django_front_sms.admin.composer.views import ComposerAdmin
from django_front_sms.admin.conversations.views import conversation_of
from django_front_sms.admin.export.views import ExportAdmin
from django_front_sms.admin.filters import AccountFilter, IndexedCreatedFilter, StatusMissedFilter
from django_front_sms.admin.names import contact_of, numbers_of, with_name
from django_front_sms.admin.paused_accounts import paused_by_name
from django_front_sms.admin.readonly import NEW_MESSAGES, TECHNICAL
from django_front_sms.models import OutboundMessage
from django_front_sms.models.outbound import HIDDEN_TEXT
from django_front_sms.states import OPEN, State
from django_front_sms.timeline import explain, of_outbound


def _undecided(message: OutboundMessage) -> bool:
    return message.state == State.UNCONFIRMED and not message.given_up


ACTIONS = (
    Action(
        name="mark_sent",
        label=_("Mark as sent"),
        explanation=_("You know from the recipient or from Front's portal that it arrived. Nothing is sent."),
        question=_("Are you sure that it arrived? It will count as sent."),
        done=ngettext_lazy("%(n)s message was marked as sent.", "%(n)s messages were marked as sent.", "n"),
        permission="decide_outboundmessage",
        run=lambda message, user, key: outbox.mark_sent(message, user),
        offered=lambda message: message.state == State.UNCONFIRMED,
        main=True,
    ),
    Action(
        name="send_anyway",
        label=_("Send anyway"),
        explanation=_("The recipient may get it a second time."),
        question=_("If it was sent already, the recipient gets it twice. Send it anyway?"),
        done=ngettext_lazy(
            "%(n)s message is queued to be sent again.", "%(n)s messages are queued to be sent again.", "n"
        ),
        permission="decide_outboundmessage",
        run=lambda message, user, key: outbox.send_anyway(message, user),
        sends=True,
        offered=lambda message: message.state == State.UNCONFIRMED and message.text != "",
        main=True,
    ),
    Action(
        name="give_up",
        label=_("Give up"),
        explanation=_("Nothing is sent, and the message no longer needs attention."),
        question=_("Nothing is sent, and the message no longer needs attention. Give it up?"),
        done=ngettext_lazy("%(n)s message was given up.", "%(n)s messages were given up.", "n"),
        permission="decide_outboundmessage",
        run=lambda message, user, key: outbox.give_up(message, user),
        offered=_undecided,
        main=True,
    ),
    Action(
        name="cancel",
        label=_("Stop the message"),
        explanation=_("Takes it out of the queue before it is sent."),
        question=_("It is taken out of the queue and never sent. Stop it?"),
        done=ngettext_lazy("%(n)s message was stopped.", "%(n)s messages were stopped.", "n"),
        permission="cancel_outboundmessage",
        run=lambda message, user, key: message.cancel(by=user),
        offered=lambda message: message.state == State.QUEUED,
    ),
    Action(
        name="resend",
        label=_("Send once more"),
        explanation=_("Sends the same text to the same number, as a new message."),
        question=_("The same text goes to the same number as a new message. Send it once more?"),
        done=ngettext_lazy("%(n)s new message is queued.", "%(n)s new messages are queued.", "n"),
        permission="resend_outboundmessage",
        run=lambda message, user, key: message.resend(by=user, idempotency_key=f"again:{message.pk}:{key}"),
        sends=True,
        offered=lambda message: message.state not in OPEN and not _undecided(message),
    ),
)


UNDECIDED = {
    "undecided": _("It is not known whether this was sent"),
    "why": _(
        "Front gave no clear answer, and it is too late to try again. Ask the recipient, or look in Front's portal."
    ),
}


@admin.register(OutboundMessage)
class OutboundMessageAdmin(ExportAdmin, ComposerAdmin):
    row_actions = ACTIONS
    export_fields = (
        "id",
        "created_at",
        f"created_by__{get_user_model().USERNAME_FIELD}",
        "account",
        "sender",
        "recipient",
        "text",
        "state",
        "segments",
        "gateway_id",
        "error_code",
        "error_text",
        "attempts",
        "scheduled_at",
        "sent_at",
        "delivered_at",
        "reply_to",
        "bulk",
    )
    export_expressions: ClassVar = {
        "text": Case(When(sensitive=True, then=Value(HIDDEN_TEXT)), default="text", output_field=TextField())
    }
    cards = True
    shows_personal_data = True
    new_rows = NEW_MESSAGES
    number_field = "recipient"
    list_display = ("state_", "recipient_", "sender", "short_text", "created_")
    list_display_links = ("recipient_",)
    sortable_by = ("created_",)
    list_filter = ("state", StatusMissedFilter, AccountFilter, "priority", IndexedCreatedFilter)
    filter_fields = (  # not the text of a sensitive message, nor the digests and the metadata that may reveal it
        "id",
        "account",
        "recipient",
        "sender",
        "unicode",
        "segments",
        "price",
        "on_duplicate",
        "ignore_opt_out",
        "sensitive",
        "gateway_id",
        "error_code",
        "error_text",
        "attempts",
        "waits_for",
        "given_up",
        "scheduled_at",
        "expires_at",
        "next_at",
        "created_at",
        "sent_at",
        "delivered_at",
        "status_missed_at",
        "risk_at",
        "idempotency_key",
        "duplicate_of",
        "reply_to",
        "bulk",
        "created_by",
    )
    search_fields = ("recipient",)
    search_help_text = _(
        "A name, a number, its beginning or last digits, #id, or words of the text (“digits” in quotes)"
    )
    fieldsets = (
        (
            _("Message"),
            {"fields": ("account", "priority", "length", "price", "ignore_opt_out", "created_by", "bulk", "reply_to")},
        ),
        (
            _("Times"),
            {"fields": ("created_at", "scheduled_at", "next_at", "expires_at", "sent_at", "delivered_at")},
        ),
        (
            _("Technical details"),
            {
                "classes": [TECHNICAL],
                "fields": (
                    "front_id",
                    "error",
                    "attempts",
                    "waits_for",
                    "risk_at",
                    "status_missed_at",
                    "duplicate_of",
                    "duplicates_",
                    "idempotency_key",
                    "metadata",
                ),
            },
        ),
    )
    readonly_fields = ("length", "front_id", "error", "duplicates_", "created_at", "risk_at")

    def rows_for_page(self, request: HttpRequest) -> "QuerySet[Any]":
        related = ("created_by", "bulk", "reply_to", "duplicate_of")
        has_duplicates = Exists(OutboundMessage.objects.filter(duplicate_of=OuterRef("pk")))
        rows: QuerySet[Any] = super().rows_for_page(request).annotate(has_duplicates=has_duplicates)
        return rows.select_related(*related).defer("reply_to__raw")

    def is_final_list(self, rows: Iterable[OutboundMessage]) -> bool:
        return all(row.is_settled for row in rows)

    def live_states(self, rows: Iterable[OutboundMessage]) -> list[tuple[str, SafeString]]:
        return [(f"fs-state-{row.pk}", state_and_steps(row)) for row in rows]

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        wanted = search.Search(term, number="recipient", people=numbers_of(term), readable=Q(sensitive=False))
        return self.search_messages(request, queryset, wanted)

    def page_context(self, request: HttpRequest, row: OutboundMessage) -> dict[str, Any]:
        return {
            **super().page_context(request, row),
            "title": gettext("Message #%(pk)s") % {"pk": row.pk},
            "badge": state_badge(row),
            "steps": steps(row),
            "conversation": conversation_of(request, row),
            **contact_of(row.recipient),
            **(UNDECIDED if _undecided(row) else {}),
            **timeline_context(of_outbound(row, paused_by_name(request)), self.admin_site),
        }

    def is_final(self, row: OutboundMessage) -> bool:
        return row.is_settled

    def name_of(self, row: OutboundMessage) -> str:
        return f"{row.recipient} (#{row.pk})" if row.recipient else f"#{row.pk}"

    def summary(self, row: OutboundMessage) -> str:
        return f"#{row.pk} {row.recipient}: {Truncator(row.shown_text).chars(60)}"

    @admin.display(description=_("state"))
    def state_(self, message: OutboundMessage) -> SafeString:
        return live_parts.part(f"fs-state-{message.pk}", state_and_steps(message))

    @admin.display(description=_("recipient"))
    def recipient_(self, message: OutboundMessage) -> SafeString | str:
        return with_name(message, message.recipient)

    @admin.display(description=_("length"))
    def length(self, message: OutboundMessage) -> str:
        segments = ngettext("%(n)s SMS", "%(n)s SMS", message.segments) % {"n": message.segments}
        return f"{segments}, Unicode" if message.unicode else segments

    @admin.display(description=_("text"))
    def short_text(self, message: OutboundMessage) -> SafeString:
        return short(message.shown_text)

    @admin.display(description=_("created"), ordering="pk")
    def created_(self, message: OutboundMessage) -> SafeString | str:
        return moment(message.created_at)

    @admin.display(description=_("Front's id"), empty_value="—")
    def front_id(self, message: OutboundMessage) -> str | None:
        return str(message.gateway_id) if message.gateway_id is not None else None

    @admin.display(description=_("error"))
    def error(self, message: OutboundMessage) -> str:
        if message.error_code is None:
            return message.error_text
        own_words = message.error_text if message.error_text != explain(message.error_code) else ""
        code = gettext("Code %(code)s:") % {"code": message.error_code}
        return " ".join(filter(None, [code, explain(message.error_code), own_words]))

    @admin.display(description=_("duplicates"))
    def duplicates_(self, message: Any) -> SafeString | str:
        if not message.has_duplicates:
            return ""
        if "duplicate_pks" not in message.__dict__:  # the page asks twice: whether it is empty, and what it is
            message.duplicate_pks = list(message.duplicates.order_by("pk").values_list("pk", flat=True)[:20])
        pks = message.duplicate_pks
        links = ((self.reverse("outboundmessage_change", pk), pk) for pk in pks)
        return format_html_join(", ", '<a href="{}">#{}</a>', links)

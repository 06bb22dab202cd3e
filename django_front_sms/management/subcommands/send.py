"""`front_sms send`: queue one SMS, and show what happens to it."""

import time
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Iterator
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms import events
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.models import OutboundMessage
from django_front_sms.monitoring import alerts
from django_front_sms.sending import send_sms
from django_front_sms.sending.validation import check_idempotency_key
from django_front_sms.states import ACCEPTED, NOT_SENT, OPEN, State
from django_front_sms.timeline import Entry

HELP = gettext_lazy("Send one SMS. A worker must be running to send it.")

SENT, NOT_DELIVERED, UNCONFIRMED, TOO_LATE, INTERRUPTED = 0, 1, 3, 4, 130  # 2 is argparse's own
INTERVAL = 0.5  # seconds between two queries
pause = time.sleep

_ENDED = {State.DELIVERED, State.UNDELIVERED, State.UNCONFIRMED} | NOT_SENT


def add_arguments(parser: ArgumentParser) -> None:
    option = parser.add_argument
    option("to", metavar="TO", help=_("the recipient's number"))
    option("text", metavar="TEXT", help=_("what to send"))
    option("--account", default="default", help=_("the account that sends (default: %(default)s)"))
    option("--sender", help=_("a sender that Front registered for the account (default: the account's own)"))
    option(
        "--unicode",
        action=BooleanOptionalAction,
        default=None,
        help=_("allow Unicode, or let Front replace what the GSM alphabet lacks (default: as the text needs)"),
    )
    option("--price", type=int, metavar="ØRE", help=_("what the recipient pays, in øre"))
    option("--urgent", action="store_true", help=_("send before messages that are not urgent"))
    option("--on-duplicate", choices=["defer", "coalesce", "reject"], help=_("what to do with a repetition"))
    option("--idempotency-key", type=_key, metavar="KEY", help=_("the same key never sends twice"))
    option("--wait", action="store_true", help=_("show what happens to it, until Front has it or it has ended"))
    option(
        "--until",
        choices=["accepted", "delivered"],
        help=_("wait until Front has it, as --wait does, or until it is on the phone"),
    )
    option(
        "--timeout",
        type=seconds,
        default=60,
        metavar="SECONDS",
        help=_("how long to wait at most (default: %(default)s)"),
    )
    add_json(parser)


def _key(written: str) -> str:
    try:
        return check_idempotency_key(written)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def seconds(written: str) -> float:
    given = float(written)
    if not given >= 0:  # also refuses "nan", which no time exceeds
        raise ValueError
    return given


def handle(out: OutputWrapper, given: Namespace) -> int:
    message = _queue(given)
    if not given.json:
        out.write(_("Message #%(pk)s: %(state)s") % {"pk": message.pk, "state": message.get_state_display()})
        for line in _obstacles():
            out.write(line)
    code = _wait(message, out, given) if given.wait or given.until else SENT
    if given.json:
        write_json(out, as_json(message))
    return code


def _queue(given: Namespace) -> OutboundMessage:
    return send_sms(
        given.to,
        given.text,
        account=given.account,
        sender=given.sender,
        unicode=given.unicode,
        price=given.price,
        priority="urgent" if given.urgent else "normal",
        on_duplicate=given.on_duplicate,
        idempotency_key=given.idempotency_key,
    )


def _obstacles() -> Iterator[str]:
    """The reasons why the message stays in the queue for now, and what to do about each."""
    way = get_settings().worker
    if alerts.worker(alerts.account_states(), database_now()).is_silent:
        start = {"celery": "celery -A … worker", "tasks": _("the worker of your task backend")}
        command = start.get(way, "manage.py front_sms worker")
        yield _("No worker seems to run, so the message stays queued. Start one: %(command)s") % {"command": command}
    if way == "celery" and not events.publish("dispatch"):
        yield _("Celery's broker cannot be reached: check CELERY_BROKER_URL. A worker finds the message in its sweep.")


def as_json(message: OutboundMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "state": str(message.state),
        "gateway_id": message.gateway_id,
        "error_code": message.error_code,
        "error_text": message.error_text,
        "attempts": message.attempts,
        "segments": message.segments,
        "sent_at": message.sent_at,
        "delivered_at": message.delivered_at,
    }


def _wait(message: OutboundMessage, out: OutputWrapper, given: Namespace) -> int:
    """Follow `message` until it is finished or the time is up, and return the exit code."""
    try:
        if not _follow(message, out, given):
            if not given.json:
                out.write(_too_late(message, given.timeout))
            return TOO_LATE
    except KeyboardInterrupt:
        if not given.json:
            out.write(_("Stopped waiting. The message is still being processed."))
        return INTERRUPTED
    if not given.json:
        out.write(_("Message #%(pk)s: %(state)s") % {"pk": message.pk, "state": message.get_state_display()})
    if message.state == State.UNCONFIRMED:
        return UNCONFIRMED
    return SENT if message.state in ACCEPTED - {State.UNDELIVERED} else NOT_DELIVERED


def _follow(message: OutboundMessage, out: OutputWrapper, given: Namespace) -> bool:
    """Print each new entry of the message's timeline; return False if the time is up first."""
    printed: set[tuple[str, ...]] = set()
    give_up = time.monotonic() + given.timeout
    while True:
        message.refresh_from_db()
        for entry in message.timeline():
            key = (entry.kind, entry.title, entry.detail, entry.technical)
            if key not in printed and not given.json:
                out.write(_line(entry))
                out.flush()
            printed.add(key)
        if _is_over(message, given.until):
            return True
        left = give_up - time.monotonic()
        if left <= 0:
            return False
        pause(min(INTERVAL, left))


def _is_over(message: OutboundMessage, until: str | None) -> bool:
    if until != "delivered":
        return message.state not in OPEN
    without_id = message.state == State.SENT and message.gateway_id is None  # no status can be matched to it
    return message.state in _ENDED or without_id


def _line(entry: Entry) -> str:
    detail = " ".join(filter(None, [entry.detail, entry.technical]))
    detail = f" – {detail}" if detail else ""
    return f"  {timezone.localtime(entry.at):%H:%M:%S}  {entry.title}{detail}"


def _too_late(message: OutboundMessage, seconds: float) -> str:
    what = {"pk": message.pk, "seconds": f"{seconds:g}"}
    if message.state == State.QUEUED and not message.attempts:
        return (
            _("No worker claimed message #%(pk)s within %(seconds)s s: is a worker running? It stays in the queue.")
            % what
        )
    return _("Message #%(pk)s did not get that far within %(seconds)s s. It is still being processed.") % what

"""`front_sms check-duplicate-filter TO`: test whether Front's filter (§2.2, code 17) is on for this account.

A worker would never send a text twice within the window, so the two requests are made here, without the queue. Their
text contains a random word, so that no other message is equal. A message that Front accepted is recorded as sent, so
that its statuses can be matched.
"""

import secrets
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.conf import Account, FrontSMSSettings, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.submit import Answer
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.models import AccountState, OutboundMessage, SendAttempt
from django_front_sms.outbox.executor import client_for
from django_front_sms.outbox.wire import Wire, request_of, wire_of
from django_front_sms.sending.validation import draft
from django_front_sms.states import State
from django_front_sms.timeline import explain

HELP = gettext_lazy(
    "Test whether Front's duplicate filter is on, by sending one text twice. Sends one or two real SMS."
)

ON, NOT_LEARNT, OFF = 0, 1, 3  # exit codes; 2 is argparse's own


@dataclass(slots=True)
class Trial:
    """The result of the two requests. Without a clear result, `filter` is None and `why` is the reason."""

    filter: bool | None = None
    why: str = ""
    codes: list[int] = field(default_factory=list)
    message_ids: list[int] = field(default_factory=list)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("to", metavar="TO", help=_("a phone of your own"))
    parser.add_argument("--account", default="default", help=_("the account to try (default: %(default)s)"))
    parser.add_argument("--sender", help=_("a sender that Front registered (default: the account's own)"))
    parser.add_argument("--yes", action="store_true", help=_("do not ask: send one or two real SMS"))
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    conf = get_settings()
    account = conf.account(given.account)
    asked = _draft(conf, given)
    wire = wire_of(asked, account, conf, None)
    _must_not_be_paused(account)
    if not given.yes:
        _confirm(out, wire)
    trial = _try(asked, wire, account, conf)
    if given.json:
        answers = {"codes": trial.codes, "messages": trial.message_ids, "setting": account.duplicate_filter}
        write_json(out, {"account": account.name, "filter": trial.filter, "why": trial.why, **answers})
    else:
        out.write(_verdict(trial))
        out.write(_advice(trial.filter, account))
    return {True: ON, False: OFF, None: NOT_LEARNT}[trial.filter]


def _draft(conf: FrontSMSSettings, given: Namespace) -> OutboundMessage:
    text = _("Test of the duplicate filter, %(word)s") % {"word": secrets.token_hex(4)}
    metadata: dict[str, Any] = {"check": "duplicate filter"}
    return draft(conf, given.to, text, account=given.account, sender=given.sender, metadata=metadata)


def _must_not_be_paused(account: Account) -> None:
    state = AccountState.objects.paused().filter(key=account.gateway).first()
    if state is not None:
        why = {"name": account.name, "code": state.pause_code}
        raise CommandError(
            _("Account “%(name)s” is paused (code %(code)s). Correct the cause, then: front_sms resume %(name)s") % why
        )


def _confirm(out: OutputWrapper, wire: Wire) -> None:
    what = {"number": wire.recipient, "sender": wire.sender}
    question = _("This sends one or two real SMS to %(number)s, from %(sender)s. They cost what SMS cost.") % what
    if not sys.stdin.isatty():
        raise CommandError(question + " " + _("Add --yes to send them."))
    out.write(question)
    if input(_("Send them? [y/N] ")).strip().lower() not in ("y", "yes", "j", "ja"):
        raise CommandError(_("Nothing was sent."))


def _try(asked: OutboundMessage, wire: Wire, account: Account, conf: FrontSMSSettings) -> Trial:
    trial = Trial()
    first = _send(asked, wire, account, conf, trial)
    if first is None:
        return trial
    if first != ErrorCode.OK:
        trial.why = _("Front refused the first one with code %(code)s: %(meaning)s") % {
            "code": first,
            "meaning": explain(first),
        }
        return trial
    second = _send(asked, wire, account, conf, trial)
    if second in (ErrorCode.DUPLICATE, ErrorCode.OK):
        trial.filter = second == ErrorCode.DUPLICATE
    elif second is not None:
        trial.why = _("Front accepted the first one, and refused the second with code %(code)s: %(meaning)s") % {
            "code": second,
            "meaning": explain(second),
        }
    return trial


def _send(asked: OutboundMessage, wire: Wire, account: Account, conf: FrontSMSSettings, trial: Trial) -> int | None:
    """Make one request; return Front's code, or None without a clear answer, with the reason in `trial`."""
    client = client_for(account, conf)
    began = database_now()
    outcome = client.send(request_of(asked, wire, account), transport=account.transport, may_write=None)
    if outcome.kind is not ResultKind.ANSWERED or not isinstance(outcome.answer, Answer):
        sent = _("Nothing was sent") if outcome.kind is ResultKind.NOT_SENT else _("It may or may not have been sent")
        trial.why = _("There was no clear answer (%(detail)s). %(sent)s.") % {"detail": outcome.detail, "sent": sent}
        return None
    trial.codes.append(outcome.answer.errorcode)
    if outcome.answer.errorcode == ErrorCode.OK:
        trial.message_ids.append(_record(asked, wire, outcome, outcome.answer, began))
    return outcome.answer.errorcode


@nested_transaction
def _record(asked: OutboundMessage, wire: Wire, outcome: ExchangeResult, answer: Answer, began: Any) -> int:
    """Store the accepted message as a worker does: sent, with Front's id and one attempt."""
    now = database_now()
    asked.pk = None
    asked._state.adding = True
    asked.state, asked.gateway_id, asked.sent_at, asked.next_at = State.SENT, answer.id, now, None
    asked.attempts = 1
    asked.save(force_insert=True)
    SendAttempt.objects.create(
        message=asked,
        number=1,
        token=secrets.token_hex(16),
        twin_key=wire.twin_key,
        wire_recipient=wire.recipient,
        wire_sender=wire.sender,
        wire_digest=wire.digest,
        claimed_at=began,
        finished_at=now,
        duration=outcome.duration,
        outcome=SendAttempt.Outcome.ANSWERED,
        http_status=outcome.http_status,
        error_code=answer.errorcode,
        gateway_id=answer.id,
    )
    return asked.pk


def _verdict(trial: Trial) -> str:
    if trial.filter is None:
        return _("The result is not clear. %(why)s") % {"why": trial.why}
    if trial.filter:
        return _("The filter is on: Front refused the second one with code 17. One SMS was sent.")
    return _("The filter is off: Front accepted the same text twice. Two SMS were sent.")


def _advice(found: bool | None, account: Account) -> str:
    if found is None:
        return _("Try again when that is corrected. Until then leave DUPLICATE_FILTER at None.")
    what = {"name": account.name, "value": found}
    if account.duplicate_filter is found:
        return _("DUPLICATE_FILTER of account “%(name)s” is %(value)s, and that is right.") % what
    return _('Set "DUPLICATE_FILTER": %(value)s in account “%(name)s”.') % what + " " + _MEANING[found]


_MEANING = {
    True: gettext_lazy(
        "Messages without a clear answer are then sent again in time for the filter to catch a repetition."
    ),
    False: gettext_lazy(
        "Messages without a clear answer then wait for a person. Front turns the filter on if you ask."
    ),
}

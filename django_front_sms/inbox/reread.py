"""Reads a stored inbound message again, after an upgrade that can read more of it."""

import base64
import re

from django.utils.translation import gettext as _

from django_front_sms import optouts
from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.exceptions import NotPossible
from django_front_sms.gateway.push import InboundPush, decode_inbound_json, decode_inbound_query
from django_front_sms.inbox import counters, store
from django_front_sms.inbox.insert import CUT, fit_packet, save_storable
from django_front_sms.inbox.mms import files
from django_front_sms.inbox.process import answered_by
from django_front_sms.models import InboundMessage, MmsFile

_REFERENCE = re.compile(rb'(?<=")' + re.escape(files.REFERENCE) + rb'([0-9a-f]{64})(?=")')
_FIELDS = ("gateway_id", "sender", "recipient", "text", "keyword", "sent_at", "counter", "raw", "problem")


def read_again(message: InboundMessage) -> InboundMessage:
    """Read a message with a `problem` again, and store what can be read now. Returns the message.

    Its receivers are not called a second time. STOP, START and the counter are processed if they could not be read
    before. Raises `NotPossible` if it has no problem, if its body is not complete, or if a file that the body refers to
    cannot be opened.
    """
    if not message.problem:
        raise NotPossible(_("All of this message was read already."))
    message.refresh_from_db()
    if not message.content_digest:
        raise NotPossible(_("What this message said was erased; nothing is left to read."))
    if CUT in message.problem:
        raise NotPossible(_("Only a part of this message could be stored; nothing more can be read of it."))
    whole = whole_body(message)
    push = _decoded(message, whole)
    problems = [push.problem] if push.problem else []
    again, attached = store.unsaved(message.account, push, whole, [*problems, *store.notes(message.problem)])
    again.content_digest = store.content_digest(push, whole)
    again._state.adding = False
    fit_packet(again, attached)
    save_storable(lambda: _keep(message.pk, again, attached), again, attached)
    message.refresh_from_db()
    return message


def _decoded(message: InboundMessage, raw: bytes) -> InboundPush:
    if message.api == InboundMessage.Api.JSON:
        return decode_inbound_json(raw)
    short_code = get_settings().account(message.account).psk_short_code
    return decode_inbound_query(raw, short_code=short_code)


def whole_body(message: InboundMessage) -> bytes:
    """Return the body as it was received, with the contents of the files that were moved to storage."""
    stored = {file.sha256: file for file in MmsFile.objects.filter(message=message).exclude(file="")}

    def encoded(match: "re.Match[bytes]") -> bytes:
        file = stored.get(match[1].decode())
        data = _content(file) if file else None
        if data is None:
            raise NotPossible(_("The storage does not give a file of this message. Try again when it does."))
        literal = base64.b64encode(data)
        return literal.replace(b"/", b"\\/") if escaped else literal

    raw = bytes(message.raw)
    escaped = b"\\/" in raw
    return _REFERENCE.sub(encoded, raw)


def _content(file: MmsFile) -> bytes | None:
    """Return the bytes of a file as they were received, before any repair; None where they cannot be read."""
    try:
        with file.file.storage.open(str(file.file.name), "rb") as stream:
            data: bytes = stream.read()
    except Exception:  # storages have exceptions of their own
        return None
    if file.repaired:
        for _layer in range(2):
            data = data.decode("latin-1").encode("utf-8")
    return data


@nested_transaction
def _keep(pk: int, again: InboundMessage, attached: list[MmsFile]) -> None:
    row = InboundMessage.objects.select_for_update().get(pk=pk)
    counted = row.counter is not None
    for name in (*_FIELDS, "content_digest"):
        setattr(row, name, getattr(again, name))
    if row.announced and row.in_reply_to_id is None:
        row.in_reply_to_id = answered_by(row)
    known = {file.position: file for file in MmsFile.objects.filter(message=row)}
    for file in attached:
        file.pk = known[file.position].pk if file.position in known else None
        file.message_id = pk
        file.save()
    if MmsFile.objects.unstored().filter(message=row).exists():
        row.process_at = database_now()  # the worker tries to store them
    row.save(update_fields=[*_FIELDS, "content_digest", "in_reply_to", "process_at"])
    if row.announced:
        optouts.process_keywords([row])
        if not counted:
            counters.count([row], database_now())

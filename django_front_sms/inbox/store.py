"""Keeping what Front brings (§2.3, §2.5), in the request: nothing here may fail but the database.

A delivery is known by a digest of its own, made here and not by the database, whose collations see fewer differences.
"""

import hashlib
import logging
from typing import Any
from weakref import WeakKeyDictionary

from django.db import IntegrityError, InterfaceError, OperationalError, models

from django_front_sms import events
from django_front_sms.db.digest import digest
from django_front_sms.db.routing import connection, on_commit
from django_front_sms.db.transactions import nested_transaction
from django_front_sms.events import records
from django_front_sms.gateway.push import InboundPush, StatusPush
from django_front_sms.inbox.mms import files
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile

logger = logging.getLogger(__name__)

_TRIES = 5
LONGEST_PROBLEM = 1000
_LONGEST: dict[str, int] = {  # the types know fields in general alone, not that these have a limit
    name: InboundMessage._meta.get_field(name).max_length  # type: ignore[union-attr, misc]
    for name in ("sender", "recipient", "keyword")
}
_CAME_BEFORE = "this came before with other content, as #"
TWIN = "possibly the same as #"
# By the driver's connection; asked once for each.
_durable: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def store_status(account: str, push: StatusPush, raw: bytes) -> None:
    """Append a delivery status as it came; it is matched to its message later, by the worker.

    Raises what the database raises, and nothing else.
    """
    status = DeliveryStatus(
        account=account,
        gateway_id=push.gateway_id,
        status=push.status,
        raw=raw,
        problem=push.problem[:LONGEST_PROBLEM],
        process_at=None if push.gateway_id is None else records.due_at_once(),  # without an id it is nobody's
    )
    _insert(status, [])
    if push.problem:
        logger.warning("Delivery status #%d could not be read in full; its page in the admin says why.", status.pk)
    _hint()


def store_inbound(account: str, push: InboundPush, raw: bytes) -> bool:
    """Store an inbound message with its files, once; gives whether it is new.

    The same again, however concurrent, stores nothing. The same id with other content is a message of its own, with a
    `problem`. Raises what the database raises, and nothing else.
    """
    identity, content = _identity(account, push, raw), content_digest(push, raw)
    problems = [push.problem] if push.problem else []
    message: InboundMessage | None = None
    look_first = bool(push.files)  # what has files is not to be stored in vain; what has none is known by its refusal
    for _ in range(_TRIES):
        known = _known(identity) if look_first else None
        if known is not None and known.content_digest in (content, ""):  # empty: it came, and was erased since
            return False
        if known is not None:
            problems.append(f"{_CAME_BEFORE}{known.pk}")
            identity = digest("again", identity, content)
            message = None
            continue
        if message is None:
            message, attached = unsaved(account, push, raw, problems)
        message.identity, message.content_digest = identity, content
        try:
            _insert(message, attached)
        except IntegrityError:  # it is there already, or somebody was faster: look who
            message.pk, look_first = None, True
            continue
        if message.problem:
            logger.warning("Inbound message #%d could not be read in full; its page in the admin says why.", message.pk)
        _hint()
        return True
    raise IntegrityError("An inbound message could neither be found nor stored.")


def unsaved(account: str, push: InboundPush, raw: bytes, problems: list[str]) -> tuple[InboundMessage, list[MmsFile]]:
    """The rows of a message and its files; the files are in storage by then, as far as it takes them."""
    contents = [files.Content.of(part) for part in push.files]
    names = files.store(contents)
    texts = {"sender": push.sender, "recipient": push.recipient, "keyword": push.keyword}
    problems = [*problems, *files.problems(push.files)]
    for name, limit in _LONGEST.items():
        if len(texts[name]) > limit:
            texts[name] = texts[name][:limit]
            if name != "keyword":  # Front made it of the text, which is here as a whole
                problems.append(f"{name} was cut to {limit} characters")
    message = InboundMessage(
        account=account,
        api=push.api,
        gateway_id=push.id,
        text=push.text,
        sent_at=push.sent,
        counter=push.counter,
        raw=files.moved_out(raw, push.files, contents, names),
        problem="; ".join(problems)[:LONGEST_PROBLEM],
        process_at=records.due_at_once(),
        **texts,
    )
    return message, files.rows(push.files, contents, names)


def notes(problem: str) -> list[str]:
    """What of a message's problem was found by comparing it with others, and not by reading it."""
    return [part for part in problem.split("; ") if part.startswith((_CAME_BEFORE, TWIN))]


def _known(identity: str) -> InboundMessage | None:
    rows = InboundMessage.objects.filter(identity=identity).only("pk", "content_digest")
    try:
        return rows.first()
    except (OperationalError, InterfaceError):
        if not _may_go_on():
            raise
        return rows.first()


def _insert(row: models.Model, attached: list[MmsFile]) -> None:
    try:
        if attached or not _commits_alone():
            _insert_together(row, attached)
        else:
            row.save(force_insert=True)
    except (OperationalError, InterfaceError):
        if not _may_go_on():
            raise
        row.pk = None
        _insert_together(row, attached)


def _may_go_on() -> bool:
    """Whether what failed can be done once more: the database was busy, or is back and had closed the connection that
    this process kept. Other processes keep such connections, too, and Front tries only three times (§1.2)."""
    current = connection()
    if current.in_atomic_block:
        return False
    current.close_if_unusable_or_obsolete()
    return True


def _commits_alone() -> bool:
    """Whether one statement is a transaction of its own that is durable: four times as quick as one with a frame."""
    current = connection()
    if current.in_atomic_block or not current.get_autocommit():
        return False
    if current.vendor != "postgresql":
        return True
    current.ensure_connection()
    if current.connection not in _durable:
        with current.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            _durable[current.connection] = cursor.fetchone()[0] != "off"
    return _durable[current.connection]


@nested_transaction
def _insert_together(row: models.Model, attached: list[MmsFile]) -> None:
    row.save(force_insert=True)
    for file in attached:
        file.pk, file.message_id = None, row.pk
    MmsFile.objects.bulk_create(attached)


def _identity(account: str, push: InboundPush, raw: bytes) -> str:
    """Which delivery of Front's this is. GET brings no id (§2.5.2); what its fields do not tell apart, its bytes do."""
    if push.id is not None:
        return digest(push.api, account, push.id)
    if push.api == "get" and push.counter is not None and push.sent is not None:
        return digest("get", account, push.counter, int(push.sent.timestamp()), push.sender, push.recipient)
    return digest("raw", push.api, account, hashlib.sha256(raw).hexdigest())


def content_digest(push: InboundPush, raw: bytes) -> str:
    """What is said, however it is written down; where some of it could not be read, the bytes themselves."""
    if push.problem:
        return digest("raw", hashlib.sha256(raw).hexdigest())
    attached = [[part.id, part.content_type, part.name, part.digest] for part in push.files]
    sent = push.sent and push.sent.isoformat()
    return digest(push.recipient, push.sender, push.text, sent, push.counter, push.keyword, attached)


def _hint() -> None:
    on_commit(lambda: events.hint("deliver_events"))

"""Stores Front's pushes (§2.3, §2.5), in the request. It fails only if the database does.

A push is identified by a digest computed here: collations of databases treat some different texts as equal.
"""

import hashlib
import logging

from django.db import IntegrityError

from django_front_sms import events
from django_front_sms.db.digest import digest
from django_front_sms.db.routing import on_commit
from django_front_sms.events import records
from django_front_sms.gateway.push import InboundPush, StatusPush
from django_front_sms.inbox.insert import LONGEST_PROBLEM, find, insert
from django_front_sms.inbox.mms import files
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile

logger = logging.getLogger(__name__)

_TRIES = 5
_LONGEST: dict[str, int] = {  # the types do not know that these fields have a limit
    name: InboundMessage._meta.get_field(name).max_length  # type: ignore[union-attr, misc]
    for name in ("sender", "recipient", "keyword")
}
_CAME_BEFORE = "this came before with other content, as #"
TWIN = "possibly the same as #"


def store_status(account: str, push: StatusPush, raw: bytes) -> None:
    """Append a delivery status. The worker matches it to its message later.

    Raises database errors, except those caused by the content of the push.
    """
    status = DeliveryStatus(
        account=account,
        gateway_id=push.gateway_id,
        status=push.status,
        raw=raw,
        problem=push.problem[:LONGEST_PROBLEM],
        process_at=None if push.gateway_id is None else records.due_at_once(),  # without an id it matches nothing
    )
    insert(status)
    if push.problem:
        logger.warning("Delivery status #%d could not be read in full; its page in the admin says why.", status.pk)
    _wake_worker()


def store_inbound(account: str, push: InboundPush, raw: bytes) -> bool:
    """Store an inbound message with its files once; return whether it is new.

    A repeated push stores nothing, also if several arrive at once. The same id with other content becomes a separate
    message, with a `problem`. Raises database errors, except those caused by the content of the push.
    """
    identity, content = _identity(account, push, raw), content_digest(push, raw)
    problems = [push.problem] if push.problem else []
    # Files are stored before their row, so a message with files is looked up first. Others rely on the unique key.
    known = find(identity) if push.files else None
    for _ in range(_TRIES):
        if known is not None:
            if known.content_digest in (content, ""):  # empty: the message was received, and has been erased since
                return False
            problems.append(f"{_CAME_BEFORE}{known.pk}")
            identity = digest("again", identity, content)
            known = find(identity)
            continue
        message, attached = unsaved(account, push, raw, problems)
        message.identity, message.content_digest = identity, content
        try:
            insert(message, attached)
        except IntegrityError:  # stored before, or by a concurrent request
            known = find(identity)
            continue
        if message.problem:
            logger.warning("Inbound message #%d could not be read in full; its page in the admin says why.", message.pk)
        _wake_worker()
        return True
    raise IntegrityError("An inbound message could neither be found nor stored.")


def unsaved(account: str, push: InboundPush, raw: bytes, problems: list[str]) -> tuple[InboundMessage, list[MmsFile]]:
    """Return the unsaved rows of a message and its files, and store those files that the storage accepts.

    A derived keyword may be cut without a problem: nothing of the message is lost.
    """
    contents = [files.Content.of(part) for part in push.files]
    names = files.store(contents)
    texts = {"sender": push.sender, "recipient": push.recipient, "keyword": push.keyword}
    problems = [*problems, *files.problems(push.files)]
    for name, limit in _LONGEST.items():
        if len(texts[name]) > limit:
            texts[name] = texts[name][:limit]
            if name != "keyword" or not _is_first_word(push):
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
    """Return the parts of a problem that come from comparing the message with others."""
    return [part for part in problem.split("; ") if part.startswith((_CAME_BEFORE, TWIN))]


def _is_first_word(push: InboundPush) -> bool:
    """Whether the keyword only repeats the beginning of the text, in capitals (§2.5)."""
    return push.text.strip().upper().startswith(push.keyword.upper())


def _identity(account: str, push: InboundPush, raw: bytes) -> str:
    """Return the identity of a push: GET has no id (§2.5.2), so its other fields are used, or else its bytes."""
    if push.id is not None:
        return digest(push.api, account, push.id)
    if push.api == "get" and push.counter is not None and push.sent is not None:
        return digest("get", account, push.counter, int(push.sent.timestamp()), push.sender, push.recipient)
    return digest("raw", push.api, account, hashlib.sha256(raw).hexdigest())


def content_digest(push: InboundPush, raw: bytes) -> str:
    """Return a digest of the decoded content; of the bytes if some of it could not be read."""
    if push.problem:
        return digest("raw", hashlib.sha256(raw).hexdigest())
    attached = [[part.id, part.content_type, part.name, part.digest] for part in push.files]
    sent = push.sent and push.sent.isoformat()
    return digest(push.recipient, push.sender, push.text, sent, push.counter, push.keyword, attached)


def _wake_worker() -> None:
    on_commit(lambda: events.hint("deliver_events"))

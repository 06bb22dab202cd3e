"""The gateway's pushes to us: delivery status (§2.3), inbound JSON (§2.5.1) and inbound GET (§2.5.2).

The decoders are total: whatever the bytes are, they give an object. What cannot be read is None or empty and named in
``problem``, one plain line of at most 1000 characters that quotes nothing of the message. The encoders are their
reverse, for a pretend gateway; they leave ``problem`` out.

Both inbound APIs end in one form: phone numbers in E.164, PSK numbers with their short code, short codes and texts as
they are; times aware, in UTC. What no database stores, NUL and lone surrogates, becomes U+FFFD.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from django_front_sms.gateway.gsm import well_formed
from django_front_sms.gateway.lenient import Reading, join, json_object, parameters
from django_front_sms.gateway.mime import mime, multipart_fields, repair_double_utf8
from django_front_sms.gateway.mms_json import Cut, cut_files, follows, strict_base64
from django_front_sms.gateway.numbers import complete_psk, normalize, to_wire
from django_front_sms.gateway.query import LATIN_1, build, pairs

__all__ = [
    "FALSE",
    "TRUE",
    "FilePart",
    "InboundPush",
    "StatusPush",
    "decode_inbound_json",
    "decode_inbound_query",
    "decode_status",
    "encode_inbound_json",
    "encode_inbound_query",
    "encode_status",
    "mime",
    "repair_double_utf8",
]

TRUE = b"true"
"""The body that tells Front a push was taken (§1.2)."""

FALSE = b"false"
"""The body that tells Front a push by GET was not taken; it will come again."""

MAX_FILES = 100

_STATUS_FIELDS = frozenset({"status", "origid"})
_INBOUND_FIELDS = frozenset({"fromid", "phonenr", "txt", "time", "countnr", "code"})
_PSK_SHORT_CODE = "26114"  # §1.1
_PSK_SUB_DIGITS = 9


@dataclass(frozen=True, slots=True)
class StatusPush:
    """What became of a message (§2.3). ``status`` is whatever Front sent, known or not; ``gateway_id`` its id."""

    status: int | None
    gateway_id: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of an MMS. ``data`` is None where its Base64 could not be read.

    ``source`` is the Base64 as it stood, kept only where it does not follow from ``data``. ``place`` is where in the
    body that stood, None where it is not known.
    """

    id: int | None
    content_type: str
    name: str
    data: bytes | None = field(default=None, repr=False)
    source: str = field(default="", repr=False)
    problem: str = ""
    sha256: str = field(default="", repr=False, compare=False)
    place: tuple[int, int] | None = field(default=None, repr=False, compare=False)

    @property
    def encoded(self) -> str:
        """The Base64 as it stood."""
        return self.source or base64.b64encode(self.data or b"").decode("ascii")

    @property
    def digest(self) -> str:
        """The SHA-256, in hex, of its bytes; where they could not be read, of what stands for them."""
        return self.sha256 or hashlib.sha256(self.source.encode() if self.data is None else self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class InboundPush:
    """A message to us (§2.5). ``id`` is None in GET, which carries none; ``counter`` counts per customer.

    ``repr`` shows neither numbers nor text.
    """

    api: Literal["get", "json"]
    id: int | None = None
    recipient: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    sent: datetime | None = None
    counter: int | None = None
    keyword: str = field(default="", repr=False)
    files: tuple[FilePart, ...] = ()
    problem: str = ""


def decode_status(query: str | bytes, content_type: str = "", body: bytes = b"") -> StatusPush:
    """Read a delivery status from the query, and what is missing there from an urlencoded, multipart or JSON body."""
    problems: list[str] = []
    values: dict[str, object] = {**parameters(pairs(query), _STATUS_FIELDS, problems)}
    if body and values.keys() < _STATUS_FIELDS:
        values = {**_status_body(content_type, body, problems), **values}
    reading = Reading(values, problems)
    return StatusPush(reading.integer("status"), reading.integer("origid"), join(problems))


def _status_body(content_type: str, body: bytes, problems: list[str]) -> Mapping[str, object]:
    kind, _ = mime(content_type)
    if kind.startswith("multipart/"):
        return parameters(multipart_fields(content_type, body), _STATUS_FIELDS, problems)
    if "json" in kind or body.lstrip().startswith(b"{"):
        return json_object(body, problems) or {}
    return parameters(pairs(body.strip()), _STATUS_FIELDS, problems)


def encode_status(push: StatusPush) -> str:
    """The query of a delivery status, ``status=4&origid=145099``; what is None is left out."""
    values = {"status": push.status, "origid": push.gateway_id}
    return build([(name, str(value)) for name, value in values.items() if value is not None], LATIN_1)


def decode_inbound_json(body: bytes) -> InboundPush:
    """Read an inbound SMS or MMS of the JSON API (§2.5.1).

    A text may be missing where there are files, and the keyword always may. Numbers written as digits in a text are
    numbers too. No more than 100 files are read.
    """
    problems: list[str] = []
    small, cuts = cut_files(body)
    document = json_object(small, problems)
    if document is None:
        return InboundPush("json", problem=join(problems))
    reading = Reading(document, problems)
    push_id = reading.integer("id")
    recipient = normalize(reading.text("to"), _PSK_SHORT_CODE)
    sender = normalize(reading.text("from"))
    text = reading.text("text", needed=not document.get("files"))
    sent = reading.iso_time("sent")
    counter = reading.integer("counter")
    keyword = reading.text("keyword", needed=False)
    files = _files(document.get("files"), cuts, problems)
    return InboundPush("json", push_id, recipient, sender, text, sent, counter, keyword, files, join(problems))


def _files(value: object, cuts: Mapping[str, Cut], problems: list[str]) -> tuple[FilePart, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append("files is not a list")
        return ()
    if len(value) > MAX_FILES:
        problems.append(f"there are more than {MAX_FILES} files, the others were not read")
    files = tuple(_file(item, cuts) for item in value[:MAX_FILES])
    problems += [f"file {number}: {file.problem}" for number, file in enumerate(files, 1) if file.problem]
    return files


def _file(item: object, cuts: Mapping[str, Cut]) -> FilePart:
    if not isinstance(item, dict):
        return FilePart(None, "", "", problem="is not an object")
    problems: list[str] = []
    reading = Reading(item, problems)
    file_id = reading.integer("id")
    content_type = reading.text("contentType")
    name = reading.text("fileName", needed=False)
    text = reading.text("fileData")
    cut = cuts.get(text)
    if cut is not None:
        described = ", ".join(problems)
        return FilePart(file_id, content_type, name, cut.data, cut.source, described, cut.sha256, cut.place)
    data = strict_base64(text) if isinstance(item.get("fileData"), str) and text.isascii() else None
    if data is None and isinstance(item.get("fileData"), str):
        problems.append("fileData is not Base64")
    source = "" if data is not None and follows(text, data) else text
    return FilePart(file_id, content_type, name, data, source, ", ".join(problems))


def encode_inbound_json(push: InboundPush) -> bytes:
    """The body of an inbound push of the JSON API (§2.5.1)."""
    document = {
        "id": push.id,
        "to": push.recipient,
        "from": push.sender,
        "text": push.text,
        "sent": push.sent and push.sent.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "counter": push.counter,
        "keyword": push.keyword,
        "files": [
            {"id": file.id, "contentType": file.content_type, "fileName": file.name, "fileData": file.encoded}
            for file in push.files
        ],
    }
    return well_formed(json.dumps(document, ensure_ascii=False)).encode("utf-8")


def decode_inbound_query(query: str | bytes, *, short_code: str = "26114") -> InboundPush:
    """Read an inbound SMS of the GET API (§2.5.2): Latin-1, no id, no files; ``code`` may be missing.

    ``fromid`` is whom it was sent to, of a PSK number only what follows ``short_code``.
    """
    problems: list[str] = []
    reading = Reading(parameters(pairs(query), _INBOUND_FIELDS, problems), problems)
    return InboundPush(
        "get",
        recipient=normalize(complete_psk(reading.text("fromid"), short_code), short_code),  # it may begin with 00
        sender=normalize(reading.text("phonenr")),
        text=reading.text("txt"),
        sent=reading.unix_time("time"),
        counter=reading.integer("countnr"),
        keyword=reading.text("code", needed=False),
        problem=join(problems),
    )


def encode_inbound_query(push: InboundPush, *, short_code: str = "26114") -> str:
    """The query of an inbound push of the GET API (§2.5.2): what Latin-1 lacks becomes ``?``; None is left out."""
    sub_number = push.recipient.removeprefix(short_code)
    is_psk = push.recipient.startswith(short_code) and len(sub_number) == _PSK_SUB_DIGITS and sub_number.isdigit()
    values = {
        "fromid": sub_number if is_psk else push.recipient,
        "phonenr": to_wire(push.sender),
        "txt": push.text,
        "time": None if push.sent is None else str(int(push.sent.timestamp())),
        "countnr": None if push.counter is None else str(push.counter),
        "code": push.keyword or None,
    }
    given = [(name, value) for name, value in values.items() if value is not None]
    return build(given, LATIN_1, errors="replace")

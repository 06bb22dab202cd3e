"""The gateway's pushes: delivery status (§2.3), inbound JSON (§2.5.1) and inbound GET (§2.5.2).

The decoders return an object for any bytes and never raise. Fields that cannot be read are None or empty, and are
named in ``problem``, one line of at most 1000 characters that quotes nothing of the message. The encoders do the
reverse, for the simulator; they ignore ``problem``.

Both inbound APIs are decoded to one form: phone numbers in E.164, PSK numbers with their short code, short codes and
texts unchanged, times aware and in UTC. NUL and lone surrogates, which no database stores, become U+FFFD."""

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
from django_front_sms.gateway.mms_json import Cut, cut_files, follows, repaired_base64, strict_base64
from django_front_sms.gateway.numbers import PSK_SHORT_CODE, complete_psk, normalize, to_wire
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
"""The body that tells Front that a push was accepted (§1.2)."""

FALSE = b"false"
"""The body that tells Front that a push by GET was not accepted. Front sends it again."""

MAX_FILES = 100
_REPAIRED = "the Base64 of fileData was repaired"
_NOT_BASE64 = "fileData is not Base64"

_STATUS_FIELDS = frozenset({"status", "origid"})
_INBOUND_FIELDS = frozenset({"fromid", "phonenr", "txt", "time", "countnr", "code"})
_PSK_SUB_DIGITS = 9


@dataclass(frozen=True, slots=True)
class StatusPush:
    """A delivery status of a message (§2.3). ``status`` is the number that Front sent, whether it is known or not."""

    status: int | None
    gateway_id: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of an MMS. ``data`` is None where its Base64 could not be decoded.

    ``source`` is the Base64 as it was received, kept only where encoding ``data`` does not give it again. ``place`` is
    the position of the Base64 in the body; None where it is unknown, or where the body must keep it.
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
        """The Base64 as it was received; empty where it was too large to keep and cannot be decoded."""
        return self.source or base64.b64encode(self.data or b"").decode("ascii")

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes in hex; of the Base64 where that could not be decoded."""
        return self.sha256 or hashlib.sha256(self.source.encode() if self.data is None else self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class InboundPush:
    """An inbound message (§2.5). ``id`` is None for GET, which has none. ``counter`` counts per customer.

    ``repr`` shows neither numbers nor texts.
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
    """Read a delivery status from the query, and missing fields from an urlencoded, multipart or JSON body."""
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
    """Return the query of a delivery status, ``status=4&origid=145099``. None is left out."""
    values = {"status": push.status, "origid": push.gateway_id}
    return build([(name, str(value)) for name, value in values.items() if value is not None], LATIN_1)


def decode_inbound_json(body: bytes) -> InboundPush:
    """Read an inbound SMS or MMS of the JSON API (§2.5.1).

    The text may be missing where there are files; the keyword may always be missing. Strings of digits count as
    numbers. At most 100 files are read.
    """
    problems: list[str] = []
    small, cuts = cut_files(body, MAX_FILES)
    document = json_object(small, problems)
    if document is None:
        return InboundPush("json", problem=join(problems))
    reading = Reading(document, problems)
    push_id = reading.integer("id")
    recipient = normalize(reading.text("to"), PSK_SHORT_CODE)
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
        return _cut_file(file_id, content_type, name, cut, problems)
    data, source = None, text
    if isinstance(item.get("fileData"), str):
        data, source = _decoded(text, problems)
    return FilePart(file_id, content_type, name, data, source, ", ".join(problems))


def _cut_file(file_id: int | None, content_type: str, name: str, cut: Cut, problems: list[str]) -> FilePart:
    if cut.data is None or cut.repaired:
        problems.append(_NOT_BASE64 if cut.data is None else _REPAIRED)
        # Base64 that had to be repaired stays in the body: encoding the decoded bytes would not restore it.
        place = None
    else:
        place = cut.place
    return FilePart(file_id, content_type, name, cut.data, cut.source, ", ".join(problems), cut.sha256, place)


def _decoded(text: str, problems: list[str]) -> tuple[bytes | None, str]:
    """Return the bytes of a file, and its Base64 where encoding the bytes does not give it again."""
    encoded = text.encode()
    data = strict_base64(encoded)
    if data is not None:
        return data, "" if follows(encoded, data) else text
    data = repaired_base64(encoded)
    problems.append(_NOT_BASE64 if data is None else _REPAIRED)
    return data, text


def encode_inbound_json(push: InboundPush) -> bytes:
    """Return the body of an inbound push of the JSON API (§2.5.1)."""
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


def decode_inbound_query(query: str | bytes, *, short_code: str = PSK_SHORT_CODE) -> InboundPush:
    """Read an inbound SMS of the GET API (§2.5.2): Latin-1, no id, no files; ``code`` may be missing.

    ``fromid`` is the recipient. Of a PSK number it holds only the digits after ``short_code``.
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


def encode_inbound_query(push: InboundPush, *, short_code: str = PSK_SHORT_CODE) -> str:
    """Return the query of an inbound push of the GET API (§2.5.2). Characters outside Latin-1 become ``?``."""
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

"""Encodes requests, and decodes the gateway's answers: single as JSON or GET (§2.1), bulk as JSON (§2.4).

Numbers are in E.164 here, and are sent in the gateway's `00` form. The simulator has a separate implementation
(`simulator.wire`), so that it does not share errors of this one.
"""

import json
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from django_front_sms.gateway.gsm import well_formed
from django_front_sms.gateway.lenient import storable, whole_number
from django_front_sms.gateway.numbers import from_wire, to_wire, written_forms
from django_front_sms.gateway.query import LATIN_1, UTF_8, build

_ANSWER_TEXT = re.compile(r"\s*ErrorCode\s*=\s*([0-9]{1,10})(?![0-9.])(.*)", re.IGNORECASE | re.DOTALL)
_ANSWER_TEXT_ID = re.compile(r"(?<![^\s,;&])ID\s*=[ \t]*([^\s,;&]*)", re.IGNORECASE)
_SHORT_INTEGER = re.compile(r"-?[0-9]{1,20}")
_MAX_CODE = 2**31 - 1


class Malformed(ValueError):
    """Bytes that are not an answer in the documented format. The message quotes nothing of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One message (§2.1). `sender` is `fromid` exactly as written; `recipient` is E.164; `price` is in øre.

    None leaves a parameter out. `repr` shows neither recipient, text nor password.
    """

    service_id: int
    sender: str
    recipient: str = field(repr=False)
    text: str = field(repr=False)
    unicode: bool | None = None
    price: int | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSms:
    """One text for many recipients (§2.4), E.164 each. `repr` shows neither recipients, text nor password."""

    service_id: int
    sender: str
    recipients: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    unicode: bool | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The gateway's answer to one message. `id` is its reference, 0 or None where it refused."""

    id: int | None
    errorcode: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """The gateway's answer to a bulk message: no ids, but the numbers that were left out. Their format is not
    documented: E.164 after :func:`match_recipients`.
    """

    errorcode: int
    description: str
    invalid: tuple[str, ...] = field(default=(), repr=False)
    duplicates: tuple[str, ...] = field(default=(), repr=False)


def encode_json(sms: Sms) -> bytes:
    """The body of a JSON POST to `push.php` (§2.1.1)."""
    return _dump(
        {
            "serviceid": sms.service_id,
            "fromid": sms.sender,
            "phoneno": to_wire(sms.recipient),
            "txt": sms.text,
            "unicode": sms.unicode,
            "price": sms.price,
            "password": sms.password,
        }
    )


def encode_query(sms: Sms) -> str:
    """The query of a GET to `push.php` (§2.1.2).

    It is in Latin-1, the gateway's default; a message that Latin-1 cannot encode is sent as UTF-8, with a parameter
    that names the encoding.
    """
    parameters = [
        ("serviceid", str(sms.service_id)),
        ("unicode", None if sms.unicode is None else str(sms.unicode).lower()),
        ("phoneno", to_wire(sms.recipient)),
        ("fromid", sms.sender),
        ("txt", sms.text),
        ("price", None if sms.price is None else str(sms.price)),
        ("password", sms.password),
    ]
    given = [(name, well_formed(value)) for name, value in parameters if value is not None]
    try:
        return build(given, LATIN_1)
    except UnicodeEncodeError:
        return build([("encoding", "utf8"), *given], UTF_8)


def encode_bulk(bulk: BulkSms) -> bytes:
    """The body of a POST to `push_bulk.php` (§2.4)."""
    return _dump(
        {
            "serviceid": bulk.service_id,
            "phoneno": [to_wire(recipient) for recipient in bulk.recipients],
            "txt": bulk.text,
            "unicode": bulk.unicode,
            "fromid": bulk.sender,
            "password": bulk.password,
        }
    )


def decode_answer_json(body: bytes) -> Answer:
    """The answer to a JSON POST (§2.1.1); raises Malformed.

    `errorcode` is required; `id` is optional. Both must be whole numbers, as numbers or as strings of digits. The
    description is for people: it is dropped if it is not a string, and bytes in it that are not UTF-8 are replaced.
    """
    fields = _parse_json(body)
    return Answer(
        id=None if fields.get("id") is None else _whole_number(fields, "id"),
        errorcode=_code(fields),
        description=_description(fields),
    )


def decode_answer_text(body: bytes) -> Answer:
    """The answer to a GET, such as `ErrorCode=0, ID=145099` (§2.1.2); raises Malformed. Its description is empty.

    The format of a refusal is not documented: the body must begin with the code, in upper or lower case, and an ID and
    words may follow. A body with a second code is malformed.
    """
    text = body.decode(LATIN_1).removeprefix("\xef\xbb\xbf")  # a byte order mark
    match = _ANSWER_TEXT.fullmatch(text)
    if not match or "errorcode" in match[2].lower():
        raise Malformed("The answer is not of the form ErrorCode=0, ID=145099.")
    ids = [value for value in _ANSWER_TEXT_ID.findall(match[2]) if value]
    if len(ids) > 1 or not all(_SHORT_INTEGER.fullmatch(value) for value in ids):
        raise Malformed("The answer has no readable ID.")
    code = int(match[1])
    if code > _MAX_CODE:
        raise Malformed("ErrorCode is out of range.")
    return Answer(id=int(ids[0]) if ids else None, errorcode=code, description="")


def decode_bulk_answer(body: bytes) -> BulkAnswer:
    """The answer to a bulk message (§2.4); raises Malformed.

    A refusal may leave the lists out, and their entries may be numbers instead of texts.
    """
    fields = _parse_json(body)
    return BulkAnswer(
        errorcode=_code(fields),
        description=_description(fields),
        invalid=_numbers(fields, "invalidPhoneno"),
        duplicates=_numbers(fields, "duplicatePhoneno"),
    )


def match_recipients(answer: BulkAnswer, recipients: Iterable[str]) -> BulkAnswer:
    """`answer` with the recipients of its request (E.164) in place of its entries, which may be written in any form:
    they are compared by their digits, with or without country code.

    Raises Malformed for an entry that could be none of the recipients, or more than one.
    """
    by_form: dict[str, set[str]] = defaultdict(set)
    if answer.invalid or answer.duplicates:
        for recipient in recipients:
            for form in written_forms(recipient):
                by_form[form].add(recipient)
    return replace(
        answer,
        invalid=tuple(_match(entry, by_form) for entry in answer.invalid),
        duplicates=tuple(_match(entry, by_form) for entry in answer.duplicates),
    )


def _match(entry: str, by_form: Mapping[str, set[str]]) -> str:
    found = by_form.get("".join(filter(str.isdecimal, entry)).lstrip("0"), set())
    if len(found) != 1:
        raise Malformed("The answer names a number that is none of the recipients, or could be several of them.")
    (recipient,) = found
    return recipient


def _parse_json(body: bytes) -> dict[str, object]:
    """A JSON object without repeated names; its values are not checked. Raises Malformed for everything else.

    Bytes that are not UTF-8 are replaced.
    """
    try:
        # Not "utf-8-sig": Python opens the file of that codec at its first use, when no file descriptor may be left.
        text = body.removeprefix(BOM_UTF8).decode("utf-8", "replace")
        fields = json.loads(text, parse_constant=_not_json, object_pairs_hook=_unique)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise Malformed("The body is not a JSON object.")
    return fields


def _dump(fields: Mapping[str, object]) -> bytes:
    given = {name: value for name, value in fields.items() if value is not None}
    return well_formed(json.dumps(given, ensure_ascii=False)).encode("utf-8")


def _not_json(_: str) -> NoReturn:
    raise Malformed("The body is not JSON.")


def _unique(items: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(items)
    if len(fields) != len(items):
        raise Malformed("The body names a field twice.")
    return fields


def _whole_number(fields: Mapping[str, object], name: str) -> int:
    number = whole_number(fields.get(name))
    if number is None:
        raise Malformed(f"{name} is not a whole number.")
    return number


def _code(fields: Mapping[str, object]) -> int:
    code = _whole_number(fields, "errorcode")
    if not 0 <= code <= _MAX_CODE:
        raise Malformed("errorcode is out of range.")
    return code


def _description(fields: Mapping[str, object]) -> str:
    value = fields.get("description")
    return storable(value) if isinstance(value, str) else ""


def _numbers(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    """A list of numbers, as texts or whole numbers; empty where it is missing."""
    values = fields.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(v, str | int) and not isinstance(v, bool) for v in values):
        raise Malformed(f"{name} is not a list of numbers.")
    return tuple(from_wire(storable(str(value))) for value in values)

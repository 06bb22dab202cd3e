"""Requests and the gateway's answers: single as JSON or GET (§2.1), bulk as JSON (§2.4).

Each has an encoder and a decoder: the client uses one, the simulator the other. Numbers are E.164 here and have the
gateway's `00` form on the wire.
"""

import json
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Literal, NoReturn

from django_front_sms.gateway.gsm import well_formed
from django_front_sms.gateway.lenient import storable, whole_number
from django_front_sms.gateway.numbers import from_wire, to_wire, written_forms
from django_front_sms.gateway.query import LATIN_1, UTF_8, build, pairs

UrlEncoding = Literal["iso-8859-1", "utf8", "utf-8"]
_CHARSETS: dict[str, str] = {"iso-8859-1": LATIN_1, "utf8": UTF_8, "utf-8": UTF_8}  # §2.1

_ANSWER_TEXT = re.compile(r"\s*ErrorCode\s*=\s*([0-9]{1,10})(?![0-9.])(.*)", re.IGNORECASE | re.DOTALL)
_ANSWER_TEXT_ID = re.compile(r"(?<![^\s,;&])ID\s*=[ \t]*([^\s,;&]*)", re.IGNORECASE)
_SHORT_INTEGER = re.compile(r"-?[0-9]{1,20}")
_MAX_CODE = 2**31 - 1


class Malformed(ValueError):
    """Bytes that are not a request or answer of the documented shape. The message quotes nothing of them."""


class UnknownEncoding(Malformed):
    """A GET request whose `encoding` the gateway doesn't know (code 19).

    `value` is what it says, `parameters` are the others, read as Latin-1.
    """

    def __init__(self, value: str = "", parameters: Mapping[str, str] | None = None) -> None:
        super().__init__("The encoding is not one of iso-8859-1, utf8 and utf-8.")
        self.value = value
        self.parameters = dict(parameters or {})


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
    """What the gateway says to one message. `id` is its reference, 0 or None where it refused."""

    id: int | None
    errorcode: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """What the gateway says to a bulk message: no ids, but the numbers it left out. Their form is not documented: E.164
    after :func:`match_recipients`.
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


def decode_json(body: bytes) -> Sms:
    """The reverse of :func:`encode_json`; raises Malformed."""
    fields = parse_json(body)
    return Sms(
        service_id=_integer(fields, "serviceid"),
        sender=_text(fields, "fromid"),
        recipient=from_wire(_text(fields, "phoneno")),
        text=_text(fields, "txt"),
        unicode=_flag(fields),
        price=None if fields.get("price") is None else _integer(fields, "price"),
        password=None if fields.get("password") is None else _text(fields, "password"),
    )


def encode_query(sms: Sms, encoding: UrlEncoding | None = None) -> str:
    """The query of a GET to `push.php` (§2.1.2).

    Latin-1, the gateway's default; a message that Latin-1 cannot hold goes as UTF-8, and says so. `encoding` decides
    otherwise and is then always said; ValueError where it cannot hold the message.
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
        if encoding is None:
            return build(given, LATIN_1)
        return build([("encoding", encoding), *given], _CHARSETS[encoding])
    except UnicodeEncodeError:
        if encoding is None:
            return build([("encoding", "utf8"), *given], UTF_8)
    raise ValueError("The message has characters outside iso-8859-1: leave encoding out, or give utf8.")


def decode_query(query: str | bytes) -> Sms:
    """The reverse of :func:`encode_query`; raises Malformed."""
    fields = parse_query(query)
    return Sms(
        service_id=_digits(fields, "serviceid"),
        sender=_text(fields, "fromid"),
        recipient=from_wire(_text(fields, "phoneno")),
        text=_text(fields, "txt"),
        unicode=_query_flag(fields),
        price=_digits(fields, "price") if "price" in fields else None,
        password=fields.get("password"),
    )


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


def decode_bulk(body: bytes) -> BulkSms:
    """The reverse of :func:`encode_bulk`; raises Malformed."""
    fields = parse_json(body)
    if "phoneno" not in fields:
        raise Malformed("phoneno is missing.")
    return BulkSms(
        service_id=_integer(fields, "serviceid"),
        sender=_text(fields, "fromid"),
        recipients=_numbers(fields, "phoneno"),
        text=_text(fields, "txt"),
        unicode=_flag(fields),
        password=None if fields.get("password") is None else _text(fields, "password"),
    )


def encode_answer_json(answer: Answer) -> bytes:
    """The answer to a JSON POST (§2.1.1)."""
    return _dump({"id": answer.id, "errorcode": answer.errorcode, "description": answer.description})


def decode_answer_json(body: bytes) -> Answer:
    """The reverse of :func:`encode_answer_json`; raises Malformed.

    `errorcode` must be there; an `id` may be missing, but what is there must be a whole number, as a number or as
    digits in quotes. The description is for people: one that is no text is dropped, and bytes in it that are not UTF-8
    spoil nothing else.
    """
    fields = parse_json(body, errors="replace")
    return Answer(
        id=None if fields.get("id") is None else _whole_number(fields, "id"),
        errorcode=_code(fields),
        description=_description(fields),
    )


def encode_answer_text(answer: Answer) -> bytes:
    """The answer to a GET, exactly `ErrorCode=0, ID=145099` (§2.1.2). It has no place for the description."""
    text = f"ErrorCode={answer.errorcode}"
    return (text if answer.id is None else f"{text}, ID={answer.id}").encode("ascii")


def decode_answer_text(body: bytes) -> Answer:
    """The reverse of :func:`encode_answer_text`, the description empty; raises Malformed.

    How a refusal looks is not documented: the body must begin with the code, in any case, and may go on with an ID
    and with words. A second code makes it unreadable.
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


def encode_bulk_answer(answer: BulkAnswer) -> bytes:
    """The answer to a bulk message (§2.4)."""
    return _dump(
        {
            "errorcode": answer.errorcode,
            "description": answer.description,
            "invalidPhoneno": [to_wire(number) for number in answer.invalid],
            "duplicatePhoneno": [to_wire(number) for number in answer.duplicates],
        }
    )


def decode_bulk_answer(body: bytes) -> BulkAnswer:
    """The reverse of :func:`encode_bulk_answer`; raises Malformed. A refusal may leave the lists out, and their entries
    may be numbers instead of texts.
    """
    fields = parse_json(body, errors="replace")
    return BulkAnswer(
        errorcode=_code(fields),
        description=_description(fields),
        invalid=_numbers(fields, "invalidPhoneno", str | int),
        duplicates=_numbers(fields, "duplicatePhoneno", str | int),
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


def parse_json(body: bytes, *, errors: Literal["strict", "replace"] = "strict") -> dict[str, object]:
    """A JSON object of UTF-8, each name once, values unjudged; raises Malformed for everything else.

    `errors="replace"` forgives bytes that are not UTF-8.
    """
    try:
        # Not "utf-8-sig": Python opens the file of that codec when it is first used, and a descriptor may be lacking.
        fields = json.loads(
            body.removeprefix(BOM_UTF8).decode("utf-8", errors), parse_constant=_not_json, object_pairs_hook=_unique
        )
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise Malformed("The body is not a JSON object.")
    return fields


def parse_query(query: str | bytes) -> dict[str, str]:
    """The parameters of a GET to `push.php`, decoded as their `encoding` says; of a repeated name the last.

    Raises UnknownEncoding. Bytes that are not of that encoding become U+FFFD.
    """
    raw = dict(pairs(query))
    encoding = raw.get("encoding", b"iso-8859-1").decode(LATIN_1)
    charset = _CHARSETS.get(encoding.lower())
    parameters = {name: value.decode(charset or LATIN_1, "replace") for name, value in raw.items()}
    if charset is None:
        raise UnknownEncoding(encoding, parameters)
    return parameters


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


def _integer(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{name} is not a whole number.")
    return value


def _digits(fields: Mapping[str, str], name: str) -> int:
    value = fields.get(name, "")
    if not _SHORT_INTEGER.fullmatch(value):
        raise Malformed(f"{name} is not a whole number.")
    return int(value)


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


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text.")
    return well_formed(value)


def _flag(fields: Mapping[str, object]) -> bool | None:
    value = fields.get("unicode")
    if value is not None and not isinstance(value, bool):
        raise Malformed("unicode is neither true nor false.")
    return value


def _query_flag(fields: Mapping[str, str]) -> bool | None:
    value = fields.get("unicode")
    if value not in (None, "true", "false"):
        raise Malformed("unicode is neither true nor false.")
    return None if value is None else value == "true"


def _description(fields: Mapping[str, object]) -> str:
    value = fields.get("description")
    return storable(value) if isinstance(value, str) else ""


def _numbers(fields: Mapping[str, object], name: str, kind: type | UnionType = str) -> tuple[str, ...]:
    """A list of numbers whose entries are of `kind`; empty where it is missing."""
    values = fields.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(v, kind) and not isinstance(v, bool) for v in values):
        raise Malformed(f"{name} is not a list of numbers.")
    return tuple(from_wire(storable(str(value))) for value in values)

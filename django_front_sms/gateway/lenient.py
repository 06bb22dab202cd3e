"""Tolerant parsing of untrusted values: each value that cannot be parsed is named in a list of problems.

A problem is a phrase about a field. It never quotes the value: values are texts and phone numbers of people.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from django_front_sms.gateway.gsm import well_formed
from django_front_sms.gateway.query import LATIN_1

MAX_PROBLEM = 1000
MAX_DOCUMENT = 2_000_000
"""JSON that is longer is not parsed, in bytes; the files of an MMS are cut out before."""

MAX_VALUES = 50_000
"""JSON with about this many values is not parsed: each costs up to 300 bytes and some microseconds."""

_MAX_PARAMETERS = 10_000
MAX_INT64 = 2**63 - 1  # the largest value of a big integer column
MIN_INT64 = -(2**63)
_TOO_BIG = 2**64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 3000)
_SECONDS = range(int((datetime(_YEARS.stop, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()))


class Reading:
    """Reads typed values from `values`, and adds those that cannot be read to `problems`."""

    def __init__(self, values: Mapping[str, object], problems: list[str]) -> None:
        self.values = values
        self.problems = problems

    def note(self, name: str, what: str) -> None:
        """Add "`name` `what`" to the problems."""
        self.problems.append(f"{name} {what}")

    def integer(self, name: str) -> int | None:
        """Return a 64-bit integer, given as a number or a string of digits; None for others, booleans too."""
        value = self.values.get(name)
        if value is None:
            self.note(name, "is missing")
            return None
        number = whole_number(value)
        if number is None:
            self.note(name, "is not a whole number")
        elif not MIN_INT64 <= number <= MAX_INT64:
            self.note(name, "is beyond 64 bits")
            return None
        return number

    def text(self, name: str, *, needed: bool = True) -> str:
        """Return a text that every database can store. A number is read as its digits, and noted."""
        value = self.values.get(name)
        if value is None:
            if needed:
                self.note(name, "is missing")
            return ""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT64:
            self.note(name, "is a number instead of a text")
            return str(value)
        if not isinstance(value, str):
            self.note(name, "is not a text")
            return ""
        text = storable(value)
        if text != value:
            self.note(name, "has characters that cannot be stored")
        return text

    def iso_time(self, name: str) -> datetime | None:
        """Return an ISO 8601 time in UTC. A time without a zone is read as UTC, as in the manual, and noted."""
        value = self.values.get(name)
        if value is None:
            self.note(name, "is missing")
            return None
        try:
            moment = datetime.fromisoformat(value if isinstance(value, str) else "")
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
                self.note(name, "has no time zone, it was taken as UTC")
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.note(name, "is not a time")
            return None
        if moment.year not in _YEARS:
            self.note(name, "is not a plausible time")
            return None
        return moment

    def unix_time(self, name: str) -> datetime | None:
        """Return seconds since 1970 as a time in UTC."""
        seconds = self.integer(name)
        if seconds is None:
            return None
        if seconds not in _SECONDS:
            self.note(name, "is not a plausible time")
            return None
        return _EPOCH + timedelta(seconds=seconds)


def storable(text: str) -> str:
    """Return `text` with U+FFFD for lone surrogates, which no database stores, and NUL, which PostgreSQL refuses."""
    return well_formed(text).replace("\0", "\ufffd")


def join(problems: Iterable[str]) -> str:
    """Return the problems as one line of at most 1000 characters, each once."""
    line = "; ".join(dict.fromkeys(problems))
    return line if len(line) <= MAX_PROBLEM else line[: MAX_PROBLEM - 1] + "…"


def parameters(pairs: Iterable[tuple[str, bytes]], names: frozenset[str], problems: list[str]) -> dict[str, str]:
    """Return the named `pairs`, read as Latin-1. The last of a repeated name counts; a difference is noted."""
    found: dict[str, str] = {}
    pairs = iter(pairs)
    for name, value in islice(pairs, _MAX_PARAMETERS):
        if name in names:
            text = value.decode(LATIN_1)
            if found.get(name, text) != text:
                problems.append(f"{name} is given more than once, the last was taken")
            found[name] = text
    if next(pairs, None) is not None:
        problems.append(f"there are more than {_MAX_PARAMETERS} parameters, the others were not read")
    return found


def json_object(body: bytes, problems: list[str]) -> dict[str, object] | None:
    """Parse a JSON object tolerantly; return None and note a problem where that is impossible."""
    if len(body) > MAX_DOCUMENT or body.count(b",") + body.count(b"[") > MAX_VALUES:
        problems.append("the JSON is too large, it was not read")
        return None

    def once(items: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(items)
        if len(found) != len(items):
            problems.append("a field is given more than once, the last was taken")
        return found

    try:
        document = json.loads(_decoded(body, problems), strict=False, parse_int=_parse_int, object_pairs_hook=once)
    except (ValueError, RecursionError):
        problems.append("the JSON cannot be read")
        return None
    if not isinstance(document, dict):
        problems.append("the JSON is not an object")
        return None
    return document


def _decoded(body: bytes, problems: list[str]) -> str:
    """Decode UTF-8 (§2.1). A body without any letter in UTF-8 is read as Latin-1; else bad bytes become U+FFFD."""
    try:
        return body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        text = body.removeprefix(BOM_UTF8).decode("utf-8", "replace")
    if text.replace("\ufffd", "").isascii():
        problems.append("the JSON is not UTF-8, it was read as Latin-1")
        return body.decode(LATIN_1)
    problems.append("the JSON is not wholly UTF-8")
    return text


def _parse_int(digits: str) -> int:
    # Python refuses to convert thousands of digits, and the whole document would be lost.
    return int(digits) if len(digits) <= 20 else _TOO_BIG


def whole_number(value: object) -> int | None:
    """A whole number, written as a number or as digits; None for everything else. A boolean is none."""
    if isinstance(value, str):
        digits = value.strip()
        sign = -1 if digits.startswith("-") else 1
        digits = digits[1:] if digits[:1] in ("+", "-") else digits
        if not (digits.isascii() and digits.isdigit()):
            return None
        return sign * _parse_int(digits.lstrip("0") or "0")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None

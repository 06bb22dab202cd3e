"""Reading values that nobody vouches for: each is either read, or named among the problems.

A problem is a few plain words about a field. It never quotes the value: values are texts and numbers of people.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from django_front_sms.gateway.gsm import well_formed
from django_front_sms.gateway.query import LATIN_1

MAX_PROBLEM = 1000
_MAX_PARAMETERS = 10_000
_MAX_64 = 2**63 - 1
_MIN_64 = -(2**63)
_TOO_BIG = 2**64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 3000)
_SECONDS = range(int((datetime(_YEARS.stop, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()))


class Reading:
    """Typed values out of ``values``; what could not be read is in ``problems``."""

    def __init__(self, values: Mapping[str, object], problems: list[str]) -> None:
        self.values = values
        self.problems = problems

    def note(self, name: str, what: str) -> None:
        """Add "`name` `what`" to the problems."""
        self.problems.append(f"{name} {what}")

    def integer(self, name: str) -> int | None:
        """A whole number of 64 bits, written as a number or as digits; a boolean is none."""
        value = self.values.get(name)
        if value is None:
            self.note(name, "is missing")
            return None
        number = whole_number(value)
        if number is None:
            self.note(name, "is not a whole number")
        elif not _MIN_64 <= number <= _MAX_64:
            self.note(name, "is beyond 64 bits")
            return None
        return number

    def text(self, name: str, *, needed: bool = True) -> str:
        """A text with every character storable; a number is taken as its digits, and noted."""
        value = self.values.get(name)
        if value is None:
            if needed:
                self.note(name, "is missing")
            return ""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_64:
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
        """An ISO 8601 time, in UTC. One without a zone is taken as UTC, as the manual's example is, and noted."""
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
        """Seconds since 1970, as a time in UTC."""
        seconds = self.integer(name)
        if seconds is None:
            return None
        if seconds not in _SECONDS:
            self.note(name, "is not a plausible time")
            return None
        return _EPOCH + timedelta(seconds=seconds)


def storable(text: str) -> str:
    """``text`` with U+FFFD for what no database stores: lone surrogates, and NUL, which PostgreSQL refuses."""
    return well_formed(text).replace("\0", "\ufffd")


def join(problems: Iterable[str]) -> str:
    """The problems as one line of at most 1000 characters, each once."""
    line = "; ".join(dict.fromkeys(problems))
    return line if len(line) <= MAX_PROBLEM else line[: MAX_PROBLEM - 1] + "…"


def parameters(pairs: Iterable[tuple[str, bytes]], names: frozenset[str], problems: list[str]) -> dict[str, str]:
    """The named ones of ``pairs``, read as Latin-1; of a repeated one the last, and noted where they differ."""
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
    """A JSON object, read as kindly as possible; None, and a problem, where there is none."""

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
    """JSON is UTF-8 (§2.1). Bytes that are not: Latin-1 where no letter at all is UTF-8, else U+FFFD for each."""
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
    # Python refuses to convert thousands of digits, which would cost us the whole document.
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

"""Looks for a number, in every spelling, in texts and in bodies as they were pushed; a few rows at a time."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

import phonenumbers
from django.db.models import QuerySet
from django.db.models.functions import Length

from django_front_sms.gateway.lenient import json_object
from django_front_sms.gateway.numbers import normalize

BETWEEN = " -.()"  # what people write between the digits of a number
PAGE = 1000  # rows in one query
_BODIES = 4_000_000  # bytes of bodies in memory, unless one alone has more
_ENCODINGS = 3  # how often percent-encoded text may have been encoded
_BETWEEN = str.maketrans("", "", BETWEEN)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_FLOAT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?[eE]\+?[0-9]{1,2}")


class Spellings:
    """The ways in which people, and Front, write a number in E.164; a short code or a name only as it is."""

    def __init__(self, number: str) -> None:
        self.number = number
        self._bare = _parts(number)[1]

    @cached_property
    def pattern(self) -> "re.Pattern[str]":
        """Matches the number in a text.

        >>> bool(Spellings("+4799999999").pattern.search("Kari, 999 99 999"))
        True
        """
        if not self.number.startswith("+"):
            return re.compile(rf"(?<!\w){re.escape(self.number)}(?!\w)")
        country, national = _parts(self.number)
        between = rf"[{re.escape(BETWEEN)}]*"
        prefix = rf"(?:(?:(?:\+|00){between})?{between.join(country)}{between})?0?"
        return re.compile(rf"(?<!\d){prefix}{between.join(national)}(?!\d)")

    def are_in(self, text: str) -> bool:
        """Whether `text` contains the number."""
        # To look for the bare digits first is far faster, and most texts do not have them.
        return self._bare in text.translate(_BETWEEN) and self.pattern.search(text) is not None

    def without(self, text: str, replacement: str) -> str:
        """`text` with `replacement` for the number."""
        return self.pattern.sub(replacement, text) if self.are_in(text) else text

    def are_of(self, sender: str) -> bool:
        """Whether `sender` is this number; the national form of another country's number is not."""
        if not self.are_in(sender):
            return False
        one_form = normalize(sender)
        return one_form == self.number or not re.fullmatch(r"\+[0-9]+", one_form)

    def are_in_body(self, raw: bytes) -> bool:
        """Whether a body contains the number: percent-encoded, escaped as JSON does it, in UTF-16, in full-width
        digits, or as a JSON number, too."""
        return any(self.are_in(text) for text in _readings(raw))


def is_searchable(raw: bytes, *, is_json: bool) -> bool:
    """Whether all of a body could be searched: it is neither cut short, compressed or encoded, nor has it files."""
    if is_json:
        document = json_object(raw, [])
        return document is not None and not document.get("files")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(text.split()).isprintable()


def pages(rows: "QuerySet[Any]", *fields: str) -> Iterator[tuple[Any, ...]]:
    """Yield the primary key and `fields` of each row. Memory is bounded: drivers of MySQL read a whole result."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", *fields)[:PAGE]):
        yield from page
        last = page[-1][0]


def bodies(rows: "QuerySet[Any]", *fields: str) -> Iterator[tuple[Any, ...]]:
    """Like `pages`, with the body behind the `fields`."""
    waiting: list[tuple[Any, ...]] = []
    size = 0
    for row in pages(rows.annotate(length=Length("raw")), *fields, "length"):
        waiting.append(row[:-1])
        size += row[-1]
        if size > _BODIES or len(waiting) == PAGE // 2:
            yield from _with_bodies(rows, waiting)
            waiting, size = [], 0
    yield from _with_bodies(rows, waiting)


def _with_bodies(rows: "QuerySet[Any]", waiting: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    if waiting:
        between = rows.filter(pk__gte=waiting[0][0], pk__lte=waiting[-1][0])
        found = dict(between.values_list("pk", "raw"))
        yield from ((*row, bytes(found[row[0]])) for row in waiting if row[0] in found)


def _readings(raw: bytes) -> Iterator[str]:
    """Yield a body as it may be read: as it is, with numbers written out, and percent-decoded."""
    raw = raw.replace(b"\0", b"")  # without NULs, UTF-16 reads like ASCII
    for _time in range(_ENCODINGS + 1):
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), raw.decode(errors="replace"))
        if not text.isascii():
            text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
        yield text
        yield _FLOAT.sub(lambda match: str(int(float(match[0]))), text)
        decoded = unquote_to_bytes(raw) if b"%" in raw else raw
        if decoded == raw:
            return
        raw = decoded


def _parts(number: str) -> tuple[str, str]:
    """The digits of the country code, and those after it; of what is no number, nothing and all of it."""
    if not number.startswith("+"):
        return "", number.translate(_BETWEEN)
    try:
        country = str(phonenumbers.parse(number).country_code)
    except phonenumbers.NumberParseException:
        country = ""
    return country, number[1:].removeprefix(country)

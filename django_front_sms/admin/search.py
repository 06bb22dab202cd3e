"""Search terms as query conditions that use an index.

`icontains` on millions of numbers reads every row, so a number is searched for by its beginning. Not every database has
an index for words in texts, or for the last digits of numbers: these are searched for among the latest messages, unless
the user asks for all.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

import phonenumbers
from django.db import connections
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Collate, Upper
from django.db.models.lookups import Contains

from django_front_sms.conf import get_settings
from django_front_sms.db.lookups import LONGEST, prefix_q
from django_front_sms.gateway.numbers import NumberError, parse_recipient

LATEST = 50_000  # messages whose texts are read for a search: about a tenth of a second of PostgreSQL's time
FEW = 1000  # hits among them whose keys are kept, so that counting and listing do not read the texts again
LAST_DIGITS = range(3, 8)  # how many digits may be the end of a number; more are looked up as its beginning
MAX_WORDS = 8

_NUMBER = re.compile(r"(?=\D*\d)[\s(]*[+＋]?[\d\s()./\-\u2010-\u2015\u2212]+")
_ID = re.compile(r"#?\s*([0-9]{1,19})")
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|«([^»]+)»')


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search term: a key (`#7`), a phone number, or words.

    `number` and `text` name the fields, and `readable` limits the rows that are searched for words. `people` are the
    numbers of those who have this name. `condition` uses an index; `slow_condition` is applied to the latest rows
    (None: there is none).
    """

    term: str
    number: str
    text: str = "text"
    readable: Q = field(default_factory=Q)
    people: Sequence[str] = ()

    @property
    def is_key(self) -> bool:
        return self.term.startswith("#")

    @property
    def is_number(self) -> bool:
        return not self.is_key and _NUMBER.fullmatch(self.term) is not None

    @property
    def last_digits(self) -> str:
        """The last digits to search for; empty if the term is the beginning of a number, or is too long or short."""
        digits = _digits(self.term)
        begins = "+" in self.term or "＋" in self.term
        return digits if self.is_number and not begins and len(digits) in LAST_DIGITS else ""

    def condition(self) -> Q:
        """The condition for rows that an index finds."""
        if self.is_key:
            return by_id(self.term)
        if self.is_number:
            return by_number(self.number, self.term) | (Q() if _digits(self.term).startswith("0") else by_id(self.term))
        return Q(pk__in=[])

    def slow_condition(self, using: str) -> Q | None:
        """The condition without an index: words in the text, in any order, or the last digits of a number."""
        if self.is_key:
            return None
        if self.is_number:
            return Q(**{f"{self.number}__endswith": self.last_digits}) if self.last_digits else None
        words = reduce(and_, (has_words(using, self.text, each) for each in split(self.term)))
        return (words & self.readable) | Q(sender=self.term)


def split(term: str) -> list[str]:
    """The words of a search; words in quotes stay together."""
    quoted = [next(filter(None, found)) for found in _QUOTED.findall(term)]
    return [*quoted, *_QUOTED.sub(" ", term).split()][:MAX_WORDS] or [term]


def find(
    rows: "QuerySet[Any]", search: Search, *, among: "QuerySet[Any] | None" = None
) -> tuple["QuerySet[Any]", bool]:
    """The rows that the search finds, and whether some rows were left out because they are too old.

    `among`: search for words and last digits among the latest of these rows only; None: read all rows.
    """
    slow = search.slow_condition(rows.db)
    exact = search.condition()
    if search.people:
        exact |= _of_people(rows, search)
    if slow is None or among is None:
        return rows.filter(exact if slow is None else exact | slow), False
    keys = among.order_by("-pk").values_list("pk", flat=True)
    older = next(iter(keys[LATEST : LATEST + 1]), None)
    latest = rows.filter(slow) if older is None else rows.filter(slow, pk__gt=older)
    # A list counts its rows and then reads those of one page: each would read all of these texts once more.
    found = list(latest.order_by("-pk").values_list("pk", flat=True)[: FEW + 1])
    if len(found) > FEW and not search.people and not search.is_number:
        return latest, older is not None
    return rows.filter(exact | Q(pk__in=found)), older is not None


def _of_people(rows: "QuerySet[Any]", search: Search) -> Q:
    """The latest rows of the people that were found by name, by key: a planner takes the index on numbers for them."""
    theirs = rows.filter(**{f"{search.number}__in": search.people}).order_by("-pk")
    return Q(pk__in=list(theirs.values_list("pk", flat=True)[:FEW]))


def has_words(using: str, field: str, words: str) -> Q:
    """A condition for rows with these words in the field, in lower or upper case.

    PostgreSQL spends most of the time on converting Unicode to upper case. If the words have only letters from A to Z,
    converting ASCII is sufficient.
    """
    if connections[using].vendor == "postgresql" and words.isascii():
        return Q(Contains(Upper(Collate(field, "C")), words.upper()))
    return Q(**{f"{field}__icontains": words})


def by_id(term: str) -> Q:
    """Rows with this number as their own id, or as Front's."""
    found = id_in(term)
    if found is None:
        return Q(pk__in=[])
    # The index on Front's ids begins with the account.
    return Q(pk=found) | Q(gateway_id=found, account__in=list(get_settings().accounts))


def id_in(term: str) -> int | None:
    """The number of `145099` or `#145099`; None if it is not a number, or too large for a database."""
    match = _ID.fullmatch(term.strip())
    return int(match[1]) if match and int(match[1]) <= BigIntegerField.MAX_BIGINT else None


def by_number(field: str, term: str) -> Q:
    return prefix_q(field, prefixes(term))


def prefixes(term: str) -> set[str]:
    """The stored forms of a number that begins like `term`: `999 99`, `0047 999`, `+47-999 99 999`."""
    region = get_settings().default_region
    digits = _digits(term)
    if "+" in term or "＋" in term:
        return {f"+{digits}"}
    if digits.startswith("00"):
        return {f"+{digits[2:]}"} if len(digits) > 2 else set()
    found = {digits, f"+{digits}", f"+{phonenumbers.country_code_for_region(region)}{digits}"}
    with suppress(NumberError):
        found.add(parse_recipient(term, region=region))  # a national number that is written with a leading zero
    return {prefix for prefix in found if len(prefix) <= LONGEST}


def _digits(term: str) -> str:
    return "".join(str(int(char)) for char in term if char.isdecimal())

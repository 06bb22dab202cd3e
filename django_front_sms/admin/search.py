"""What people type into a search box, as conditions that an index can answer.

`icontains` over millions of numbers reads every row; a number is looked up by how it begins instead. No index that
every database has finds words within texts: they are looked for among the latest messages, unless one asks for all.
"""

import re
from contextlib import suppress
from typing import Any

import phonenumbers
from django.db import connections
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Collate, Upper
from django.db.models.lookups import Contains

from django_front_sms.conf import get_settings
from django_front_sms.db.lookups import LONGEST, prefix_q
from django_front_sms.gateway.numbers import NumberError, parse_recipient

_NUMBER = re.compile(r"(?=\D*\d)[\s(]*[+＋]?[\d\s()./\-\u2010-\u2015\u2212]+")
_ID = re.compile(r"#?\s*([0-9]{1,19})")
_QUOTED = re.compile(r'"(.+)"|“(.+)”|«(.+)»')
_BIGGEST = BigIntegerField.MAX_BIGINT
LATEST = 50_000  # messages whose texts are read for a search: about a tenth of a second of PostgreSQL's time
FEW = 1000


def find(queryset: "QuerySet[Any]", term: str, *, number: str, text: str = "text") -> "QuerySet[Any]":
    """Rows by phone number (whole, or how it begins, as people write it), by id or Front's id (`#145099`), or by words
    of the text; digits in quotes are words. `number` and `text` name the fields."""
    if not term:
        return queryset
    quoted = _QUOTED.fullmatch(term)
    if quoted:
        return queryset.filter(has_words(queryset.db, text, next(filter(None, quoted.groups()))))
    if term.startswith("#"):
        return queryset.filter(by_id(term))
    if _NUMBER.fullmatch(term):
        return queryset.filter(by_number(number, term) | by_id(term))
    return queryset.filter(has_words(queryset.db, text, term) | Q(sender=term))


def has_words(using: str, field: str, words: str) -> Q:
    """Rows with these words in the field, in small letters or large ones.

    PostgreSQL takes most of the time for the large letters of all languages. Where the words have none but those from A
    to Z, the large letters of ASCII will do.
    """
    if connections[using].vendor == "postgresql" and words.isascii():
        return Q(Contains(Upper(Collate(field, "C")), words.upper()))
    return Q(**{f"{field}__icontains": words})


def is_for_words(term: str) -> bool:
    """Whether `find` takes it for words of a text."""
    return bool(term and not term.startswith("#") and (_QUOTED.fullmatch(term) or not _NUMBER.fullmatch(term)))


def among_latest(queryset: "QuerySet[Any]") -> tuple["QuerySet[Any]", bool]:
    """Those among the `LATEST` rows of the table, and whether it has any older ones."""
    keys = queryset.model._default_manager.order_by("-pk").values_list("pk", flat=True)
    older = next(iter(keys[LATEST : LATEST + 1]), None)
    if older is None:
        return queryset, False
    queryset = queryset.filter(pk__gt=older)
    # A list counts its rows, and then asks for those of one page: each would read all of these texts.
    found = list(queryset.order_by("-pk").values_list("pk", flat=True)[: FEW + 1])
    return (queryset if len(found) > FEW else queryset.filter(pk__in=found)), True


def by_id(term: str) -> Q:
    """Rows with this number as their own id, or as Front's."""
    found = id_in(term)
    if found is None:
        return Q(pk__in=[])
    # The index on Front's ids begins with the account.
    return Q(pk=found) | Q(gateway_id=found, account__in=list(get_settings().accounts))


def id_in(term: str) -> int | None:
    """The number of `145099` or `#145099`; None where it is none, or none that a database can look for."""
    match = _ID.fullmatch(term.strip())
    return int(match[1]) if match and int(match[1]) <= _BIGGEST else None


def by_number(field: str, term: str) -> Q:
    return prefix_q(field, prefixes(term))


def prefixes(term: str) -> set[str]:
    """How a number that begins like `term` may stand in a row: `999 99`, `0047 999`, `+47-999 99 999`."""
    region = get_settings().default_region
    digits = "".join(str(int(char)) for char in term if char.isdecimal())
    if "+" in term or "＋" in term:
        return {f"+{digits}"}
    if digits.startswith("00"):
        return {f"+{digits[2:]}"} if len(digits) > 2 else set()
    found = {digits, f"+{digits}", f"+{phonenumbers.country_code_for_region(region)}{digits}"}
    with suppress(NumberError):
        found.add(parse_recipient(term, region=region))  # a national number that is written with a leading zero
    return {prefix for prefix in found if len(prefix) <= LONGEST}

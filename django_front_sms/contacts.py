"""Names for phone numbers, from the site's own data: the setting `CONTACTS`."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from django.db import transaction
from django.utils.module_loading import import_string

from django_front_sms.conf import get_settings

logger = logging.getLogger(__name__)

Found = TypeVar("Found")

LONGEST_SEARCH = 200  # characters of a search
MOST_FOUND = 100  # numbers that a search may give


class Contacts:
    """Names for phone numbers. Subclass it, and name the subclass in `FRONT_SMS["CONTACTS"]`.

    Numbers are in E.164 (`+4799999999`). If a method raises, the error is logged, and pages show numbers without names.
    """

    def labels(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """The names of those of `numbers` that are known. Called once for each page, with every number on it."""
        return {}

    def search(self, text: str) -> Sequence[str]:
        """The numbers of people whose name matches `text`, the best match first."""
        return []

    def url(self, number: str) -> str | None:
        """The address of the site's own page about the person behind `number`; None where there is none."""
        return None


def get_contacts() -> Contacts | None:
    """An instance of the class that `CONTACTS` names; None if it is not set. Import and constructor errors
    propagate."""
    path = get_settings().contacts
    return import_string(path)() if path else None


def labels(numbers: Iterable[str]) -> dict[str, str]:
    """The names of those of `numbers` that are known, in one call; empty where the site's code fails."""
    asked = [number for number in dict.fromkeys(numbers) if number]
    if not asked or not get_settings().contacts:
        return {}
    nothing: dict[str, str] = {}
    known = _call(lambda contacts: dict(contacts.labels(asked)), nothing)
    return {number: str(known[number]) for number in asked if known.get(number)}


def search(text: str) -> list[str]:
    """The numbers of people whose name matches `text`, at most `MOST_FOUND`; none where the site's code fails."""
    text = text.strip()[:LONGEST_SEARCH]
    if not text:
        return []
    nothing: list[str] = []
    found = _call(lambda contacts: [str(number) for number in contacts.search(text)], nothing)
    return list(dict.fromkeys(found))[:MOST_FOUND]


def url(number: str) -> str | None:
    """The address of the site's page about the person behind `number`; None where there is none, or its code fails."""
    return _call(lambda contacts: contacts.url(number), None) if number else None


def _call(method: Callable[[Any], Found], default: Found) -> Found:
    """The result of `method` for the site's contacts, or `default` if `CONTACTS` is not set, or it raises.

    Within a transaction it runs in a savepoint: on PostgreSQL, a failed query would break the transaction.
    """
    if not get_settings().contacts:
        return default
    in_transaction = transaction.get_connection().in_atomic_block
    try:
        with transaction.atomic() if in_transaction else nullcontext():
            return method(get_contacts())
    except Exception as error:
        # Neither its text nor its traceback, which may hold numbers and names.
        logger.error("CONTACTS raised %s. Numbers were shown without names.", type(error).__name__)
        return default

"""`metadata`: a dict that every database stores unchanged."""

import math
from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField
from django.utils.translation import gettext as _

from django_front_sms.exceptions import InvalidMessage

MAX_LEVELS = 10  # MariaDB refuses JSON of more than 32
_LARGEST = BigIntegerField.MAX_BIGINT


def check_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """`metadata` as a dict; raises `InvalidMessage` with code `invalid_metadata`."""
    values = dict(metadata or {})
    if not is_storable(values):
        raise InvalidMessage(
            _(
                "metadata cannot be stored. Use texts without NUL or halves of surrogate pairs, finite numbers "
                "of at most 64 bits, True, False, None, lists, and dicts with texts as keys, in at most ten levels."
            ),
            "invalid_metadata",
        )
    return values


def is_storable(value: Any, levels: int = MAX_LEVELS) -> bool:
    """Whether every database stores `value` in a JSON column unchanged."""
    match value:
        case dict():
            return all(map(_is_text, value)) and is_storable([*value.values()], levels)
        case list() | tuple():
            return levels > 0 and all(is_storable(item, levels - 1) for item in value)
        case str():
            return _is_text(value)
    return value is None or _is_number(value)


def _is_number(value: object) -> bool:
    if isinstance(value, int):  # bool, too
        return -_LARGEST - 1 <= value <= _LARGEST
    return isinstance(value, float) and math.isfinite(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)

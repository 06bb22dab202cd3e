"""What clients may write, and no more than the schema says: no number for a string, no string for a number."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

YEARS = range(2000, 2100)
_DEEPEST, _MOST = 10, 20_000  # levels, and characters, of metadata
_LARGEST = BigIntegerField.MAX_BIGINT


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt option, or one that is not for clients, is told of, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if not unknown:
                raise
            known: Any = error.detail
        else:
            if not unknown:
                return values
            known = {}
        no_field = ErrorDetail(gettext("There is no such field, or it is not for clients to set."), "unknown_field")
        raise ValidationError({**known, **{name: [no_field] for name in unknown}})


class Text(serializers.CharField):
    """A string, kept as it was written. A number is none: 0047… would lose its zeros."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return bool(data)


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class Moment(serializers.DateTimeField):
    """A time; without a zone it is in the server's."""

    default_error_messages = {"year": _("The year must be from 2000 to 2099.")}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+hh:mm")
        try:
            moment = super().to_internal_value(value)
        except OverflowError:  # the first day of the year 1 has no such time in some zones
            self.fail("year")
        if moment.year not in YEARS:
            self.fail("year")
        return moment


@extend_schema_field(OpenApiTypes.OBJECT)
class Metadata(serializers.Field[dict[str, Any], Any, Any, Any]):
    """An object that every database keeps as it is."""

    default_error_messages = {
        "invalid": _("This must be an object."),
        "value": _("It holds what cannot be stored: NUL, more than ten levels, or a number beyond 64 bits."),
        "size": _("It is too large: at most 20,000 characters."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        if not _can_be_kept(data, _DEEPEST):
            self.fail("value")
        if _size(data) > _MOST:
            self.fail("size")
        return dict(data)

    def to_representation(self, value: Any) -> Any:
        return value


def _can_be_kept(value: Any, levels: int) -> bool:
    match value:
        case bool() | None:
            return True
        case str():
            return "\0" not in value
        case int():
            return -_LARGEST <= value <= _LARGEST
        case float():
            return math.isfinite(value)
        case dict():
            return levels > 0 and all("\0" not in k and _can_be_kept(v, levels - 1) for k, v in value.items())
    return levels > 0 and all(_can_be_kept(item, levels - 1) for item in value)


def _size(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case dict():
            return sum(len(key) + 4 + _size(inner) for key, inner in value.items())
        case list():
            return sum(2 + _size(item) for item in value)
    return 20

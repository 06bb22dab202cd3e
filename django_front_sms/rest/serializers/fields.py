"""Fields that accept only the types of the schema: no number for a string, no string for a number."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from django_front_sms.rest.exceptions import MAX_ERRORS
from django_front_sms.sending.metadata import is_storable

YEARS = range(2000, 2100)
_MAX_SIZE = 20_000  # characters of metadata
_VALUE_SIZE = 20  # the assumed size of a number, a constant or an empty container


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown members, so that a misspelt option is reported instead of ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = self._unknown(data)
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

    def _unknown(self, data: Any) -> list[str]:
        names = (name for name in data if name not in self.fields) if isinstance(data, Mapping) else ()
        return list(islice(names, MAX_ERRORS))


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its items are. Validation stops after `MAX_ERRORS` invalid items."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return list(super().to_internal_value(data))

    def run_child_validation(self, data: Any) -> list[Any]:
        values: list[Any] = []
        errors: dict[int, Any] = {}
        for index, item in enumerate(data):
            try:
                values.append(self.child.run_validation(item))
            except ValidationError as error:
                errors[index] = error.detail
                if len(errors) == MAX_ERRORS:
                    break
        if errors:
            raise ValidationError(errors)  # type: ignore[arg-type]  # by index, as DRF's own ListField has it
        return values


class StrictCharField(serializers.CharField):
    """A string, kept as written. Numbers are refused: `0047…` as a number would lose its zeros."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictBooleanField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return bool(data)


class StrictIntegerField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class StrictDateTimeField(serializers.DateTimeField):
    """A time; without an offset it is in the server's time zone."""

    default_error_messages = {"year": _("The year must be from 2000 to 2099.")}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+hh:mm")
        try:
            moment = super().to_internal_value(value)
        except OverflowError:  # the first day of the year 1, in some time zones
            self.fail("year")
        if moment.year not in YEARS:
            self.fail("year")
        return moment


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """An object that every database stores unchanged."""

    default_error_messages = {
        "invalid": _("This must be an object."),
        "value": _("A value cannot be stored: NUL, more than ten levels, or a number beyond 64 bits. Remove it."),
        "size": _("This is too large: at most 20,000 characters. Store the rest elsewhere."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        if not is_storable(data):
            self.fail("value")
        if _size(data) > _MAX_SIZE:
            self.fail("size")
        return dict(data)

    def to_representation(self, value: Any) -> Any:
        return value


def _size(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case dict():
            return _VALUE_SIZE + sum(len(key) + _size(inner) for key, inner in value.items())
        case list():
            return _VALUE_SIZE + sum(_size(item) for item in value)
    return _VALUE_SIZE

"""OpenAPI: what drf-spectacular cannot see by itself. Sites that use it find these endpoints in their own schema."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema

from django_front_sms.rest.exceptions import MEDIA_TYPE
from django_front_sms.rest.serializers.input import HEADER
from django_front_sms.rest.serializers.output import Problem

Method = TypeVar("Method", bound=Callable[..., Any])

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="The same key never sends twice; at most 200 characters, ASCII."
)


class Schema(AutoSchema):
    """Every operation says which permissions it needs, and may answer with a problem."""

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        return f"FrontSMS{super()._get_serializer_name(*args, **kwargs)}"  # a site may have a Message of its own

    def get_description(self) -> str:  # type: ignore[override]
        return ""  # where an operation has none; not what a class says to who reads it

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            needs = " and ".join(f"`front_sms.{name}`" for name in cast(Any, self.view).needs[self.method])
            operation["description"] = "\n\n".join(filter(None, [operation.get("description"), f"Needs {needs}."]))
            problem = self.resolve_serializer(Problem, "response").ref
            operation["responses"]["default"] = {
                "content": {MEDIA_TYPE: {"schema": problem}},
                "description": "A problem: `code` says which.",
            }
        return operation


def operation(**facts: Any) -> Callable[[Method], Method]:
    """`extend_schema` for a method of an endpoint, whatever schema class the site has as its default."""

    def mark(method: Method) -> Method:
        method.kwargs = {"schema": Schema}  # type: ignore[attr-defined]
        return extend_schema(**facts)(method)

    return mark


class StrictExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Strict bodies have no other fields than these."""

    target_class = "django_front_sms.rest.serializers.fields.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}

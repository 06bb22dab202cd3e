"""OpenAPI: what drf-spectacular cannot derive. Sites that use it find these endpoints in their own schema."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema

from django_front_sms.rest.exceptions import MEDIA_TYPE
from django_front_sms.rest.idempotency import HEADER
from django_front_sms.rest.serializers.output import ProblemSerializer

Method = TypeVar("Method", bound=Callable[..., Any])

PREFIX = "FrontSMS"  # distinguishes this app's components from those of the site
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="The same key never sends twice; at most 200 characters, ASCII."
)


class Schema(AutoSchema):
    """Every operation lists its permissions, and may return a problem.

    Private: drf-spectacular has no public way to name all components of an app, or to say that a list is one object.
    `test_private_names` names the versions tried.
    """

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        return f"{PREFIX}{super()._get_serializer_name(*args, **kwargs)}"

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name.removeprefix(PREFIX)}Page"  # _get_serializer_name puts the prefix back

    def _is_list_view(self, serializer: Any = None) -> bool:
        """False for `ConversationViewSet.list`, whose serializer is the whole page."""
        return cast(Any, self.view).pagination_class is not None and super()._is_list_view(serializer)

    def get_description(self) -> str:  # type: ignore[override]
        return ""  # instead of the viewset's docstring

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            view = cast(Any, self.view)
            needs = " and ".join(f"`front_sms.{name}`" for name in view.required_permissions[view.action])
            operation["description"] = "\n\n".join(filter(None, [operation.get("description"), f"Needs {needs}."]))
            problem = self.resolve_serializer(ProblemSerializer, "response").ref
            operation["responses"]["default"] = {
                "content": {MEDIA_TYPE: {"schema": problem}},
                "description": "A problem: `code` says which.",
            }
        return operation


def operation(**options: Any) -> Callable[[Method], Method]:
    """`extend_schema` for an action, with our schema class whatever the site's default is."""

    def decorate(method: Method) -> Method:
        method.kwargs = {**getattr(method, "kwargs", {}), "schema": Schema}  # type: ignore[attr-defined]
        return extend_schema(**options)(method)

    return decorate


class StrictSerializerExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Strict bodies have no other fields than these."""

    target_class = "django_front_sms.rest.serializers.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        # Private, but used so in drf-spectacular's documentation. `test_private_names` names the versions tried.
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}

"""Values that are kept while one request is processed."""

from typing import Any

from django.http import HttpRequest


def values_of(request: HttpRequest) -> dict[str, Any]:
    """The values of this app, by name. They are kept in the request itself, and end with it."""
    found: dict[str, Any] = request.__dict__.setdefault("_front_sms", {})
    return found

"""Write docs/reference/openapi.yaml, the OpenAPI schema of the REST API. After a change of `rest/`:

python -m tests.rest.openapi
"""

import os
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.yaml"
SETTINGS = {
    "TITLE": "django-front-sms",
    "DESCRIPTION": (
        "Send, follow, receive and answer messages through the Front SMS Gateway. Addresses are below `api/sms/`, or "
        "where the site includes them. Errors are problem details (RFC 9457)."
    ),
    "VERSION": "1",
    "LICENSE": {"name": "BSD-3-Clause"},
}


def schema() -> dict[str, Any]:
    """The schema under Django REST framework's default settings."""
    from django.urls import include, path
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.settings import patched_settings

    with patched_settings(SETTINGS):
        patterns = [path("api/sms/", include("django_front_sms.rest.urls"))]
        found: dict[str, Any] = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)
    return found


def as_yaml() -> str:
    from drf_spectacular.renderers import OpenApiYamlRenderer

    return str(OpenApiYamlRenderer().render(schema(), renderer_context={}).decode())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    FILE.write_text(as_yaml())

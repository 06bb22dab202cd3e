"""Private names of Django and drf-spectacular that the package uses, each in one place, and the versions tried."""

import ast
from importlib.metadata import version
from pathlib import Path

import django
import pytest
from django.http import QueryDict
from django.test import RequestFactory

import django_front_sms
from django_front_sms.models import OutboundMessage

PACKAGE = Path(django_front_sms.__file__).parent
DJANGO = ("5.2", "6.0", "6.1")  # the versions that the tests were run with (see tox.ini)
SPECTACULAR = ("0.29", "0.30")
USES = {  # private name -> the only functions that use it
    "_body": {"webhooks._read_by_middleware", "redaction._redact_request"},
    "_post": {"redaction._redact_request"},
    "_files": {"redaction._redact_request"},
    "_read_started": {"webhooks._read_by_middleware"},
    "_db": {"primary.db"},
    "_hints": {"primary.db"},
    "_get_serializer_name": {"schema._get_serializer_name"},
    "_is_list_view": {"schema._is_list_view"},
    "_map_serializer": {"schema.map_serializer"},
}


def installed(package: str) -> str:
    return ".".join(version(package).split(".")[:2])


def test_this_version_of_django_is_one_that_the_private_names_were_tried_on():
    assert ".".join(map(str, django.VERSION[:2])) in DJANGO, "run all tests, then add the version to DJANGO"


def test_this_version_of_drf_spectacular_is_one_that_the_private_names_were_tried_on():
    pytest.importorskip("drf_spectacular")
    assert installed("drf-spectacular") in SPECTACULAR, "run the tests of rest/, then add the version to SPECTACULAR"


def test_each_private_name_is_used_in_its_place_alone():
    found: dict[str, set[str]] = {name: set() for name in USES}
    for path in PACKAGE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Attribute) and node.attr in USES and not _is_own(node):
                        found[node.attr].add(f"{path.stem}.{function.name}")
    assert found == USES


def _is_own(node: ast.Attribute) -> bool:
    """Whether it is an attribute of an object of this package, by `self`."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def test_a_request_keeps_its_body_and_form_in_private_attributes():
    request = RequestFactory().post("/", {"a": "1"})
    assert not hasattr(request, "_body") and not hasattr(request, "_post") and not request._read_started
    assert QueryDict("a=1") == request.POST
    assert hasattr(request, "_post") and hasattr(request, "_files") and request._read_started
    plain = RequestFactory().post("/", b"{}", "application/json")
    assert plain.body == b"{}" == plain._body


def test_a_queryset_keeps_the_chosen_database_and_hints_in_private_attributes():
    rows = OutboundMessage.objects.using("default")
    assert (rows._db, OutboundMessage.objects.all()._db, rows._hints) == ("default", None, {})

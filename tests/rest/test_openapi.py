"""The OpenAPI schema is current, and Schemathesis tests every operation against it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, settings

from tests.factories import (
    BulkSendFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OptOutFactory,
    OutboundMessageFactory,
)
from tests.rest import openapi

schemathesis = pytest.importorskip("schemathesis")
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES") or 10)  # of each operation

document = schemathesis.openapi.from_dict(openapi.schema())
document.app = get_wsgi_application()
pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


@pytest.mark.skipif(not openapi.FILE.exists(), reason="the documentation is not here")
def test_the_schema_in_the_docs_is_current() -> None:
    assert openapi.FILE.read_text() == openapi.as_yaml(), "write it anew: python -m tests.rest.openapi"


def test_the_schema_is_valid_and_drf_spectacular_guessed_nothing() -> None:
    GENERATOR_STATS.reset()
    validate_schema(openapi.schema())
    assert not GENERATOR_STATS, "drf-spectacular warned"


def test_every_operation_has_a_name_a_summary_and_its_permissions() -> None:
    operations = [operation for path in openapi.schema()["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) > 20
    for operation in operations:
        assert operation["summary"]
        assert "Needs `front_sms." in operation["description"]


@pytest.fixture
def _connected() -> Iterator[None]:
    """Keep requests from closing the connection of the test's transaction."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


@pytest.fixture
def site(settings: Any, _connected: None) -> None:
    """Rows of every model with the primary keys 1 to 3, and a superuser."""
    scopes = ("front_sms_read", "front_sms_send", "front_sms_send_many")
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": dict.fromkeys(scopes)}
    User.objects.create_superuser("boss", password="boss")
    for pk in (1, 2, 3):
        inbound = InboundMessageFactory(pk=pk)
        MmsFileFactory(pk=pk, message=inbound, file="")
        OutboundMessageFactory(pk=pk, state="cancelled" if pk == 3 else "queued")
        BulkSendFactory(pk=pk)
        OptOutFactory(pk=pk, number=f"+479999999{pk}")


@document.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Replace most primary keys by those of existing rows."""
    if path_parameters is None:
        return None
    return {
        name: abs(value) % 5 if isinstance(value, int) and abs(value) < 1000 else value
        for name, value in path_parameters.items()
    }


GOOD = {"to": "+4799999999", "number": "+4799999999", "account": "default", "sender": "Firma", "price": 500}


@document.hook
def map_body(_context: Any, body: Any) -> Any:
    """Replace values of the right type by numbers, accounts, senders and prices that can be sent."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("messages"), list):
        return {**body, "messages": [map_body(None, message) for message in body["messages"]]}
    good = {name: _good(GOOD[name], value) for name, value in body.items() if name in GOOD}
    return {**body, **good, **({"text": "Hei"} if body.get("text") == "" else {})}


def _good(good: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_good(good, each) for each in value]
    right = type(value) is type(good) and not (isinstance(value, str) and len(value) > 50)
    return good if right else value


@document.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_request_breaks_the_api_and_every_response_matches_the_schema(case: Any, site: None) -> None:
    # The schema does not say which numbers, senders and accounts are valid: such requests may be refused.
    case.call_and_validate(auth=("boss", "boss"), excluded_checks=[positive_data_acceptance])

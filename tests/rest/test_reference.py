"""docs/reference/rest.md matches the API."""

import json
import re
from typing import Any

import pytest

from django_front_sms.models import OutboundMessage
from django_front_sms.rest.idempotency import HEADER
from django_front_sms.rest.serializers.input import MAX_MESSAGES, MAX_NUMBERS
from django_front_sms.rest.throttling import RATES
from django_front_sms.rest.views.common import MAX_BODY_BYTES
from django_front_sms.rest.views.messages import MAX_BYTES_OF_MANY
from tests.rest import openapi
from tests.rest.conftest import Api

PAGE = openapi.FILE.with_name("rest.md")
if not PAGE.exists():
    pytest.skip("the documentation is not here", allow_module_level=True)

TEXT = PAGE.read_text()


def rows(columns: int) -> list[list[str]]:
    """The rows of all tables with this number of columns."""
    cells = (line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in row] for row in cells if len(row) == columns]


def operations() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {re.sub(r'{[^}]+}', '<id>', path).removeprefix('/api/sms/')}": operation
        for path, methods in openapi.schema()["paths"].items()
        for method, operation in methods.items()
    }


def test_every_endpoint_is_listed_with_its_permissions_and_filters() -> None:
    listed = {row[0].strip("`"): row for row in rows(3) if re.match(r"`(GET|POST|DELETE) ", row[0])}
    known = operations()
    assert set(listed) == set(known)
    for name, operation in known.items():
        needs = re.findall(r"`front_sms\.(\w+)`", operation["description"].rpartition("Needs ")[2])
        assert re.findall(r"`(\w+)`", listed[name][2]) == needs, name
        query = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        assert set(re.findall(r"`(\w+)`", listed[name][1])) == query - {"cursor", "page_size"}, name


def test_the_limits_are_those_of_the_code() -> None:
    listed = {row[0].strip("`"): row[2] for row in rows(3) if row[0].startswith("`front_sms_")}
    assert listed == RATES
    assert f"up to {MAX_MESSAGES:,}, all" in TEXT
    assert f"up to {MAX_NUMBERS:,} numbers" in TEXT
    assert f"at most {MAX_BODY_BYTES // 2**10} KiB" in TEXT
    assert f"{MAX_BYTES_OF_MANY // 2**20} MiB for `messages/many/`" in TEXT


def test_the_idempotency_key_is_accepted_where_the_page_says_so() -> None:
    taken = {
        name
        for name, operation in operations().items()
        if any(each["name"] == HEADER for each in operation.get("parameters", []))
    }
    assert taken == {"POST messages/", "POST bulk/", "POST messages/<id>/resend/", "POST inbound/<id>/reply/"}


@pytest.mark.django_db
@pytest.mark.urls("tests.rest.urls")
def test_the_example_gives_the_response_on_the_page(operator: Api) -> None:
    fields, shown_response = re.findall(r"```http\n(.*?)```", TEXT, re.S)
    head, _, body = fields.partition("\n\n")
    key = re.search(r"Idempotency-Key: (.*)", head)
    response = operator.post("messages/", json.loads(body), headers={"Idempotency-Key": key[1] if key else ""})
    shown = json.loads(shown_response.partition("\n\n")[2])
    assert response.status_code == 201
    assert shown.items() <= {**response.json(), "id": shown["id"]}.items()
    assert OutboundMessage.objects.get().idempotency_key == "order-1834"


@pytest.mark.django_db
@pytest.mark.urls("tests.rest.urls")
def test_the_example_of_a_problem_is_the_one_on_the_page(operator: Api) -> None:
    message = {"to": "99999999", "text": "Hei"}
    response = operator.post("messages/many/", {"messages": [message, message, message, {"to": "99999999"}]})
    (shown,) = re.findall(r"```json\n(.*?)```", TEXT, re.S)
    assert response.json() == json.loads(shown)

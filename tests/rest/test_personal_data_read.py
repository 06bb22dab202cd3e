"""Every response with texts, numbers or files sends `personal_data_read`."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.models import BulkSend, InboundMessage, OptOut, OutboundMessage, SavedText
from django_front_sms.signals import personal_data_read
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, Api
from tests.rest.endpoints import ENDPOINTS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


@pytest.fixture
def reads() -> Iterator[list[tuple[Any, str, list[int]]]]:
    """The user, the model and the primary keys of each signal."""
    found: list[tuple[Any, str, list[int]]] = []

    def receive(sender: Any, user: Any, model: Any, pks: list[int], **_kwargs: Any) -> None:
        found.append((user, model.__name__, sorted(pks)))

    personal_data_read.connect(receive)
    yield found
    personal_data_read.disconnect(receive)


@pytest.fixture
def own(receive: Any, file_of: Any) -> dict[str, int]:
    bulk = send_bulk_sms(["+4799999991"], "Stengt")
    message = send_sms(NUMBER, "Hei")
    inbound = receive()
    return {
        "message": message.pk,
        "bulk": bulk.pk,
        "bulk_message": bulk.messages.get().pk,
        "inbound": inbound.pk,
        "file": file_of(inbound).pk,
        "opt_out": OptOutFactory(number=NUMBER).pk,
        "saved_text": SavedText.objects.create(name="time", text="Hei").pk,
    }


THREAD = {"OutboundMessage": ["message"], "InboundMessage": ["inbound"]}
READING = [
    ("get", "messages/", {"OutboundMessage": ["bulk_message", "message"]}),
    ("get", "messages/{message}/", {"OutboundMessage": ["message"]}),
    ("get", "messages/{message}/timeline/", {"OutboundMessage": ["message"]}),
    ("get", "messages/{message}/conversation/", THREAD),
    ("post", "messages/{message}/cancel/", {"OutboundMessage": ["message"]}),
    ("get", "bulk/", {"BulkSend": ["bulk"]}),
    ("get", "bulk/{bulk}/", {"BulkSend": ["bulk"]}),
    ("get", "inbound/", {"InboundMessage": ["inbound"]}),
    ("get", "inbound/{inbound}/", {"InboundMessage": ["inbound"]}),
    ("get", "inbound/{inbound}/timeline/", {"InboundMessage": ["inbound"]}),
    ("get", "inbound/{inbound}/conversation/", THREAD),
    ("get", "inbound/{inbound}/files/{file}/", {"InboundMessage": ["inbound"], "MmsFile": ["file"]}),
    ("get", "conversations/", {"OutboundMessage": ["bulk_message"], "InboundMessage": ["inbound"]}),
    ("get", "opt-outs/", {"OptOut": ["opt_out"]}),
    ("get", "opt-outs/{opt_out}/", {"OptOut": ["opt_out"]}),
    ("delete", "opt-outs/{opt_out}/", {}),
    ("get", "saved-texts/", {}),
    ("get", "messages/?recipient=%2B4799999998", {}),
]


@pytest.mark.parametrize(("method", "path", "shown"), READING)
def test_each_row_of_a_response_is_in_a_signal(
    operator: Api, own: dict[str, int], reads: list[Any], method: str, path: str, shown: dict[str, list[str]]
) -> None:
    assert getattr(operator, method)(path.format(**own)).status_code in (200, 204)
    assert {user for user, _model, _pks in reads} <= {operator.user}
    found: dict[str, set[int]] = {}
    for _user, model, pks in reads:
        found.setdefault(model, set()).update(pks)
    assert found == {model: {own[name] for name in names} for model, names in shown.items()}


_FIELDS = {"state": OutboundMessage, "keyword": InboundMessage, "recipients": BulkSend, "number": OptOut}


def rows_in(data: Any) -> Iterator[tuple[str, int]]:
    """The model and the primary key of each row with a text or a number in a response."""
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from rows_in(value)
    if isinstance(data, dict) and "id" in data:
        yield from ((model.__name__, data["id"]) for field, model in _FIELDS.items() if field in data)


@pytest.mark.parametrize(("method", "path", "body", "required", "status"), ENDPOINTS)
def test_every_endpoint_reports_the_rows_that_it_returns(
    operator: Api, ids: dict[str, int], reads: list[Any], method: str, path: str, body: Any, required: Any, status: int
) -> None:
    response = getattr(operator, method.lower())(path.format(**ids), body)
    assert response.status_code == status
    is_json = response.headers.get("Content-Type") == "application/json"
    reported = {(model, pk) for _user, model, pks in reads for pk in pks}
    assert set(rows_in(response.json() if is_json else None)) <= reported


def test_a_row_that_a_repeated_key_found_is_reported(operator: Api, login: Any, reads: list[Any]) -> None:
    message = send_sms(NUMBER, "Hei", idempotency_key="order-7")
    api = login("add_outboundmessage", "view_outboundmessage")
    body = {"to": NUMBER, "text": "Hei", "idempotency_key": "order-7"}
    assert api.post("messages/", body).json()["id"] == message.pk
    assert reads == [(api.user, "OutboundMessage", [message.pk])]
    assert login("add_outboundmessage").post("messages/", body).status_code == 409
    assert len(reads) == 1


def test_a_refused_request_sends_no_signal(without_permissions: Api, own: dict[str, int], reads: list[Any]) -> None:
    for _method, path, _shown in READING:
        without_permissions.get(path.format(**own))
    assert reads == []


def test_reading_a_file_is_signalled_once(operator: Api, own: dict[str, int], reads: list[Any]) -> None:
    assert operator.get(f"inbound/{own['inbound']}/files/{own['file']}/").status_code == 200
    assert sorted((model, pks) for _user, model, pks in reads) == [
        ("InboundMessage", [own["inbound"]]),
        ("MmsFile", [own["file"]]),
    ]

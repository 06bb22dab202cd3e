"""Every response with texts, numbers or files sends `personal_data_read`."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.models import SavedText
from django_front_sms.signals import personal_data_read
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, Api

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
def ids(receive: Any, file_of: Any) -> dict[str, int]:
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
    operator: Api, ids: dict[str, int], reads: list[Any], method: str, path: str, shown: dict[str, list[str]]
) -> None:
    assert getattr(operator, method)(path.format(**ids)).status_code in (200, 204)
    assert {user for user, _model, _pks in reads} <= {operator.user}
    found: dict[str, set[int]] = {}
    for _user, model, pks in reads:
        found.setdefault(model, set()).update(pks)
    assert found == {model: {ids[name] for name in names} for model, names in shown.items()}


def test_a_refused_request_sends_no_signal(without_permissions: Api, ids: dict[str, int], reads: list[Any]) -> None:
    for _method, path, _shown in READING:
        without_permissions.get(path.format(**ids))
    assert reads == []


def test_reading_a_file_is_signalled_once(operator: Api, ids: dict[str, int], reads: list[Any]) -> None:
    assert operator.get(f"inbound/{ids['inbound']}/files/{ids['file']}/").status_code == 200
    assert sorted((model, pks) for _user, model, pks in reads) == [
        ("InboundMessage", [ids["inbound"]]),
        ("MmsFile", [ids["file"]]),
    ]

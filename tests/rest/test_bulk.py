"""Many messages in one request, and bulk sends."""

from typing import Any

import pytest
from django.db import connection

from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.rest.exceptions import MAX_ERRORS
from django_front_sms.rest.serializers.input import MAX_MESSAGES, MAX_NUMBERS, NewMessageSerializer
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, VIEW, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def test_many_messages_are_queued_in_order(operator: Api) -> None:
    fields = [{"to": NUMBER, "text": str(n), "idempotency_key": f"k{n}"} for n in range(3)]
    response = operator.post("messages/many/", {"messages": fields})
    assert response.status_code == 201
    assert [message["text"] for message in response.json()["messages"]] == ["0", "1", "2"]
    again = operator.post("messages/many/", {"messages": fields})
    assert again.json() == response.json()
    assert set(OutboundMessage.objects.values_list("created_by", flat=True)) == {operator.user.pk}


def test_one_invalid_message_refuses_all_and_its_index_is_returned(operator: Api) -> None:
    fields = [{"to": NUMBER, "text": "0"}, {"to": NUMBER, "text": "1"}, {"to": "12", "text": "2"}]
    response = operator.post("messages/many/", {"messages": fields})
    assert (response.status_code, response.json()["code"], response.json()["index"]) == (400, "invalid_recipient", 2)
    assert not OutboundMessage.objects.exists()


def test_each_malformed_member_has_a_pointer(operator: Api) -> None:
    fields: list[Any] = [{"to": NUMBER, "text": "0"}, {"to": 4799999999, "text": "1", "a/b~c": 1}, "x", {"to": NUMBER}]
    errors = operator.post("messages/many/", {"messages": fields}).json()["errors"]
    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("#/messages/1/to", "invalid"),
        ("#/messages/1/a~1b~0c", "unknown_field"),
        ("#/messages/2", "invalid"),
        ("#/messages/3/text", "required"),
    }


def test_many_messages_have_no_common_key(operator: Api) -> None:
    fields = {"messages": [{"to": NUMBER, "text": "0"}]}
    response = operator.post("messages/many/", fields, headers={"Idempotency-Key": "a"})
    assert (response.status_code, response.json()["errors"][0]["header"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages/many/", {"messages": []}),
        ("messages/many/", {"messages": [{"to": NUMBER, "text": "0"}] * (MAX_MESSAGES + 1)}),
        ("bulk/", {"to": [], "text": "0"}),
        ("bulk/", {"to": [NUMBER] * (MAX_NUMBERS + 1), "text": "0"}),
    ],
)
def test_empty_and_too_long_lists_are_refused_and_nothing_is_stored(operator: Api, path: str, body: Any) -> None:
    response = operator.post(path, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.json()["errors"][0]["code"] in ("min_length", "max_length", "empty")
    assert not OutboundMessage.objects.exists()


@pytest.fixture
def validated_items(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages whose fields were validated."""
    items: list[Any] = []
    run_validation = NewMessageSerializer.run_validation

    def record(self: NewMessageSerializer, data: Any) -> Any:
        items.append(data)
        return run_validation(self, data)

    monkeypatch.setattr(NewMessageSerializer, "run_validation", record)
    return items


def test_the_length_of_a_list_is_checked_before_its_items(operator: Api, validated_items: list[Any]) -> None:
    response = operator.post("messages/many/", {"messages": [{}] * (MAX_MESSAGES + 1)})
    assert [error["code"] for error in response.json()["errors"]] == ["max_length"]
    assert validated_items == []


def test_validation_stops_after_a_hundred_invalid_items(operator: Api, validated_items: list[Any]) -> None:
    response = operator.post("messages/many/", {"messages": [{}] * MAX_MESSAGES})
    assert len(response.json()["errors"]) == MAX_ERRORS == len(validated_items)


def test_a_hundred_unknown_names_are_listed_at_most(operator: Api) -> None:
    names = {f"x{n}": 1 for n in range(1000)}
    response = operator.post("messages/", {"to": NUMBER, "text": "Hei", **names})
    assert len(response.json()["errors"]) == MAX_ERRORS
    serializer = NewMessageSerializer(data={"to": NUMBER, "text": "Hei", **names})
    assert not serializer.is_valid()
    assert len(serializer.errors) == MAX_ERRORS


@pytest.mark.skipif(connection.vendor == "mysql", reason="MySQL names no keys of many rows: each is inserted alone")
def test_ten_times_as_many_messages_need_few_more_queries(operator: Api, django_assert_max_num_queries: Any) -> None:
    for count in (10, 100):
        with django_assert_max_num_queries(15):
            fields = [{"to": NUMBER, "text": f"{count} {n}"} for n in range(count)]
            assert operator.post("messages/many/", {"messages": fields}).status_code == 201


NUMBERS = [NUMBER, "0047 99 99 99 98", "99999999"]


def test_a_bulk_send_goes_once_to_each_number(operator: Api) -> None:
    fields = {"to": NUMBERS, "text": "Stengt i dag", "metadata": {"campaign": "x"}}
    response = operator.post("bulk/", fields, headers={"Idempotency-Key": "a"})
    assert response.status_code == 201
    assert (response.json()["recipients"], response.json()["created_by"]) == (2, str(operator.user.pk))
    again = operator.post("bulk/", fields, headers={"Idempotency-Key": "a"})
    assert again.json() == response.json()
    other = operator.post("bulk/", {**fields, "text": "Åpent"}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert BulkSend.objects.count() == 1
    OutboundMessage.objects.first().cancel()
    full = operator.get(response["Location"]).json()
    assert full == {**response.json(), "states": {"queued": 1, "cancelled": 1}}
    assert operator.get("bulk/", {"account": "default"}).json()["results"] == [response.json()]
    assert operator.get("bulk/", {"account": "other"}).json()["results"] == []


def test_invalid_numbers_are_listed_or_skipped(operator: Api) -> None:
    fields = {"to": [NUMBER, "12", ""], "text": "Hei"}
    response = operator.post("bulk/", fields)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_recipient")
    assert response.json()["invalid"] == ["12", ""]
    assert operator.post("bulk/", {**fields, "skip_invalid": True}).json()["recipients"] == 1


def test_ignoring_opt_outs_in_bulk_needs_its_permission(operator: Api, login: Any) -> None:
    OptOutFactory(number=NUMBER)
    fields = {"to": [NUMBER], "text": "Hei", "ignore_opt_out": True}
    assert operator.post("bulk/", fields).status_code == 403
    assert operator.post("bulk/", {**fields, "ignore_opt_out": False}).json()["code"] == "opted_out"
    assert login("add_bulksend", "ignore_opt_out_outboundmessage").post("bulk/", fields).status_code == 201


def test_a_page_of_bulk_sends_needs_one_query(login: Any, django_assert_num_queries: Any) -> None:
    viewer = login(*VIEW)
    BulkSend.objects.bulk_create(BulkSend(account="default", sender="Firma", text=str(n)) for n in range(20))
    with django_assert_num_queries(5):  # session, user, two of permissions, the page
        assert len(viewer.get("bulk/").json()["results"]) == 20

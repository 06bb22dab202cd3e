"""Opt-outs and previews."""

from typing import Any

import pytest

from django_front_sms import send_sms
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OptOut
from tests.factories import OptOutFactory
from tests.rest.conftest import NUMBER, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def test_an_opted_out_number_gets_no_message_until_the_opt_out_is_removed(operator: Api) -> None:
    response = operator.post("opt-outs/", {"number": "999 99 999"})
    assert response.status_code == 201
    assert (response.json()["number"], response.json()["sender"], response.json()["message"]) == (NUMBER, "", None)
    assert OptOut.objects.get().created_by == operator.user
    assert operator.post("opt-outs/", {"number": NUMBER}).json() == response.json()
    with pytest.raises(InvalidMessage):
        send_sms(NUMBER, "Hei")
    assert operator.get(response["Location"]).json() == response.json()
    assert operator.delete(response["Location"]).status_code == 204
    assert operator.delete(response["Location"]).status_code == 404
    assert send_sms(NUMBER, "Hei").pk


def test_an_earlier_opt_out_shows_its_author_and_message_only_to_those_who_may_view(
    operator: Api, login: Any, receive: Any
) -> None:
    row = OptOutFactory(number=NUMBER, created_by=operator.user, message=receive("STOP"))
    for permissions, shown in ((["add_optout"], False), (["add_optout", "view_optout"], True)):
        response = login(*permissions).post("opt-outs/", {"number": NUMBER})
        assert response.json()["id"] == row.pk
        assert bool(response.json()["created_by"]) is bool(response.json()["message"]) is shown
    row.refresh_from_db()
    assert row.created_by == operator.user


def test_a_sender_is_stored_in_the_form_that_people_write_to(operator: Api) -> None:
    response = operator.post("opt-outs/", {"number": NUMBER, "sender": "0047 99 99 99 90"})
    assert response.json()["sender"] == "+4799999990"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"number": "12"}, "invalid_request"),
        ({"number": NUMBER, "sender": "x" * 21}, "invalid_request"),
        ({"number": NUMBER, "account": "nowhere"}, "unknown_account"),
        ({"number": NUMBER, "since": "2026-01-01"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_an_invalid_opt_out_is_refused(operator: Api, body: dict, code: str) -> None:
    response = operator.post("opt-outs/", body)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not OptOut.objects.exists()


def test_opt_outs_are_found_by_number_and_account(viewer: Api) -> None:
    OptOutFactory(number=NUMBER)
    OptOutFactory(number="+4799999990", account="other")
    assert len(viewer.get("opt-outs/").json()["results"]) == 2
    assert [row["number"] for row in viewer.get("opt-outs/?account=other").json()["results"]] == ["+4799999990"]
    assert [row["account"] for row in viewer.get("opt-outs/?number=99999999").json()["results"]] == ["default"]


@pytest.mark.parametrize(
    ("body", "encoding", "segments", "replaced", "text"),
    [
        ({"text": "Blåbær €"}, "gsm7", 1, [], "Blåbær €"),
        ({"text": "Hei 😀"}, "ucs2", 1, [], "Hei 😀"),
        ({"text": "Hei 😀", "unicode": False}, "gsm7", 1, ["😀"], "Hei ?"),
        ({"text": "x" * 161}, "gsm7", 2, [], "x" * 161),
        ({"text": ""}, "gsm7", 0, [], ""),
    ],
)
def test_a_preview_shows_the_text_as_it_would_arrive(operator: Api, body, encoding, segments, replaced, text) -> None:
    data = operator.post("preview/", body).json()
    assert (data["encoding"], data["segments"], data["replaced"], data["text"]) == (encoding, segments, replaced, text)

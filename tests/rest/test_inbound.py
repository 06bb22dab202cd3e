"""Inbound messages, their files, replies, and conversations."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.models import InboundMessage, MmsFile, OutboundMessage
from tests.rest.conftest import NUMBER, VIEW, Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]
Receive = Callable[..., InboundMessage]
FileOf = Callable[..., MmsFile]


def test_an_inbound_message_is_read_with_its_files(viewer: Api, receive: Receive, file_of: FileOf) -> None:
    message = receive("Bilde", keyword="PROBLEM", counter=2**40, raw=b"{}", problem="the time is unreadable")
    file = file_of(message)
    waiting = file_of(message, None, position=1)
    data = viewer.get(f"inbound/{message.pk}/").json()
    assert (data["sender"], data["text"], data["keyword"], data["counter"]) == (NUMBER, "Bilde", "PROBLEM", 2**40)
    assert data["problem"] == "the time is unreadable"
    assert "raw" not in data
    assert [each["id"] for each in data["files"]] == [file.pk, waiting.pk]
    assert data["files"][0]["url"] == f"http://testserver/api/sms/inbound/{message.pk}/files/{file.pk}/"
    assert data["files"][1]["url"] is None


def test_a_file_is_an_attachment_that_no_browser_executes(viewer: Api, receive: Receive, file_of: FileOf) -> None:
    message = receive()
    file = file_of(message, b"<script>", name="../x.html", content_type="text/html")
    response = viewer.get(f"inbound/{message.pk}/files/{file.pk}/", headers={"Accept": "text/html"})
    assert b"".join(response.streaming_content) == b"<script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_file_is_found_only_below_its_own_message_and_in_storage(viewer: Api, receive: Receive, file_of: FileOf):
    message, other = receive(), receive()
    file, waiting = file_of(message), file_of(message, None, position=1)
    for elsewhere in (other.pk, 2**70):
        assert viewer.get(f"inbound/{elsewhere}/files/{file.pk}/").status_code == 404
    response = viewer.get(f"inbound/{message.pk}/files/{waiting.pk}/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    file.file.storage.delete(file.file.name)
    assert viewer.get(f"inbound/{message.pk}/files/{file.pk}/").status_code == 404


def test_users_who_may_not_view_files_get_no_file_address(login: Any, receive: Receive, file_of: FileOf) -> None:
    message = receive()
    file = file_of(message)
    api = login("view_inboundmessage")
    assert api.get(f"inbound/{message.pk}/").json()["files"][0]["url"] is None
    assert api.get(f"inbound/{message.pk}/files/{file.pk}/").status_code == 403


def test_inbound_messages_are_found_by_sender_account_and_time(viewer: Api, receive: Receive) -> None:
    receive("1", received_at=timezone.now() - timedelta(days=2))
    receive("2", sender="Posten")
    receive("3", account="other")
    receive("4", sender="+47594400")

    def found(**query: Any) -> list[str]:
        return [message["text"] for message in viewer.get("inbound/", query).json()["results"]]

    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    assert found() == ["4", "3", "2", "1"]
    assert found(sender="999 99 999") == ["3", "1"]
    assert found(sender="Posten") == ["2"]
    assert found(sender="+47594400") == ["4"]
    assert found(account="other") == ["3"]
    assert found(received_to=yesterday) == ["1"]
    assert found(received_from=yesterday) == ["4", "3", "2"]
    assert viewer.get("inbound/", {"state": "new"}).json()["errors"][0]["parameter"] == "state"


def test_a_page_needs_the_same_queries_at_any_length(
    login: Any, receive: Receive, file_of: FileOf, django_assert_num_queries: Any
) -> None:
    viewer = login(*VIEW)
    for count in (1, 5):
        for n in range(count):
            file_of(receive(str(n)))
        with django_assert_num_queries(6):  # session, user, two of permissions, messages, files
            viewer.get("inbound/")


def test_a_reply_is_sent_from_the_number_that_was_written_to(operator: Api, receive: Receive) -> None:
    message = receive()
    path = f"inbound/{message.pk}/reply/"
    response = operator.post(path, {"text": "Takk!"}, headers={"Idempotency-Key": "a"})
    assert response.status_code == 201
    assert response.json() == operator.post(path, {"text": "Takk!"}, headers={"Idempotency-Key": "a"}).json()
    reply = OutboundMessage.objects.get()
    assert (reply.recipient, reply.sender, reply.reply_to) == (NUMBER, "26114123450000", message)
    assert reply.created_by == operator.user
    assert operator.get(response["Location"]).json()["reply_to"] == message.pk


def test_a_text_sender_cannot_be_replied_to_and_a_reply_has_no_other_recipient(operator: Api, receive: Receive) -> None:
    response = operator.post(f"inbound/{receive(sender='Posten').pk}/reply/", {"text": "Takk!"})
    assert (response.status_code, response.json()["code"]) == (400, "not_repliable")
    response = operator.post(f"inbound/{receive().pk}/reply/", {"text": "Takk!", "to": "+4799999990"})
    assert response.json()["errors"][0]["code"] == "unknown_field"
    response = operator.post(f"inbound/{receive().pk}/reply/", {"text": "Takk!", "price": 500})
    assert response.status_code == 403


def test_the_timeline_has_the_arrival_and_the_reply(viewer: Api, receive: Receive) -> None:
    message = receive(process_at=None)
    message.reply("Takk!")
    entries = viewer.get(f"inbound/{message.pk}/timeline/").json()["entries"]
    assert [entry["kind"] for entry in entries] == ["sent", "received", "answer"]


def test_a_conversation_is_found_by_any_of_its_messages(viewer: Api, receive: Receive) -> None:
    ours = send_sms(NUMBER, "Hei")
    theirs = receive("Hei hei")
    send_sms("+4799999990", "Noe annet")
    for path in (f"messages/{ours.pk}/conversation/", f"inbound/{theirs.pk}/conversation/"):
        data = viewer.get(path).json()
        assert (data["account"], data["number"], data["next"]) == ("default", NUMBER, None)
        assert [entry["direction"] for entry in data["results"]] == ["outbound", "inbound"]
        assert data["results"][0]["outbound"]["id"] == ours.pk
        assert data["results"][1]["inbound"]["id"] == theirs.pk
        assert data["results"][1]["outbound"] is None
        latest = viewer.get(path, {"page_size": 1}).json()
        assert [entry["direction"] for entry in latest["results"]] == ["inbound"]
        assert [entry["direction"] for entry in viewer.get(latest["next"]).json()["results"]] == ["outbound"]


def test_a_message_without_a_number_belongs_to_no_conversation(viewer: Api, receive: Receive) -> None:
    receive(sender="")
    response = viewer.get(f"inbound/{receive(sender='').pk}/conversation/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_conversations_are_listed_with_their_latest_message(viewer: Api, receive: Receive) -> None:
    receive("Hei")
    send_sms(NUMBER, "Hei hei")
    receive("Noen der?", sender="+4799999990")

    def found(**query: Any) -> list[str]:
        return [each["number"] for each in viewer.get("conversations/", query).json()["results"]]

    page = viewer.get("conversations/", {"page_size": 1}).json()
    assert (page["results"][0]["number"], page["results"][0]["latest"]["inbound"]["text"]) == (
        "+4799999990",
        "Noen der?",
    )
    following = viewer.get(page["next"]).json()
    assert [each["number"] for each in following["results"]] == [NUMBER]
    assert viewer.get(following["results"][0]["url"]).json()["results"][-1]["outbound"]["text"] == "Hei hei"
    assert found() == ["+4799999990", NUMBER]
    assert found(number="999 99 999") == [NUMBER]
    assert found(unanswered="true") == ["+4799999990"]
    assert found(account="other") == []
    receive(sender="Posten")
    receive(sender="Posten2")
    assert found(number="Posten") == ["Posten"]


def test_a_handled_conversation_is_answered_until_the_next_inbound_message(operator: Api, receive: Receive) -> None:
    message = receive("Noen der?")

    def unanswered() -> list[str]:
        return [row["number"] for row in operator.get("conversations/?unanswered=true").json()["results"]]

    path = f"inbound/{message.pk}/handled/"
    marked = operator.post(path).json()
    assert (marked["up_to"], marked["by"]) == (message.pk, str(operator.user.pk))
    assert unanswered() == []
    assert operator.get(f"inbound/{message.pk}/conversation/").json()["handled"] == marked
    assert operator.delete(path).status_code == 204
    assert unanswered() == [NUMBER]
    assert operator.get(f"inbound/{message.pk}/conversation/").json()["handled"] is None
    operator.post(path)
    receive("Hallo?")
    assert unanswered() == [NUMBER]


def test_a_message_received_after_the_marked_one_is_unanswered(operator: Api, receive: Receive) -> None:
    seen = receive("Noen der?")
    receive("Hallo?")
    operator.post(f"inbound/{seen.pk}/handled/")
    assert len(operator.get("conversations/?unanswered=true").json()["results"]) == 1


def test_a_message_without_a_number_cannot_be_marked(operator: Api, receive: Receive) -> None:
    path = f"inbound/{receive(sender='').pk}/handled/"
    assert [operator.post(path).status_code, operator.delete(path).status_code] == [404, 404]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=older-1", f"cursor={2**63}-1", "unanswered=perhaps", "number="])
def test_an_invalid_query_of_conversations_is_refused(viewer: Api, query: str) -> None:
    response = viewer.get(f"conversations/?{query}")
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (400, query.split("=")[0])


def test_no_address_has_a_number_in_its_path(viewer: Api, receive: Receive) -> None:
    receive()
    send_sms(NUMBER, "Hei")
    for path in ("conversations/", "inbound/", "messages/"):
        for address in _addresses(viewer.get(path).json()):
            assert "99999999" not in address


def _addresses(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _addresses(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _addresses(inner)]
    return [value] if isinstance(value, str) and value.startswith("http") else []

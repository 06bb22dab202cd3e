"""Every endpoint, for a user who may see another account only (`ACCOUNT_ACCESS`)."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from django_front_sms import send_sms
from django_front_sms.conversations import is_unanswered
from django_front_sms.models import BulkSend, InboundMessage, OptOut, OutboundMessage, SavedText
from tests.rest.conftest import NUMBER, OPERATE, VIEW, Api
from tests.rest.endpoints import ENDPOINTS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def accounts_by_name(user: User) -> list[str] | None:
    """`ACCOUNT_ACCESS`: the account that a user's first name says; all of them without one."""
    return [user.first_name] if user.first_name else None


@pytest.fixture(autouse=True)
def _two_accounts(settings: Any) -> None:
    default = settings.FRONT_SMS["ACCOUNTS"]["default"]
    accounts = {"default": default, "other": {**default, "SERVICE_ID": 2, "SENDER": "Annet Firma"}}
    access = f"{__name__}.accounts_by_name"
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": accounts, "ACCOUNT_ACCESS": access}


@pytest.fixture
def restricted(login: Any) -> Api:
    """A user with every permission, but for the account `other` only."""
    api: Api = login(*VIEW, *OPERATE)
    User.objects.filter(pk=api.user.pk).update(first_name="other")
    return api


def counts() -> list[int]:
    return [model.objects.count() for model in (OutboundMessage, InboundMessage, BulkSend, OptOut)]


@pytest.mark.parametrize(("method", "path", "body", "required", "status"), ENDPOINTS)
def test_rows_of_another_account_are_neither_shown_nor_changed(
    restricted: Api, ids: dict[str, int], method: str, path: str, body: Any, required: Any, status: int
) -> None:
    before = counts()
    response = getattr(restricted, method.lower())(path.format(**ids), body)
    if path == "preview/":  # it belongs to no account
        assert response.status_code == 200
    elif method == "GET" and "{" not in path:
        assert (response.status_code, response.json()["results"]) == (200, [])
    else:
        assert response.status_code == (404 if "{" in path else 403)
    assert counts() == before
    assert OutboundMessage.objects.get(pk=ids["message"]).state == "queued"


@pytest.mark.parametrize("account", ["default", "nowhere"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages/", {"to": NUMBER, "text": "Hei"}),
        ("bulk/", {"to": [NUMBER], "text": "Hei"}),
        ("opt-outs/", {"number": NUMBER}),
    ],
)
def test_an_account_that_may_not_be_used_is_refused_whether_it_exists_or_not(
    restricted: Api, path: str, body: Any, account: str
) -> None:
    response = restricted.post(path, {**body, "account": account})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert restricted.post(path, {**body, "account": "other"}).status_code == 201


def test_one_message_from_an_account_that_may_not_be_used_refuses_all(restricted: Api) -> None:
    messages = [{"to": NUMBER, "text": "1", "account": "other"}, {"to": NUMBER, "text": "2"}]
    assert restricted.post("messages/many/", {"messages": messages}).status_code == 403
    assert not OutboundMessage.objects.exists()
    assert restricted.post("messages/many/", {"messages": messages[:1]}).status_code == 201


def test_access_is_looked_up_once_for_many_messages(
    restricted: Api, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setitem(globals(), "accounts_by_name", lambda user: calls.append(user) or ["other"])
    messages = [{"to": NUMBER, "text": str(n), "account": "other"} for n in range(50)]
    assert restricted.post("messages/many/", {"messages": messages}).status_code == 201
    assert len(calls) == 1


def test_saved_texts_for_every_account_are_shown(restricted: Api, ids: dict[str, int]) -> None:
    shared = SavedText.objects.create(name="stengt", text="Stengt i dag")
    assert [row["id"] for row in restricted.get("saved-texts/").json()["results"]] == [shared.pk]
    assert restricted.get(f"saved-texts/{shared.pk}/").json()["text"] == "Stengt i dag"


def test_a_mark_as_handled_of_another_account_is_kept(restricted: Api, login: Any, ids: dict[str, int]) -> None:
    path = f"inbound/{ids['inbound']}/handled/"
    assert login(*VIEW, *OPERATE).post(path).status_code == 200
    assert restricted.delete(path).status_code == 404
    assert is_unanswered("default", NUMBER) is False


def test_rows_of_the_own_account_are_shown_among_others(restricted: Api, ids: dict[str, int], receive: Any) -> None:
    own = send_sms("+4799999991", "Hei", account="other")
    theirs = receive("Hei", account="other", sender="+4799999991")
    assert [row["id"] for row in restricted.get("messages/").json()["results"]] == [own.pk]
    assert [row["id"] for row in restricted.get("inbound/").json()["results"]] == [theirs.pk]
    for query in ({}, {"account": "other"}, {"number": "+4799999991"}, {"unanswered": "true"}):
        found = restricted.get("conversations/", query).json()["results"]
        assert [(row["account"], row["number"]) for row in found] == [("other", "+4799999991")], query
    assert restricted.get("conversations/", {"account": "default"}).json()["results"] == []
    assert len(restricted.get(f"messages/{own.pk}/conversation/").json()["results"]) == 2


def test_a_user_with_access_to_all_accounts_sees_all_accounts(login: Any, ids: dict[str, int], receive: Any) -> None:
    receive("Hei", account="other", sender="+4799999991")
    api = login(*VIEW)
    assert {row["account"] for row in api.get("conversations/").json()["results"]} == {"default", "other"}

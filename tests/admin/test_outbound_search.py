"""Search and filters in the list of outbound messages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms.admin.search import prefixes
from django_front_sms.models import OutboundMessage
from django_front_sms.states import State
from tests.factories import OutboundMessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/outboundmessage/"


def found(browser, query: str, **filters) -> list[int]:
    answer = browser.get(LIST, {"q": query, **filters})
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


@pytest.mark.parametrize(
    "written",
    [
        "+4799999999",
        "99999999",
        "999 99 999",
        "0047 999 99 999",
        "+47-999-99-999",
        "(+47) 99999999",
        "4799999999",
        "99.99.99.99",
        "+47999",
        "004799999",
        "999 99",
        "47 999",
        "  99999999 ",
    ],
)
def test_a_number_is_found_in_any_spelling(viewer, written):
    wanted = OutboundMessageFactory(recipient="+4799999999")
    OutboundMessageFactory(recipient="+4791234567")
    OutboundMessageFactory(recipient="+46701234567")

    assert found(viewer, written) == [wanted.pk]


def test_a_swedish_number_is_found_by_its_national_form_where_sweden_is_home(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "DEFAULT_REGION": "SE"}
    wanted = OutboundMessageFactory(recipient="+46701234567")

    assert found(viewer, "070-123 45 67") == [wanted.pk]


def test_a_number_is_not_found_by_its_end():
    assert all(prefix.endswith("4567") and len(prefix) < 9 for prefix in prefixes("4567"))


@pytest.mark.sqlite
def test_a_search_by_number_is_answered_by_an_index(viewer):
    from django_front_sms.admin import search

    plan = (
        search.find(OutboundMessage.objects.all(), search.Search("999 99 999", number="recipient"))[0]
        .order_by()
        .explain()
    )

    assert "front_sms_out_recipient" in plan and "SCAN front_sms_outboundmessage" not in plan


@pytest.mark.parametrize("query", ["145099", "#145099", "# 145099"])
def test_a_message_is_found_by_fronts_id(viewer, query):
    wanted = OutboundMessageFactory(gateway_id=145099, state=State.SENT)
    OutboundMessageFactory(gateway_id=145098, state=State.SENT)

    assert found(viewer, query) == [wanted.pk]


def test_a_message_is_found_by_its_own_id(viewer):
    wanted = OutboundMessageFactory()
    OutboundMessageFactory()

    assert found(viewer, f"#{wanted.pk}") == [wanted.pk]


def test_a_message_is_found_by_words_of_its_text_or_by_its_sender(viewer):
    wanted = OutboundMessageFactory(text="Timen er flyttet til torsdag", sender="Legen")
    OutboundMessageFactory(text="Annet")

    assert found(viewer, "flyttet til") == [wanted.pk]
    assert found(viewer, "Legen") == [wanted.pk]


@pytest.mark.parametrize("words", ["FLYTTET til", "flyttet TIL Åsgård", "Åsgård", "50% av", "a_b", '"50%"', "\\o/"])
def test_words_are_found_in_any_case_and_wildcards_are_literal(viewer, words):
    wanted = OutboundMessageFactory(text="Timen er Flyttet til Åsgård, 50% av a_b \\o/")
    OutboundMessageFactory(text="Timen er byttet om, 50 av acb /o/")

    assert found(viewer, words) == [wanted.pk]


def test_words_are_looked_for_among_the_latest_and_in_all_texts_by_a_click(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 2)
    old = OutboundMessageFactory(text="Timen er flyttet")
    new = [OutboundMessageFactory(text="Timen er flyttet"), OutboundMessageFactory(text="Annet")]

    page = viewer.get(LIST, {"q": "flyttet", "state__exact": "queued"})
    everything = page.context["cl"].search_all

    assert [row.pk for row in page.context["cl"].result_list] == [new[0].pk]
    assert "Only the latest 2 were searched." in page.content.decode()
    answer = viewer.get(LIST + everything)
    assert [row.pk for row in answer.context["cl"].result_list] == [new[0].pk, old.pk]
    assert "Only the latest" not in answer.content.decode()
    assert "state__exact=queued" in everything


def test_no_notice_is_shown_if_all_messages_were_searched(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 1)
    OutboundMessageFactory(text="Timen er flyttet")

    assert "Only the latest" not in viewer.get(LIST, {"q": "flyttet"}).content.decode()


@pytest.mark.parametrize("query", ["99999999", "#1", ""])
def test_a_search_that_uses_an_index_includes_old_messages(viewer, monkeypatch, query):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 1)
    OutboundMessageFactory(recipient="+4799999999", gateway_id=1)
    OutboundMessageFactory(recipient="+4799999999", gateway_id=1)

    page = viewer.get(LIST, {"q": query})

    assert len(page.context["cl"].result_list) == 2
    assert "Only the latest" not in page.content.decode()


def test_many_hits_among_the_latest_are_all_listed(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 4)
    monkeypatch.setattr("django_front_sms.admin.search.FEW", 2)
    rows = [OutboundMessageFactory(text="Timen er flyttet") for _ in range(5)]

    page = viewer.get(LIST, {"q": "flyttet"})

    assert [row.pk for row in page.context["cl"].result_list] == [row.pk for row in reversed(rows[1:])]
    assert "There are more." in page.content.decode()


def test_digits_in_quotes_are_words_of_the_text(viewer):
    wanted = OutboundMessageFactory(text="Koden er 482913")

    assert found(viewer, "482913") == []
    assert found(viewer, '"482913"') == [wanted.pk]


@pytest.mark.parametrize("query", ["+", "00", "#", "#99999999999999999999999", "9" * 300, "%", "'", "- -"])
def test_unusual_searches_find_nothing_without_errors(viewer, query):
    OutboundMessageFactory(text="abc")

    assert found(viewer, query) == []


def test_filters_narrow_by_state_account_priority_and_age(viewer, settings):
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    settings.FRONT_SMS = {
        **settings.FRONT_SMS,
        "ACCOUNTS": {**accounts, "other": {**accounts["default"], "SERVICE_ID": 5}},
    }
    old = OutboundMessageFactory(state=State.SENT, priority=1, account="other")
    new = OutboundMessageFactory(recipient="+4791111111", created_at=timezone.now())

    assert found(viewer, "", state__exact="sent") == [old.pk]
    assert found(viewer, "", account="other") == [old.pk]
    assert found(viewer, "", priority__exact="1") == [old.pk]
    assert found(viewer, "", created_at="24") == [new.pk]


def test_the_latest_of_each_account_are_listed_even_where_the_settings_know_it_no_more(viewer):
    now = timezone.now()
    new = [
        OutboundMessageFactory(account=account, created_at=now)
        for account in ("zulu", "default", "alfa", "default", "gone")
    ]
    OutboundMessageFactory(account="default", created_at=now - timedelta(hours=2))
    OutboundMessageFactory(account="old", created_at=now - timedelta(hours=200))

    assert found(viewer, "", created_at="1") == [row.pk for row in reversed(new)]


def test_the_latest_of_an_empty_table_are_none(viewer):
    assert found(viewer, "", created_at="24") == []


def test_a_sensitive_text_is_not_found_by_its_words(admin_client):
    OutboundMessageFactory(text="Koden er abcdef", sensitive=True)
    other = OutboundMessageFactory(text="Koden er endret")

    page = admin_client.get(LIST, {"q": "koden"})

    assert [row.pk for row in page.context["cl"].result_list] == [other.pk]

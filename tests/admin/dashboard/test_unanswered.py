"""The card of conversations without an answer."""

import pytest
from django.urls import reverse

from django_front_sms.contacts import Contacts
from tests.admin.dashboard.alert_rows import question
from tests.admin.dashboard.dashboard_page import cards, dashboard
from tests.factories import OutboundMessageFactory

pytestmark = pytest.mark.django_db


class Names(Contacts):
    calls = 0

    def labels(self, numbers):
        Names.calls += 1
        return {number: "Kari Nordmann" for number in numbers if number == "+4799999999"}


def test_the_conversation_that_waits_longest_comes_first_with_its_contact_name(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"{__name__}.Names"}
    first = question("+4799999999", 5, text="Er det\nåpent?")
    question("+4799999998", 4, opt_out_intent="out")
    question("+4799999997", 3, text="Hallo?")
    OutboundMessageFactory(unconfirmed=True)

    card = dashboard(viewer).context["cards"][0]

    assert (card.key, card.title) == ("unanswered", "2 conversations wait for an answer")
    assert [(line.words, line.detail) for line in card.lines] == [
        ("Kari Nordmann (+47 99 99 99 99)", "Er det åpent?"),
        ("+47 99 99 99 97", "Hallo?"),
    ]
    assert card.lines[0].url == reverse("admin:front_sms_conversation_in", args=[first.pk])


def test_all_cards_name_people_with_one_call(viewer, settings, monkeypatch):
    monkeypatch.setattr(Names, "calls", 0)
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"{__name__}.Names"}
    question("+4799999997", 3)
    OutboundMessageFactory(unconfirmed=True, recipient="+4799999999")

    words = {card.key: [line.words for line in card.lines] for card in dashboard(viewer).context["cards"]}

    assert words == {"unanswered": ["+47 99 99 99 97"], "unconfirmed": ["Kari Nordmann (+47 99 99 99 99)"]}
    assert Names.calls == 1


def test_at_most_five_conversations_are_shown_with_a_link_to_all(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.dashboard.alerts.MOST_COUNTED", 6)
    monkeypatch.setattr("django_front_sms.admin.conversations.threads.MOST_COUNTED", 6)
    for n in range(8):
        question(f"+479999999{n}", 8 - n)

    (card,) = dashboard(viewer).context["cards"]

    assert len(card.lines) == 5 and card.title == "5+ conversations wait for an answer"
    assert card.more == ("/admin/front_sms/conversation/?show=unanswered", "See all 5+")


def test_the_dashboard_hides_conversations_without_permission(login):
    question("+4799999999", 1)

    answer = dashboard(login("view_outboundmessage"))

    assert answer.context["cards"] == [] and "Last message in" not in {tile.name for tile in answer.context["tiles"]}


def test_only_conversations_of_the_users_accounts_are_shown(viewer, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNT_ACCESS": "tests.admin.test_index.only_default"}
    question("+4799999999", 1, account="other")

    assert cards(viewer) == []

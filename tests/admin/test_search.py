"""Searching messages: last digits, words in any order, days, and empty results."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.factories import InboundMessageFactory, OptOutFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

SENT, CAME = "/admin/front_sms/outboundmessage/", "/admin/front_sms/inboundmessage/"
OSLO = ZoneInfo("Europe/Oslo")


def found(browser, address=SENT, **query):
    return [row.pk for row in browser.get(address, query).context["cl"].result_list]


@pytest.mark.parametrize("term", ["0001", "001", "00 01", "20001"])
def test_a_number_is_found_by_its_last_digits(viewer, term):
    OutboundMessageFactory(recipient="+4790010000")
    wanted = OutboundMessageFactory(recipient="+4790020001")
    received = InboundMessageFactory(sender="+4790020001")

    assert found(viewer, q=term) == [wanted.pk]
    assert found(viewer, CAME, q=term) == [received.pk]


def test_last_digits_are_looked_for_among_the_latest_and_beginnings_among_all(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 1)
    begins = OutboundMessageFactory(recipient="+4712345678")
    OutboundMessageFactory(recipient="+4799991234")
    ends = OutboundMessageFactory(recipient="+4790001234")

    page = viewer.get(SENT, {"q": "1234"})

    assert [row.pk for row in page.context["cl"].result_list] == [ends.pk, begins.pk]
    assert "Only the latest 1 were searched." in page.content.decode()


@pytest.mark.parametrize("term", ["0001", "01", "001"])
def test_digits_that_begin_with_a_zero_are_no_primary_key(viewer, term):
    assert OutboundMessageFactory(pk=1, recipient="+4799999999").pk == 1

    assert found(viewer, q=term) == []
    assert found(viewer, q="#1") == [1]


def test_an_opt_out_is_found_by_its_last_digits(admin_client):
    wanted = OptOutFactory(number="+4790020001")
    OptOutFactory(number="+4790020002")

    assert found(admin_client, "/admin/front_sms/optout/", q="0001") == [wanted.pk]


@pytest.mark.parametrize("term", ["torsdag timen", "TIMEN torsdag", '"flyttet til" timen', "til «er flyttet»"])
def test_words_are_found_in_any_order_and_quoted_ones_together(viewer, term):
    wanted = OutboundMessageFactory(text="Timen er flyttet til torsdag")
    OutboundMessageFactory(text="Timen er avlyst")
    OutboundMessageFactory(text="Til torsdag, flyttet er timen ikke")

    assert wanted.pk in found(viewer, q=term)
    assert len(found(viewer, q=term)) == (1 if '"' in term or "«" in term else 2)


def test_a_range_of_days_has_its_first_and_last_day_in_the_sites_time_zone(viewer):
    times = [(1, 23, 59), (2, 0, 0), (3, 23, 59), (4, 0, 0)]
    rows = [
        OutboundMessageFactory(created_at=datetime(2026, 3, day, hour, minute, tzinfo=OSLO)).pk
        for day, hour, minute in times
    ]

    assert found(viewer, **{"from": "2026-03-02", "until": "2026-03-03"}) == [rows[2], rows[1]]
    assert found(viewer, **{"from": "2026-03-04"}) == [rows[3]]
    assert found(viewer, until="2026-03-01") == [rows[0]]
    assert len(found(viewer, **{"from": "no date", "until": "0000-00-00"})) == 4


def test_words_in_a_range_of_days_are_found_however_old_they_are(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 1)
    old = OutboundMessageFactory(text="Timen er flyttet", created_at=datetime(2026, 1, 2, 12, tzinfo=OSLO))
    OutboundMessageFactory(text="Timen er flyttet", created_at=datetime(2026, 3, 2, 12, tzinfo=OSLO))
    OutboundMessageFactory(text="Timen er flyttet", created_at=datetime(2026, 3, 3, 12, tzinfo=OSLO))

    assert found(viewer, q="timen", **{"from": "2026-01-01", "until": "2026-01-31"}) == [old.pk]


def test_the_form_for_days_keeps_the_search_and_the_other_filters(viewer):
    content = viewer.get(SENT, {"q": "timen", "state__exact": "sent", "created_at": "24"}).content.decode()
    form = content.partition('class="fs-range"')[2].partition("</form>")[0]

    assert 'name="q" value="timen"' in form and 'name="state__exact" value="sent"' in form
    assert 'name="created_at"' not in form and 'type="date" name="from"' in form


def test_a_list_without_rows_says_what_was_searched_and_what_to_try(viewer):
    content = viewer.get(SENT, {"q": "tima", "state__exact": "sent"}).content.decode()

    assert "Nothing was found" in content and "Searched for: tima" in content and "State: sent" in content
    assert "last digits" in content and '<a href="?q=tima">' in content
    assert "There is nothing here yet" in viewer.get(SENT).content.decode()


def test_a_list_can_be_sorted_by_time_in_both_directions(viewer):
    first, second = OutboundMessageFactory(), OutboundMessageFactory()
    column = list(viewer.get(SENT).context["cl"].list_display).index("created_")

    assert found(viewer, o=column) == [first.pk, second.pk]
    assert found(viewer, o=f"-{column}") == [second.pk, first.pk]

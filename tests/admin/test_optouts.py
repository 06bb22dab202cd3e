"""Opt-outs and counter gaps in the admin."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.urls import reverse

from django_front_sms.models import CounterGap, OptOut
from django_front_sms.states import State
from tests.factories import NOON, InboundMessageFactory, OptOutFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/optout/"
GAPS = "/admin/front_sms/countergap/"


@pytest.fixture
def clerk(login):
    return login("view_optout", "add_optout", "change_optout", "delete_optout")


def test_staff_opt_out_a_number_in_any_spelling(clerk):
    clerk.post(f"{LIST}add/", {"number": "999 99 999", "sender": "59 44 00 00", "account": "default"})
    row = OptOut.objects.get()
    assert (row.number, row.sender, row.account, row.message) == ("+4799999999", "+4759440000", "default", None)
    assert row.created_by is not None and row.created_by.username in clerk.get(LIST).content.decode()


@pytest.mark.parametrize("number", ["x", "", "12", "+" + "9" * 30])
def test_a_text_that_is_no_number_is_refused(clerk, number):
    answer = clerk.post(f"{LIST}add/", {"number": number, "sender": "", "account": "default"})
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert not OptOut.objects.exists()


def test_a_repeated_opt_out_is_refused_with_an_error(clerk):
    for _time in range(2):
        answer = clerk.post(f"{LIST}add/", {"number": "+4799999999", "sender": "", "account": "default"})
    assert "already exists" in answer.content.decode()
    assert OptOut.objects.count() == 1


def test_an_opt_out_that_exists_is_deleted_and_added_never_changed(admin_client):
    row = OptOutFactory(number="+4799999999", message=InboundMessageFactory(text="STOPP"))
    url = reverse("admin:front_sms_optout_change", args=[row.pk])

    assert "<input" not in admin_client.get(url).content.decode().partition('id="content-main"')[2]
    assert admin_client.post(url, {"number": "+4790000000", "sender": "x", "account": "default"}).status_code == 403

    row.refresh_from_db()
    assert (row.number, row.sender) == ("+4799999999", "")


def test_deleting_requires_its_permission_and_the_history_keeps_the_old_value(clerk, login):
    row = OptOutFactory(number="+4799999999", sender="Mitt Firma")
    url = reverse("admin:front_sms_optout_delete", args=[row.pk])
    page = reverse("admin:front_sms_optout_change", args=[row.pk])

    operator = login("view_optout", "add_optout", "change_optout")
    assert operator.post(url, {"post": "yes"}).status_code == 403
    assert "../delete/" not in operator.get(page).content.decode()
    assert "../delete/" in clerk.get(page).content.decode()
    answer = clerk.post(url, {"post": "yes"}, follow=True).content.decode()

    assert not OptOut.objects.exists() and "messages are sent again" in answer
    entry = LogEntry.objects.get(action_flag=DELETION)
    assert entry.get_change_message() == "+4799999999, Mitt Firma, default"


def test_a_wrong_number_is_explained_without_a_mask_and_in_the_language_of_the_user(clerk, settings):
    data = {"number": "9999x", "sender": "", "account": "default"}

    assert "The number contains letters" in clerk.post(f"{LIST}add/", data).content.decode()
    answer = clerk.post(f"{LIST}add/", {**data, "number": "12"}, headers={"accept-language": "nb"}).content.decode()
    assert "•••" not in answer and "Nummeret har for få eller for mange sifre" in answer


def test_the_report_names_the_number_and_the_sender(clerk):
    data = {"number": "99999999", "sender": "Mitt Firma", "account": "default"}
    answer = clerk.post(f"{LIST}add/", data, follow=True).content.decode()

    assert (
        "+4799999999 gets no more messages from Mitt Firma." in answer
        and "#1" not in answer.partition("messagelist")[2][:200]
    )


def test_an_opt_out_of_a_removed_account_can_be_viewed(clerk):
    row = OptOutFactory(number="+4799999999", account="removed")
    assert clerk.get(reverse("admin:front_sms_optout_change", args=[row.pk])).status_code == 200


def test_users_with_view_permission_change_nothing(login):
    reader = login("view_optout")
    row = OptOutFactory(number="+4799999999")
    url = reverse("admin:front_sms_optout_change", args=[row.pk])
    assert 'name="_save"' not in reader.get(url).content.decode()
    assert reader.post(url, {"number": "+4799999998", "sender": "", "account": "default"}).status_code == 403
    assert reader.get(f"{LIST}add/").status_code == 403


def test_a_number_is_found_by_its_beginning(clerk):
    OptOutFactory(number="+4799999999")
    OptOutFactory(number="+4791234567")
    rows = clerk.get(LIST, {"q": "912 34"}).context["cl"].result_list
    assert [row.number for row in rows] == ["+4791234567"]


def test_open_counter_gaps_come_first_and_say_what_to_do(viewer):
    closed = CounterGap.objects.create(account="default", first=1, last=2, shown_at=NOON, closed_at=NOON)
    missing = CounterGap.objects.create(account="default", first=5, last=8, came=[6], shown_at=NOON, announced_at=NOON)
    anew = CounterGap.objects.create(
        account="default", first=1, last=9, shown_at=NOON, closed_at=NOON + timedelta(days=1), is_reset=True
    )
    rows = viewer.get(GAPS).context["cl"].result_list
    assert [row.pk for row in rows] == [missing.pk, anew.pk, closed.pk]
    content = viewer.get(reverse("admin:front_sms_countergap_change", args=[missing.pk])).content.decode()
    assert "5, 7, 8" in content and "These messages did not arrive" in content
    assert [row.pk for row in viewer.get(GAPS, {"open": "yes"}).context["cl"].result_list] == [missing.pk]
    assert len(viewer.get(GAPS, {"open": "no"}).context["cl"].result_list) == 2


def test_messages_that_never_had_a_status_can_be_listed(viewer):
    silent = OutboundMessageFactory(state=State.SENT, gateway_id=1, sent_at=NOON, status_missed_at=NOON)
    OutboundMessageFactory(state=State.DELIVERED, gateway_id=2, sent_at=NOON, status_missed_at=NOON)
    answer = viewer.get("/admin/front_sms/outboundmessage/", {"status": "missing"})
    assert [row.pk for row in answer.context["cl"].result_list] == [silent.pk]
    assert "none after 24 hours" in answer.content.decode()

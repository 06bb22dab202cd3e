"""Finding outgoing messages, and acting upon them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from django_front_sms.admin.actions import MAX_ROWS, ActionsAdmin
from django_front_sms.admin.search import prefixes
from django_front_sms.models import AccountState, Decision, Event, OutboundMessage
from django_front_sms.models.outbound import HIDDEN_TEXT
from django_front_sms.states import State
from tests.factories import AccountStateFactory, EventFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/outboundmessage/"


def act(browser, row, name, **data):
    address = reverse(f"admin:front_sms_{row._meta.model_name}_action", args=[row.pk, name])
    return browser.post(address, {"confirmed": "yes", **data}, follow=True)


def act_on_list(browser, rows, name, **data):
    chosen = {"action": name, "_selected_action": [row.pk for row in rows], "confirmed": "yes"}
    return browser.post(LIST, {**chosen, **data}, follow=True)


def state_of(row: OutboundMessage) -> str:
    return OutboundMessage.objects.get(pk=row.pk).state


def found(browser, query: str, **filters) -> list[int]:
    answer = browser.get(LIST, {"q": query, **filters})
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


# ---- Finding


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
def test_a_number_is_found_however_people_write_it(viewer, written):
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
def test_words_are_found_in_small_letters_and_large_ones_and_signs_as_they_are(viewer, words):
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


def test_where_all_messages_were_searched_nothing_is_said(viewer, monkeypatch):
    monkeypatch.setattr("django_front_sms.admin.search.LATEST", 1)
    OutboundMessageFactory(text="Timen er flyttet")

    assert "Only the latest" not in viewer.get(LIST, {"q": "flyttet"}).content.decode()


@pytest.mark.parametrize("query", ["99999999", "#1", ""])
def test_what_an_index_finds_is_found_however_old_it_is(viewer, monkeypatch, query):
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
def test_odd_searches_find_nothing_and_break_nothing(viewer, query):
    OutboundMessageFactory(text="abc")

    assert found(viewer, query) == []


def test_filters_narrow_by_state_account_priority_and_age(viewer, settings):
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    settings.FRONT_SMS = {
        **settings.FRONT_SMS,
        "ACCOUNTS": {**accounts, "other": {**accounts["default"], "SERVICE_ID": 5}},
    }
    old = OutboundMessageFactory(state=State.SENT, priority=1, account="other")
    new = OutboundMessage.objects.create(account="default", recipient="+4791111111", sender="x", text="x")

    assert found(viewer, "", state__exact="sent") == [old.pk]
    assert found(viewer, "", account="other") == [old.pk]
    assert found(viewer, "", priority__exact="1") == [old.pk]
    assert found(viewer, "", created_at="24") == [new.pk]


# ---- Acting


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


def test_the_page_offers_only_what_is_possible_and_allowed(boss, viewer):
    sms = OutboundMessageFactory(unconfirmed=True)
    address = reverse("admin:front_sms_outboundmessage_change", args=[sms.pk])

    assert {a.name for a in boss.get(address).context["row_actions"]} == {"mark_sent", "send_anyway", "give_up"}
    assert viewer.get(address).context["row_actions"] == []
    assert "You have no permission" not in boss.get(address).content.decode()


@pytest.mark.parametrize("name", ["cancel", "resend", "mark_sent", "send_anyway", "give_up"])
def test_without_its_permission_an_act_is_refused_and_nothing_changes(viewer, name):
    trait = {"resend": "delivered", "cancel": "queued"}.get(name, "unconfirmed")
    sms = OutboundMessageFactory(**{trait: True})
    before = OutboundMessage.objects.order_by("pk").values_list("pk", "state")
    before = list(before)

    assert act(viewer, sms, name).status_code == 403
    act_on_list(viewer, [sms], name)

    assert list(OutboundMessage.objects.order_by("pk").values_list("pk", "state")) == before
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("name", "codename"), [("cancel", "resend_outboundmessage"), ("mark_sent", "cancel_outboundmessage")]
)
def test_the_permission_for_another_act_is_not_enough(login, name, codename):
    browser = login("view_outboundmessage", codename)

    assert act(browser, OutboundMessageFactory(unconfirmed=True), name).status_code == 403


def test_actions_require_the_permission_to_view_the_message(login):
    sms = OutboundMessageFactory()

    assert act(login("cancel_outboundmessage"), sms, "cancel").status_code == 403
    assert state_of(sms) == State.QUEUED


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_an_act_is_done_by_post_alone(boss, method):
    sms = OutboundMessageFactory()

    answer = getattr(boss, method)(reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, "cancel"]))

    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert state_of(sms) == State.QUEUED


def test_an_act_from_another_site_is_refused(boss):
    boss.handler.enforce_csrf_checks = True
    sms = OutboundMessageFactory()

    assert act(boss, sms, "cancel").status_code == 403
    assert state_of(sms) == State.QUEUED


def test_an_act_that_does_not_exist_and_a_message_that_does_not_are_not_found(boss):
    sms = OutboundMessageFactory()

    assert act(boss, sms, "erase").status_code == 404
    assert boss.post(f"{LIST}{sms.pk + 1}/action/cancel/").status_code == 404
    assert boss.post(f"{LIST}abc/action/cancel/").status_code == 404


def test_cancelling_takes_a_message_out_of_the_queue_and_says_who(boss):
    sms = OutboundMessageFactory()

    content = act(boss, sms, "cancel").content.decode()

    assert state_of(sms) == State.CANCELLED
    assert Decision.objects.get(message=sms).by.username in content
    assert LogEntry.objects.get().object_id == str(sms.pk)


def test_what_cannot_be_cancelled_says_why(boss):
    sms = OutboundMessageFactory(retried=True)

    assert "only a queued one can be cancelled" in act(boss, sms, "cancel").content.decode()
    assert state_of(sms) == State.DELIVERED and not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("name", "state", "given_up"),
    [
        ("mark_sent", State.SENT, False),
        ("send_anyway", State.QUEUED, False),
        ("give_up", State.UNCONFIRMED, True),
    ],
)
def test_a_person_decides_about_an_unconfirmed_message(boss, name, state, given_up):
    sms = OutboundMessageFactory(unconfirmed=True)

    act(boss, sms, name)

    sms.refresh_from_db()
    assert (sms.state, sms.given_up) == (state, given_up)
    assert Decision.objects.get(message=sms).action == name


@pytest.mark.parametrize("name", ["resend", "send_anyway", "mark_sent", "give_up", "cancel"])
def test_every_act_asks_before_it_is_done(boss, name):
    trait = {"resend": "delivered", "cancel": "queued"}.get(name, "unconfirmed")
    sms = OutboundMessageFactory(**{trait: True})
    before = list(OutboundMessage.objects.values_list("pk", "state", "given_up"))

    answer = act(boss, sms, name, confirmed="")

    assert answer.status_code == 200 and 'name="confirmed"' in answer.content.decode()
    assert list(OutboundMessage.objects.values_list("pk", "state", "given_up")) == before
    assert not Decision.objects.exists() and not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ["resend", "send_anyway"])
def test_what_sends_says_what_that_costs(boss, settings, name):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.55")}
    trait = {"delivered" if name == "resend" else "unconfirmed": True}
    rows = [OutboundMessageFactory(segments=n, recipient=f"+479123456{n}", **trait) for n in (2, 1)]

    assert "That costs about 1.10 kr." in act(boss, rows[0], name, confirmed="").content.decode()
    assert "That costs about 1.65 kr." in act_on_list(boss, rows, name, confirmed="").content.decode()


def test_what_sends_nothing_or_has_no_price_says_nothing_of_costs(boss, settings):
    assert "costs" not in act(boss, OutboundMessageFactory(retried=True), "resend", confirmed="").content.decode()
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.55")}

    assert "costs" not in act(boss, OutboundMessageFactory(), "cancel", confirmed="").content.decode()


def test_sending_once_more_makes_a_new_message_and_leads_to_it(boss):
    sms = OutboundMessageFactory(retried=True)

    answer = act(boss, sms, "resend")

    new = OutboundMessage.objects.latest("pk")
    assert new.pk != sms.pk and (new.text, new.recipient) == (sms.text, sms.recipient)
    assert answer.redirect_chain[-1][0] == reverse("admin:front_sms_outboundmessage_change", args=[new.pk])
    assert new.created_by is not None


def test_a_double_click_sends_once_and_a_second_thought_sends_again(boss):
    sms = OutboundMessageFactory(retried=True)
    pages = [act(boss, sms, "resend", confirmed="").content.decode() for _ in range(2)]
    keys = [re.search('name="confirmed" value="(.+?)"', page)[1] for page in pages]

    for key in (keys[0], keys[0], keys[1]):
        act(boss, sms, "resend", confirmed=key)

    assert OutboundMessage.objects.filter(metadata={"resend_of": sms.pk}).count() == 2


def test_many_are_cancelled_from_the_list_and_the_others_say_why_not(boss):
    queued, gone = [OutboundMessageFactory(), OutboundMessageFactory()], OutboundMessageFactory(retried=True)

    content = act_on_list(boss, [*queued, gone], "cancel").content.decode()

    assert {state_of(row) for row in queued} == {State.CANCELLED}
    assert (
        "2 messages were stopped." in content and f"{gone.recipient} (#{gone.pk}): This message is delivered" in content
    )


def test_the_list_asks_before_it_sends_and_then_sends(boss):
    rows = [OutboundMessageFactory(unconfirmed=True), OutboundMessageFactory(unconfirmed=True)]

    asked = act_on_list(boss, rows, "send_anyway", confirmed="").content.decode()

    assert all(f'value="{row.pk}"' in asked for row in rows) and not Decision.objects.exists()

    act_on_list(boss, rows, "send_anyway")

    assert {state_of(row) for row in rows} == {State.QUEUED}


def test_all_of_a_long_list_can_be_selected_and_the_page_that_asks_says_for_how_many_it_is(boss):
    OutboundMessage.objects.bulk_create(
        OutboundMessage(account="default", sender="Mitt Firma", recipient="+4799999999", text="Hei")
        for _ in range(1010)
    )

    asked = act_on_list(boss, [], "cancel", confirmed="", select_across="1", _selected_action=["1"])

    content = asked.content.decode()
    assert f"This is for the first {MAX_ROWS} of your selection" in content
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', content):
        fields.setdefault(name, []).append(value)
    assert boss.post(LIST, fields).status_code == 302
    assert OutboundMessage.objects.filter(state=State.CANCELLED).count() == MAX_ROWS


def test_resuming_a_paused_account_requires_its_permission(boss, viewer, settings):
    from django_front_sms.conf import get_settings

    account = AccountStateFactory(paused=True, pause_code=13)
    AccountState.objects.filter(pk=account.pk).update(key=get_settings().account("default").gateway)

    assert act(viewer, account, "resume").status_code == 403

    act(boss, account, "resume")

    account.refresh_from_db()
    assert account.paused_at is None
    assert Decision.objects.get().action == "resume"
    assert "not paused" in act(boss, account, "resume").content.decode()


def test_an_event_that_was_given_up_is_delivered_again(boss, viewer):
    failed, fine = EventFactory(subject="out:1", failed=True, traceback="x"), EventFactory(subject="out:1")

    assert act(viewer, failed, "deliver_again").status_code == 403

    act(boss, failed, "deliver_again")

    assert Event.objects.get(pk=failed.pk).next_at is not None
    assert "This event has not failed" in act(boss, fine, "deliver_again").content.decode()


def test_events_come_by_time_and_those_that_failed_are_a_filter_away(viewer):
    failed = EventFactory(subject="out:1", failed=True)
    fine = EventFactory(subject="out:2")

    def listed(**filters):
        return list(viewer.get("/admin/front_sms/event/", filters).context["cl"].result_list)

    assert listed() == [fine, failed]
    assert listed(failed__exact="1") == [failed]


def test_every_action_requires_a_permission_that_exists(django_db_setup):
    from django.contrib import admin
    from django.contrib.auth.models import Permission

    known = set(Permission.objects.values_list("content_type__app_label", "codename"))
    admins = [each for each in admin.site._registry.values() if isinstance(each, ActionsAdmin)]
    actions = [action for each in admins for action in each.row_actions]

    assert len(actions) == 9
    assert all(("front_sms", each.permission) in known for each in actions)


# ---- What a message needs of whoever sends it again

NEEDS = [({"price": 20000}, "set_price_outboundmessage"), ({"ignore_opt_out": True}, "ignore_opt_out_outboundmessage")]
SENDING = {"resend": {"retried": True}, "send_anyway": {"unconfirmed": True}}  # the trait of a row to do it with


@pytest.mark.parametrize(("fields", "codename"), NEEDS)
@pytest.mark.parametrize("name", SENDING)
def test_a_message_is_sent_again_only_with_the_permissions_that_it_needs(login, name, fields, codename):
    row = OutboundMessageFactory(**SENDING[name], **fields)
    own = ["view_outboundmessage", "resend_outboundmessage", "decide_outboundmessage"]
    without, allowed = login(*own), login(*own, codename)

    assert act(without, row, name).status_code == 403
    assert f"action/{name}/" not in without.get(f"{LIST}{row.pk}/change/").content.decode()
    assert state_of(row) == row.state and OutboundMessage.objects.count() == 1
    assert f"action/{name}/" in allowed.get(f"{LIST}{row.pk}/change/").content.decode()
    act(allowed, row, name)
    assert OutboundMessage.objects.filter(state=State.QUEUED).count() == 1


@pytest.mark.parametrize(("fields", "codename"), NEEDS)
@pytest.mark.parametrize("name", SENDING)
def test_the_list_refuses_such_messages_row_by_row_and_says_which(login, name, fields, codename):
    plain, special = OutboundMessageFactory(**SENDING[name]), OutboundMessageFactory(**SENDING[name], **fields)
    operator = login("view_outboundmessage", "resend_outboundmessage", "decide_outboundmessage")

    content = act_on_list(operator, [plain, special], name).content.decode()

    assert f"(#{special.pk}): It " in content and f"(#{plain.pk}): It " not in content
    assert OutboundMessage.objects.filter(state=State.QUEUED).count() == 1


# ---- The page, and the history


def test_a_page_shows_what_happened_first_and_folds_technical_details_away(viewer):
    row = OutboundMessageFactory(retried=True, idempotency_key="order-7", metadata={"order": 7})

    content = viewer.get(f"{LIST}{row.pk}/change/").content.decode()
    shown, _summary, folded = content.partition('<details class="fs-card fs-technical">')

    assert "What happened" in shown and "Delivered" in shown
    for technical in ("order-7", "145099", "{&quot;order&quot;: 7}"):
        assert technical in folded.partition("</details>")[0] and technical not in shown.partition("fs-timeline-box")[0]


def test_times_of_a_page_have_one_form(viewer):
    row = OutboundMessageFactory(retried=True)

    content = viewer.get(f"{LIST}{row.pk}/change/").content.decode()

    assert "March 2, 2026 13:00:23" in content and "p.m." not in content


def test_the_history_is_in_the_language_of_its_reader(login):
    row = OutboundMessageFactory()
    boss = login("view_outboundmessage", "cancel_outboundmessage")
    address = reverse("admin:front_sms_outboundmessage_action", args=[row.pk, "cancel"])

    boss.post(address, {"confirmed": "yes"}, headers={"accept-language": "nb"})

    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == (f"#{row.pk}", "Stop the message")
    assert "Stop the message" in boss.get(f"{LIST}{row.pk}/history/").content.decode()


# ---- Texts that nobody is shown


PAGES = ("{list}", "{list}{pk}/change/", "{list}{pk}/action/send_anyway/", "/admin/front_sms/dashboard/")


@pytest.mark.parametrize("page", PAGES)
def test_a_sensitive_text_is_on_no_page(admin_client, page):
    sms = OutboundMessageFactory(unconfirmed=True, text="Koden er 123456", sensitive=True)
    address = page.format(list=LIST, pk=sms.pk)

    method = admin_client.post if "action" in page else admin_client.get
    content = method(address, follow=True).content.decode()

    assert sms.recipient in content
    assert "123456" not in content


def test_a_sensitive_text_is_not_exported(admin_client):
    OutboundMessageFactory(text="Koden er 123456", sensitive=True)
    OutboundMessageFactory(text="Hei på deg")

    answer = admin_client.post(f"{LIST}export/", {"format": "comma"})
    content = b"".join(answer.streaming_content).decode()

    assert "123456" not in content
    assert HIDDEN_TEXT in content and "Hei på deg" in content


def test_a_sensitive_text_is_not_found_by_its_words(admin_client):
    OutboundMessageFactory(text="Koden er abcdef", sensitive=True)
    other = OutboundMessageFactory(text="Koden er endret")

    page = admin_client.get(LIST, {"q": "koden"})

    assert [row.pk for row in page.context["cl"].result_list] == [other.pk]

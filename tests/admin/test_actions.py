"""Row actions: their permissions, the confirmation page, and what they change."""

import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from django_front_sms.admin.actions import MAX_ROWS, ActionsAdmin
from django_front_sms.models import AccountState, Decision, Event, OutboundMessage
from django_front_sms.states import State
from tests.factories import AccountStateFactory, EventFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/front_sms/outboundmessage/"


def run_action(browser, row, name, **data):
    address = reverse(f"admin:front_sms_{row._meta.model_name}_action", args=[row.pk, name])
    return browser.post(address, {"confirmed": "yes", **data}, follow=True)


def run_list_action(browser, rows, name, **data):
    chosen = {"action": name, "_selected_action": [row.pk for row in rows], "confirmed": "yes"}
    return browser.post(LIST, {**chosen, **data}, follow=True)


def state_of(row: OutboundMessage) -> str:
    return OutboundMessage.objects.get(pk=row.pk).state


def test_the_page_offers_only_possible_and_permitted_actions(boss, viewer):
    sms = OutboundMessageFactory(unconfirmed=True)
    address = reverse("admin:front_sms_outboundmessage_change", args=[sms.pk])

    assert {a.name for a in boss.get(address).context["row_actions"]} == {"mark_sent", "send_anyway", "give_up"}
    assert viewer.get(address).context["row_actions"] == []
    assert "You have no permission" not in boss.get(address).content.decode()


@pytest.mark.parametrize("name", ["cancel", "resend", "mark_sent", "send_anyway", "give_up"])
def test_without_its_permission_an_action_is_forbidden_and_nothing_changes(viewer, name):
    trait = {"resend": "delivered", "cancel": "queued"}.get(name, "unconfirmed")
    sms = OutboundMessageFactory(**{trait: True})
    before = OutboundMessage.objects.order_by("pk").values_list("pk", "state")
    before = list(before)

    assert run_action(viewer, sms, name).status_code == 403
    run_list_action(viewer, [sms], name)

    assert list(OutboundMessage.objects.order_by("pk").values_list("pk", "state")) == before
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("name", "codename"), [("cancel", "resend_outboundmessage"), ("mark_sent", "cancel_outboundmessage")]
)
def test_the_permission_for_another_action_is_not_enough(login, name, codename):
    browser = login("view_outboundmessage", codename)

    assert run_action(browser, OutboundMessageFactory(unconfirmed=True), name).status_code == 403


def test_actions_require_the_permission_to_view_the_message(login):
    sms = OutboundMessageFactory()

    assert run_action(login("cancel_outboundmessage"), sms, "cancel").status_code == 403
    assert state_of(sms) == State.QUEUED


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_an_action_requires_post(boss, method):
    sms = OutboundMessageFactory()

    answer = getattr(boss, method)(reverse("admin:front_sms_outboundmessage_action", args=[sms.pk, "cancel"]))

    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert state_of(sms) == State.QUEUED


def test_an_action_without_csrf_token_is_forbidden(boss):
    boss.handler.enforce_csrf_checks = True
    sms = OutboundMessageFactory()

    assert run_action(boss, sms, "cancel").status_code == 403
    assert state_of(sms) == State.QUEUED


def test_unknown_actions_and_unknown_messages_are_not_found(boss):
    sms = OutboundMessageFactory()

    assert run_action(boss, sms, "erase").status_code == 404
    assert boss.post(f"{LIST}{sms.pk + 1}/action/cancel/").status_code == 404
    assert boss.post(f"{LIST}abc/action/cancel/").status_code == 404


def test_cancelling_a_queued_message_records_the_user(boss):
    sms = OutboundMessageFactory()

    content = run_action(boss, sms, "cancel").content.decode()

    assert state_of(sms) == State.CANCELLED
    assert Decision.objects.get(message=sms).by.username in content
    assert LogEntry.objects.get().object_id == str(sms.pk)


def test_a_message_that_cannot_be_cancelled_shows_the_reason(boss):
    sms = OutboundMessageFactory(retried=True)

    assert "only a queued one can be stopped" in run_action(boss, sms, "cancel").content.decode()
    assert state_of(sms) == State.DELIVERED and not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("name", "state", "given_up"),
    [
        ("mark_sent", State.SENT, False),
        ("send_anyway", State.QUEUED, False),
        ("give_up", State.UNCONFIRMED, True),
    ],
)
def test_an_unconfirmed_message_can_be_decided_on(boss, name, state, given_up):
    sms = OutboundMessageFactory(unconfirmed=True)

    run_action(boss, sms, name)

    sms.refresh_from_db()
    assert (sms.state, sms.given_up) == (state, given_up)
    assert Decision.objects.get(message=sms).action == name


@pytest.mark.parametrize("name", ["resend", "send_anyway", "mark_sent", "give_up", "cancel"])
def test_every_action_requires_a_confirmation(boss, name):
    trait = {"resend": "delivered", "cancel": "queued"}.get(name, "unconfirmed")
    sms = OutboundMessageFactory(**{trait: True})
    before = list(OutboundMessage.objects.values_list("pk", "state", "given_up"))

    answer = run_action(boss, sms, name, confirmed="")

    assert answer.status_code == 200 and 'name="confirmed"' in answer.content.decode()
    assert list(OutboundMessage.objects.values_list("pk", "state", "given_up")) == before
    assert not Decision.objects.exists() and not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ["resend", "send_anyway"])
def test_the_confirmation_of_a_sending_action_shows_its_cost(boss, settings, name):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.55")}
    trait = {"delivered" if name == "resend" else "unconfirmed": True}
    rows = [OutboundMessageFactory(segments=n, recipient=f"+479123456{n}", **trait) for n in (2, 1)]

    assert "That costs about 1.10 kr." in run_action(boss, rows[0], name, confirmed="").content.decode()
    assert "That costs about 1.65 kr." in run_list_action(boss, rows, name, confirmed="").content.decode()


def test_without_sending_or_without_a_price_no_cost_is_shown(boss, settings):
    assert (
        "costs" not in run_action(boss, OutboundMessageFactory(retried=True), "resend", confirmed="").content.decode()
    )
    settings.FRONT_SMS = {**settings.FRONT_SMS, "PRICE_PER_SEGMENT": Decimal("0.55")}

    assert "costs" not in run_action(boss, OutboundMessageFactory(), "cancel", confirmed="").content.decode()


def test_sending_once_more_makes_a_new_message_and_leads_to_it(boss):
    sms = OutboundMessageFactory(retried=True)

    answer = run_action(boss, sms, "resend")

    new = OutboundMessage.objects.latest("pk")
    assert new.pk != sms.pk and (new.text, new.recipient) == (sms.text, sms.recipient)
    assert answer.redirect_chain[-1][0] == reverse("admin:front_sms_outboundmessage_change", args=[new.pk])
    assert new.created_by is not None


def test_a_double_click_sends_once_and_a_second_confirmation_sends_again(boss):
    sms = OutboundMessageFactory(retried=True)
    pages = [run_action(boss, sms, "resend", confirmed="").content.decode() for _ in range(2)]
    keys = [re.search('name="confirmed" value="(.+?)"', page)[1] for page in pages]

    for key in (keys[0], keys[0], keys[1]):
        run_action(boss, sms, "resend", confirmed=key)

    assert OutboundMessage.objects.filter(metadata={"resend_of": sms.pk}).count() == 2


def test_cancelling_from_the_list_reports_rows_that_cannot_be_cancelled(boss):
    queued, gone = [OutboundMessageFactory(), OutboundMessageFactory()], OutboundMessageFactory(retried=True)

    content = run_list_action(boss, [*queued, gone], "cancel").content.decode()

    assert {state_of(row) for row in queued} == {State.CANCELLED}
    assert (
        "2 messages were stopped." in content and f"{gone.recipient} (#{gone.pk}): This message is delivered" in content
    )


def test_sending_from_the_list_requires_a_confirmation(boss):
    rows = [OutboundMessageFactory(unconfirmed=True), OutboundMessageFactory(unconfirmed=True)]

    asked = run_list_action(boss, rows, "send_anyway", confirmed="").content.decode()

    assert all(f'value="{row.pk}"' in asked for row in rows) and not Decision.objects.exists()

    run_list_action(boss, rows, "send_anyway")

    assert {state_of(row) for row in rows} == {State.QUEUED}


def test_the_confirmation_for_a_long_selection_shows_the_number_of_rows(boss):
    OutboundMessage.objects.bulk_create(
        OutboundMessage(account="default", sender="Mitt Firma", recipient="+4799999999", text="Hei")
        for _ in range(1010)
    )

    asked = run_list_action(boss, [], "cancel", confirmed="", select_across="1", _selected_action=["1"])

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

    assert run_action(viewer, account, "resume").status_code == 403

    run_action(boss, account, "resume")

    account.refresh_from_db()
    assert account.paused_at is None
    assert Decision.objects.get().action == "resume"
    assert "not paused" in run_action(boss, account, "resume").content.decode()


def test_a_failed_event_can_be_delivered_again(boss, viewer):
    failed, fine = EventFactory(subject="out:1", failed=True, traceback="x"), EventFactory(subject="out:1")

    assert run_action(viewer, failed, "deliver_again").status_code == 403

    run_action(boss, failed, "deliver_again")

    assert Event.objects.get(pk=failed.pk).next_at is not None
    assert "This event has not failed" in run_action(boss, fine, "deliver_again").content.decode()


def test_every_action_requires_a_permission_that_exists(django_db_setup):
    from django.contrib import admin
    from django.contrib.auth.models import Permission

    known = set(Permission.objects.values_list("content_type__app_label", "codename"))
    admins = [each for each in admin.site._registry.values() if isinstance(each, ActionsAdmin)]
    actions = [action for each in admins for action in each.row_actions]

    assert len(actions) == 9
    assert all(("front_sms", each.permission) in known for each in actions)


NEEDS = [({"price": 20000}, "set_price_outboundmessage"), ({"ignore_opt_out": True}, "ignore_opt_out_outboundmessage")]
SENDING = {"resend": {"retried": True}, "send_anyway": {"unconfirmed": True}}  # the trait of a row to do it with


@pytest.mark.parametrize(("fields", "codename"), NEEDS)
@pytest.mark.parametrize("name", SENDING)
def test_a_message_is_sent_again_only_with_the_permissions_that_it_needs(login, name, fields, codename):
    row = OutboundMessageFactory(**SENDING[name], **fields)
    own = ["view_outboundmessage", "resend_outboundmessage", "decide_outboundmessage"]
    without, allowed = login(*own), login(*own, codename)

    assert run_action(without, row, name).status_code == 403
    assert f"action/{name}/" not in without.get(f"{LIST}{row.pk}/change/").content.decode()
    assert state_of(row) == row.state and OutboundMessage.objects.count() == 1
    assert f"action/{name}/" in allowed.get(f"{LIST}{row.pk}/change/").content.decode()
    run_action(allowed, row, name)
    assert OutboundMessage.objects.filter(state=State.QUEUED).count() == 1


@pytest.mark.parametrize(("fields", "codename"), NEEDS)
@pytest.mark.parametrize("name", SENDING)
def test_the_list_refuses_such_messages_row_by_row_and_says_which(login, name, fields, codename):
    plain, special = OutboundMessageFactory(**SENDING[name]), OutboundMessageFactory(**SENDING[name], **fields)
    operator = login("view_outboundmessage", "resend_outboundmessage", "decide_outboundmessage")

    content = run_list_action(operator, [plain, special], name).content.decode()

    assert f"(#{special.pk}): It " in content and f"(#{plain.pk}): It " not in content
    assert OutboundMessage.objects.filter(state=State.QUEUED).count() == 1


def test_the_history_is_in_the_language_of_the_user(login):
    row = OutboundMessageFactory()
    boss = login("view_outboundmessage", "cancel_outboundmessage")
    address = reverse("admin:front_sms_outboundmessage_action", args=[row.pk, "cancel"])

    boss.post(address, {"confirmed": "yes"}, headers={"accept-language": "nb"})

    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == (f"#{row.pk}", "Stop the message")
    assert "Stop the message" in boss.get(f"{LIST}{row.pk}/history/").content.decode()

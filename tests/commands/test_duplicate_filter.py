"""`front_sms check-duplicate-filter`: its result, what it sends, and what it records."""

import pytest
from django.core.management import CommandError

from django_front_sms.events.records import due_at_once
from django_front_sms.management.subcommands import duplicate_filter
from django_front_sms.models import AccountState, OutboundMessage, SendAttempt
from django_front_sms.simulator import Fault, FaultKind
from django_front_sms.tasks import deliver_events, dispatch
from tests.commands.running import NUMBER, gateway, read, run, set_account, transactional_db
from tests.factories import DeliveryStatusFactory


def on_the_phones(simulator):
    return [message.text for message in simulator.network.messages.values()]


CHECK = ("check-duplicate-filter", NUMBER, "--yes")


@transactional_db
def test_a_filter_that_is_on_is_found_with_one_sms(simulator):
    code, text = run(*CHECK)
    assert code == duplicate_filter.ON == 0
    assert "The filter is on" in text
    assert "is True, and that is right" in text
    assert len(simulator.network.messages) == 1
    assert [record.verdict.code for record in simulator.network.requests] == [0, 17]


@transactional_db
def test_a_filter_that_is_off_is_found_and_the_setting_is_named(simulator):
    simulator.network.account.duplicate_filter = False
    code, text = run(*CHECK)
    assert code == duplicate_filter.OFF == 3
    assert "The filter is off" in text
    assert 'Set "DUPLICATE_FILTER": False' in text
    assert len(simulator.network.messages) == 2


@transactional_db
def test_accepted_messages_are_recorded_as_by_the_engine(simulator):
    simulator.network.account.duplicate_filter = False
    found = read(*CHECK)
    messages = OutboundMessage.objects.order_by("pk")
    assert found["messages"] == [message.pk for message in messages]
    assert [message.gateway_id for message in messages] == list(simulator.network.messages)
    for message, on_phone in zip(messages, simulator.network.messages.values(), strict=True):
        assert (message.state, message.next_at, message.text) == ("sent", None, on_phone.text)
        attempt = SendAttempt.objects.get(message=message)
        assert (attempt.outcome, attempt.gateway_id) == ("answered", message.gateway_id)
    assert dispatch() == 0
    assert len(simulator.network.messages) == 2


@transactional_db
def test_the_statuses_of_a_check_find_their_message(simulator):
    run(*CHECK)
    message = OutboundMessage.objects.get()
    due = {"process_at": due_at_once()}  # of this moment it may lie ahead: SQLite tells milliseconds alone
    DeliveryStatusFactory(message=None, gateway_id=message.gateway_id, **due)
    deliver_events()
    message.refresh_from_db()
    assert message.state == "delivered"
    assert read("status")["alerts"]["unreadable_statuses"] == 0


@transactional_db
def test_two_checks_in_a_row_are_independent(simulator):
    assert run(*CHECK)[0] == run(*CHECK)[0] == 0
    assert len(set(on_the_phones(simulator))) == 2


@transactional_db
@pytest.mark.parametrize("transport", ["json", "get"])
def test_the_check_uses_the_settings_of_the_account(simulator, settings, transport):
    set_account(settings, TRANSPORT=transport, DUPLICATE_FILTER=None)
    code, text = run(*CHECK)
    assert code == 0
    assert 'Set "DUPLICATE_FILTER": True' in text


@transactional_db
def test_a_staging_site_checks_with_its_one_number(simulator, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RECIPIENT_OVERRIDE": "+4741000000"}
    assert run(*CHECK)[0] == 0
    assert [message.recipient for message in simulator.network.messages.values()] == ["+4741000000"]


@transactional_db
def test_a_refusal_does_not_show_whether_the_filter_is_on(simulator):
    simulator.network.blacklist.add(NUMBER)
    code, text = run(*CHECK)
    assert code == duplicate_filter.NOT_LEARNT == 1
    assert "code 21" in text
    assert "leave DUPLICATE_FILTER at None" in text
    assert not OutboundMessage.objects.exists()
    assert len(simulator.network.requests) == 1


@transactional_db
def test_a_refusal_of_the_second_message_does_not_show_it_either(simulator):
    simulator.network.account.balance = 1
    simulator.network.account.duplicate_filter = False
    found = read(*CHECK)
    assert (found["filter"], found["codes"]) == (None, [0, 5])
    assert OutboundMessage.objects.count() == 1


@transactional_db
@pytest.mark.parametrize("first", [True, False])
def test_an_unclear_answer_does_not_show_whether_the_filter_is_on(simulator, first):
    simulator.chaos.plan(*([] if first else [None]), Fault(FaultKind.GARBAGE, accepted=True))
    code, text = run(*CHECK)
    assert code == 1
    assert "It may or may not have been sent" in text


@transactional_db
def test_an_unreachable_gateway_received_nothing():
    found = read(*CHECK)
    assert (found["filter"], found["codes"], found["messages"]) == (None, [], [])
    assert "Nothing was sent" in found["why"]


@transactional_db
def test_a_paused_account_is_not_checked(simulator, paused):
    AccountState.objects.update(key=gateway())
    with pytest.raises(CommandError, match=r"is paused \(code 13\)"):
        run(*CHECK)
    assert not simulator.network.requests


@transactional_db
def test_nothing_is_sent_without_confirmation(simulator, monkeypatch):
    with pytest.raises(CommandError, match=r"real SMS .* Add --yes"):
        run("check-duplicate-filter", NUMBER)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "")
    with pytest.raises(CommandError, match="Nothing was sent"):
        run("check-duplicate-filter", NUMBER)
    assert not simulator.network.requests


@transactional_db
def test_the_check_runs_after_confirmation(simulator, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert run("check-duplicate-filter", NUMBER)[0] == 0

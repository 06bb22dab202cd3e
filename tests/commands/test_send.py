"""`front_sms send`: one SMS, and its timeline."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError
from django.db import ProgrammingError
from django.test import Client as Browser

from django_front_sms import events, health, outbox
from django_front_sms.management.subcommands import send
from django_front_sms.models import OutboundMessage
from django_front_sms.signing import webhook_path
from django_front_sms.simulator import Fault, FaultKind
from django_front_sms.states import State
from django_front_sms.tasks import deliver_events, dispatch
from tests.commands.running import NUMBER, read, run, set_account, transactional_db


def on_the_phones(simulator):
    return [message.text for message in simulator.network.messages.values()]


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Call a function each time that `send` waits, as a worker would do it."""

    def happens(work: Callable[[], object]) -> None:
        monkeypatch.setattr(send, "pause", lambda seconds: work())

    return happens


@transactional_db
def test_a_message_is_queued_and_named():
    outbox.sweep()  # a worker was seen
    code, text = run("send", "99999999", "Test æøå")
    message = OutboundMessage.objects.get()
    assert (code, text) == (0, f"Message #{message.pk}: queued\n")
    assert (message.recipient, message.text, message.sender) == (NUMBER, "Test æøå", "Mitt Firma")


@transactional_db
def test_the_options_are_passed_to_the_message():
    options = ["--sender", "26114", "--unicode", "--urgent", "--on-duplicate", "reject", "--idempotency-key", "k1"]
    first = read("send", NUMBER, "Test 😊", *options)
    message = OutboundMessage.objects.get()
    assert (message.sender, message.unicode, message.priority) == ("26114", True, 1)
    assert (message.on_duplicate, message.idempotency_key) == ("reject", "k1")
    assert first == {
        "id": message.pk,
        "state": "queued",
        "gateway_id": None,
        "error_code": None,
        "error_text": "",
        "attempts": 0,
        "segments": 1,
        "sent_at": None,
        "delivered_at": None,
    }
    assert read("send", NUMBER, "Test 😊", *options)["id"] == message.pk


@transactional_db
def test_without_unicode_front_replaces_what_it_lacks():
    run("send", NUMBER, "Test 😊", "--no-unicode")
    assert OutboundMessage.objects.get().unicode is False


@transactional_db
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["12", "Test"], "phone number"),
        ([NUMBER, " "], "The text is empty"),
        ([NUMBER, "Test", "--price", "150"], "whole kroner"),
        ([NUMBER, "Test", "--account", "nobody"], 'no account "nobody"'),
        ([NUMBER, "Test", "--sender", "Mitt store firma"], "11 characters"),
        ([NUMBER, "Test", "--idempotency-key", "k" * 201], "more than 200 characters"),
        ([NUMBER, "Test", "--wait", "--timeout", "nan"], "invalid seconds value: 'nan'"),
    ],
)
def test_an_invalid_message_is_refused_with_a_sentence(arguments, why):
    with pytest.raises(CommandError, match=why) as refused:
        run("send", *arguments)
    assert refused.value.returncode == 1
    assert not OutboundMessage.objects.exists()


@transactional_db
def test_waiting_shows_the_timeline_until_front_accepts_the_message(simulator, meanwhile):
    meanwhile(dispatch)
    code, text = run("send", NUMBER, "Test", "--wait")
    message = OutboundMessage.objects.get()
    assert code == 0
    assert on_the_phones(simulator) == ["Test"]
    lines = ["Put in the queue", "Waits for its turn", f"Front's id is {message.gateway_id}", f"#{message.pk}: sent"]
    places = [text.index(words) for words in lines]
    assert places == sorted(places)
    assert all(text.count(words) == 1 for words in lines)


@transactional_db
def test_waiting_for_delivery_goes_on_until_the_status_comes(simulator, meanwhile, settings):
    simulator.network.status_url = "http://testserver" + webhook_path("status")
    browser = Browser()

    def work() -> None:
        dispatch()
        for message in OutboundMessage.objects.exclude(gateway_id=None):
            browser.get(webhook_path("status"), {"status": 4, "origid": message.gateway_id})
        deliver_events()

    meanwhile(work)
    code, text = run("send", NUMBER, "Test", "--until", "delivered")
    assert code == 0
    assert text.splitlines()[-1].endswith(": delivered")


@transactional_db
def test_a_message_that_front_cannot_follow_is_not_waited_for_beyond_acceptance(simulator, meanwhile):
    def work() -> None:
        OutboundMessage.objects.update(state=State.SENT, gateway_id=None, next_at=None)

    meanwhile(work)
    assert run("send", NUMBER, "Test", "--until", "delivered")[0] == 0


@transactional_db
def test_a_refused_message_has_its_own_exit_code(simulator, meanwhile):
    simulator.network.blacklist.add(NUMBER)
    meanwhile(dispatch)
    code, text = run("send", NUMBER, "Test", "--wait")
    assert code == send.NOT_DELIVERED == 1
    assert "code 21" in text


@transactional_db
def test_an_unconfirmed_message_has_its_own_exit_code(simulator, meanwhile, settings):
    set_account(settings, DUPLICATE_FILTER=False)
    simulator.chaos.plan(Fault(FaultKind.GARBAGE, accepted=True))
    meanwhile(dispatch)
    code, text = run("send", NUMBER, "Test", "--wait")
    assert code == send.UNCONFIRMED == 3
    assert "a person must decide" in text


@transactional_db
def test_without_a_worker_the_wait_ends_with_a_hint_at_the_cause():
    code, text = run("send", NUMBER, "Test", "--wait", "--timeout", "0")
    assert code == send.TOO_LATE == 4
    assert "is a worker running?" in text
    assert OutboundMessage.objects.get().state == "queued"


@transactional_db
def test_a_message_that_waits_for_its_status_alone_is_not_called_stuck(simulator):
    key = ("--idempotency-key", "k1")
    run("send", NUMBER, "Test", *key)
    dispatch()
    code, text = run("send", NUMBER, "Test", *key, "--until", "delivered", "--timeout", "0")
    assert code == 4
    assert "is still being processed" in text
    assert "is a worker running?" not in text


@transactional_db
def test_a_person_may_stop_waiting(meanwhile):
    def interrupt() -> None:
        raise KeyboardInterrupt

    meanwhile(interrupt)
    code, text = run("send", NUMBER, "Test", "--wait")
    assert code == 130
    assert "is still being processed" in text


@transactional_db
def test_json_output_contains_only_the_last_state(simulator, meanwhile):
    meanwhile(dispatch)
    found = read("send", NUMBER, "Test", "--wait")
    assert (found["state"], found["gateway_id"]) == ("sent", OutboundMessage.objects.get().gateway_id)


@pytest.mark.django_db
def test_without_a_worker_the_output_says_how_to_start_one(settings):
    assert "Start one: celery" in run("send", NUMBER, "Hei")[1]
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WORKER": "command"}
    assert "Start one: manage.py front_sms worker" in run("send", NUMBER, "Hei")[1]
    outbox.sweep()
    assert "worker" not in run("send", NUMBER, "Hei")[1]


@pytest.mark.django_db
def test_without_a_broker_the_output_says_so(monkeypatch):
    monkeypatch.setattr(events, "publish", lambda task: False)
    assert "check CELERY_BROKER_URL" in run("send", NUMBER, "Hei")[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "work"), [(["send", NUMBER, "Hei"], "send.send_sms"), (["status"], "status.gather")]
)
def test_without_tables_the_error_names_the_missing_migrations(monkeypatch, command, work):
    def no_table(*args, **options):
        raise ProgrammingError("no such table")

    monkeypatch.setattr(f"django_front_sms.management.subcommands.{work}", no_table)
    with pytest.raises(ProgrammingError):
        run(*command)
    monkeypatch.setattr(health, "migrations", lambda now: {"migrations": {"missing": ["0001_initial"]}})
    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        run(*command)

"""The loop that claims, sends and records, with a scripted client."""

import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from django.db import OperationalError

from django_front_sms import jobs, outbox, worker
from django_front_sms.conf import get_settings
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Sms
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox import dispatcher, executor
from django_front_sms.outbox.claim import claim
from tests.clock import FakeClock
from tests.configuration import configure
from tests.outbox.exchange_results import accepted, not_sent, refused, unclear
from tests.outbox.rows import account_state, message, outcomes, reloaded
from tests.outbox.worker_steps import claim_one, slot

pytestmark = pytest.mark.django_db(transaction=True)


class ScriptedClient:
    """`act` gives the result of each message; `asked` records the messages."""

    act: ClassVar[Callable[[Sms], ExchangeResult]]
    asked: ClassVar[list[Sms]] = []
    transports: ClassVar[list[str]] = []
    made: ClassVar[list[str]] = []

    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None:
        self.made.append(gateway_url)

    def send(self, sms: Sms, *, transport: str, may_write: Callable[[], bool]) -> ExchangeResult:
        if not may_write():
            return not_sent()
        self.asked.append(sms)
        self.transports.append(transport)
        return type(self).act(sms)


class Unmakeable:
    def __init__(self, gateway_url: str, *, timeout: float, max_connections: int) -> None:
        raise ValueError(gateway_url)


@pytest.fixture(autouse=True)
def client(settings) -> Iterator[type[ScriptedClient]]:
    configure(settings, CLIENT="tests.outbox.test_dispatcher.ScriptedClient")
    ScriptedClient.act = staticmethod(lambda sms: accepted())
    for kept in (ScriptedClient.asked, ScriptedClient.transports, ScriptedClient.made):
        kept.clear()
    executor._client.cache_clear()
    yield ScriptedClient
    executor._client.cache_clear()


def test_all_that_is_due_is_sent_and_the_run_ends(client: type[ScriptedClient]):
    rows = [message(f"number {n}") for n in range(150)]
    assert outbox.run() == 150
    assert {reloaded(row).state for row in rows} == {"sent"}
    assert sorted(sms.text for sms in client.asked) == sorted(row.text for row in rows)


def test_a_run_without_due_messages_does_nothing(client: type[ScriptedClient]):
    assert outbox.run() == 0
    assert client.made == []


def test_a_run_releases_its_slots():
    message()
    outbox.run()
    assert account_state().slots == {}


def test_an_urgent_message_is_sent_before_claimed_messages_that_wait(client: type[ScriptedClient]):
    began, gate = threading.Event(), threading.Event()

    def act(sms: Sms) -> ExchangeResult:
        began.set()
        assert gate.wait(30)
        return accepted()

    client.act = staticmethod(act)
    claiming, exchanger = slot(), executor.Executor(get_settings())
    claiming.pace.at_once = 1
    for text in ("first", "second", "third"):
        message(text)
    exchanger.submit(claiming, claim(claiming, 10, get_settings()))
    assert began.wait(30)
    message("urgent", priority="urgent")
    exchanger.submit(claiming, claim(claiming, 10, get_settings()))
    gate.set()
    assert len(exchanger.collect(30, 4)) == 4
    assert [sms.text for sms in client.asked] == ["first", "urgent", "second", "third"]


def test_a_rate_limit_is_not_queried_continuously(settings, client: type[ScriptedClient], monkeypatch):
    configure(settings, MAX_PER_SECOND=20, TIMEOUT=2)
    for n in range(30):
        message(str(n))
    real, claims = dispatcher.claim, []
    monkeypatch.setattr(dispatcher, "claim", lambda *given: claims.append(real(*given)) or claims[-1])
    assert outbox.run() == 30
    takes = sum(bool(claimed.jobs) for claimed in claims)
    assert takes >= 2
    assert len(claims) <= 3 * takes + 2


def test_urgent_messages_go_first(client: type[ScriptedClient]):
    for n in range(5):
        message(f"normal {n}")
    message("urgent", priority="urgent")
    outbox.run()
    assert client.asked[0].text == "urgent"


def test_the_account_determines_the_api(settings, client: type[ScriptedClient]):
    configure(settings, TRANSPORT="get")
    message()
    outbox.run()
    assert client.transports == ["get"]


def test_a_client_that_fails_leaves_the_message_at_risk(client: type[ScriptedClient], caplog: pytest.LogCaptureFixture):
    def fail(sms: Sms) -> ExchangeResult:
        raise RuntimeError(f"{sms.recipient} {sms.text}")

    client.act = staticmethod(fail)
    row = message()
    outbox.run()
    assert (reloaded(row).state, outcomes(row)) == ("queued", ["ambiguous"])
    assert reloaded(row).risk_at is not None
    assert "RuntimeError" in caplog.text
    assert "Test æøå" not in caplog.text
    assert "99999999" not in caplog.text


def raise_what_is_no_exception(sms: Sms) -> ExchangeResult:
    raise GeneratorExit  # a BaseException, as gevent's time-outs are


@pytest.mark.parametrize("act", [raise_what_is_no_exception, lambda sms: None])
def test_a_client_without_a_result_gives_an_ambiguous_one(
    client: type[ScriptedClient], act: Callable[[Sms], ExchangeResult]
):
    client.act = staticmethod(act)
    message()
    assert executor.attempt(claim_one(), get_settings()).kind == ResultKind.AMBIGUOUS


@pytest.mark.parametrize("path", ["tests.outbox.test_dispatcher.Unmakeable", "no.such.module.Client"])
def test_without_a_client_nothing_is_sent_nothing_is_at_risk_and_the_run_ends(settings, path: str):
    configure(settings, CLIENT=path)
    row = message()
    assert outbox.run() == 1
    assert (reloaded(row).state, reloaded(row).risk_at, outcomes(row)) == ("queued", None, ["not_sent"])


def test_a_pause_stops_the_rest(client: type[ScriptedClient]):
    client.act = staticmethod(lambda sms: refused(13))
    rows = [message(f"number {n}") for n in range(300)]
    outbox.run()
    assert {reloaded(row).state for row in rows} == {"queued"}
    assert account_state().pause_code == 13
    assert len(client.asked) < 300


def test_a_paused_account_does_not_stop_other_accounts(settings, client: type[ScriptedClient]):
    configure(settings, "second", SERVICE_ID=5678)
    client.act = staticmethod(lambda sms: refused(13) if sms.service_id == 1234 else accepted())
    stopped, other = message(), message(account="second")
    outbox.run()
    assert (reloaded(stopped).state, reloaded(other).state) == ("queued", "sent")


def test_an_answer_is_recorded_even_where_the_next_claim_fails(
    monkeypatch: pytest.MonkeyPatch, client: type[ScriptedClient]
):
    row = message()
    arrived = threading.Event()
    claims = []

    def claim_once(*args):
        if claims:
            arrived.set()
            raise OperationalError("the database went away")
        claims.append(1)
        return real(*args)

    def answer(sms: Sms) -> ExchangeResult:
        arrived.wait(10)
        return accepted()

    real = dispatcher.claim
    monkeypatch.setattr(dispatcher, "claim", claim_once)
    client.act = staticmethod(answer)
    with pytest.raises(OperationalError):
        outbox.run()
    assert reloaded(row).state == "sent"


def test_answers_are_kept_while_the_database_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    failures = [OperationalError("gone"), OperationalError("still gone")]
    real = dispatcher.settle

    def settle(*args):
        if failures:
            raise failures.pop()
        real(*args)

    monkeypatch.setattr(dispatcher, "settle", settle)
    monkeypatch.setattr(dispatcher.time, "sleep", lambda seconds: None)
    row = message()
    outbox.run()
    assert reloaded(row).state == "sent"
    assert caplog.text.count("1 answers could not be stored") == 2


def test_without_a_successor_the_run_continues(client: type[ScriptedClient], clock: FakeClock):
    asked = []

    def hand_over() -> bool:
        asked.append(clock.ran)
        return False

    def answer(sms: Sms) -> ExchangeResult:
        clock.advance(6)
        return accepted()

    client.act = staticmethod(answer)
    row = message()
    assert outbox.run(5, hand_over) == 1
    assert reloaded(row).state == "sent"
    assert asked == [6]


def test_a_worker_with_a_successor_claims_nothing_more(client: type[ScriptedClient]):
    row = message()
    assert outbox.run(0, lambda: True) == 0
    assert reloaded(row).state == "queued"
    assert client.asked == []


def test_messages_at_risk_are_repeated_by_a_later_run(client: type[ScriptedClient], clock: FakeClock):
    outcomes_in_turn = [unclear(), refused(17)]
    client.act = staticmethod(lambda sms: outcomes_in_turn.pop(0))
    row = message()
    outbox.run()
    assert reloaded(row).state == "queued"
    clock.advance(5)
    outbox.run()
    assert reloaded(row).state == "sent"
    assert [sms.text for sms in client.asked] == ["Test æøå", "Test æøå"]


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lane of each claim."""
    real, found = dispatcher.claim, []
    monkeypatch.setattr(dispatcher, "claim", lambda slot, *given: found.append(slot.lane.name) or real(slot, *given))
    return found


@pytest.mark.parametrize("code", [5, 13])
def test_a_paused_account_with_due_messages_costs_no_claim(
    client: type[ScriptedClient], clock: FakeClock, claims, code: int
):
    client.act = staticmethod(lambda sms: refused(code))
    message("first", priority="urgent"), message("second")
    outbox.run()
    assert account_state().pause_code == code
    claims.clear()
    assert not outbox.has_due()
    assert outbox.run() == 0
    assert claims == []

    outbox.resume("default")
    client.act = staticmethod(lambda sms: accepted())
    assert outbox.has_due()
    assert outbox.run() == 2


def test_the_probe_of_a_paused_account_is_claimed_when_it_is_due(
    client: type[ScriptedClient], clock: FakeClock, claims
):
    client.act = staticmethod(lambda sms: refused(5))
    message()
    outbox.run()
    claims.clear()
    clock.advance(59)
    assert (outbox.has_due(), outbox.run(), claims) == (False, 0, [])
    clock.advance(1)
    assert (outbox.has_due(), outbox.run()) == (True, 1)
    assert claims
    assert not outbox.has_due()


def test_a_probe_costs_no_claim_where_only_messages_at_risk_are_due(
    client: type[ScriptedClient], clock: FakeClock, claims
):
    row = message()
    client.act = staticmethod(lambda sms: unclear())
    outbox.run()
    assert reloaded(row).risk_at
    client.act = staticmethod(lambda sms: refused(5))
    message("second")
    outbox.run()
    OutboundMessage.objects.exclude(pk=row.pk).delete()
    claims.clear()
    clock.advance(60)
    assert (reloaded(row).state, outbox.has_due(), outbox.run(), claims) == ("queued", False, 0, [])


def test_messages_of_another_account_than_the_paused_one_are_claimed(
    client: type[ScriptedClient], settings, clock: FakeClock
):
    configure(settings, "second", SERVICE_ID=5678)
    client.act = staticmethod(lambda sms: refused(13))
    message("first")
    outbox.run()
    client.act = staticmethod(lambda sms: accepted())
    message("second", account="second")
    assert (outbox.has_due(), outbox.run()) == (True, 1)


@pytest.mark.usefixtures("hints")
def test_a_worker_that_runs_once_ends_though_a_paused_account_has_due_messages(
    client: type[ScriptedClient], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    client.act = staticmethod(lambda sms: refused(13))
    message()
    real, rounds = jobs.dispatch, iter(range(3))
    monkeypatch.setattr(jobs, "dispatch", lambda: next(rounds) * 0 + real())  # StopIteration at the fourth
    worker.run_once()
    assert account_state().pause_code == 13

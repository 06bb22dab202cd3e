"""One span for each exchange with the gateway, without personal data; sending works without tracing."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from django_front_sms import send_bulk_sms, tasks, tracing
from django_front_sms.conf import Account, get_settings
from django_front_sms.models import OutboundMessage
from django_front_sms.outbox.executor import attempt
from django_front_sms.simulator import Fault, FaultKind, Simulator
from tests.commands.running import set_account, transactional_db
from tests.factories import NUMBER
from tests.outbox.rows import message
from tests.outbox.worker_steps import claim_one

trace = pytest.importorskip("opentelemetry.trace")  # before what can only be imported with it: hence the E402 below
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

ROOT = Path(__file__).parent.parent
TEXT = "Hemmelig"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that were recorded, by a provider of this test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.fixture
def simulator(settings) -> Iterator[Simulator]:
    with Simulator(password="hunter2") as simulator:
        set_account(settings, GATEWAY_URL=simulator.url, PASSWORD="hunter2")
        yield simulator


@transactional_db
@pytest.mark.parametrize("transport", ["json", "get"])
def test_an_exchange_is_a_span_that_names_no_person_and_no_secret(spans, simulator, settings, transport):
    set_account(settings, TRANSPORT=transport)
    row = message(TEXT)
    tasks.dispatch()
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind) == ("front_sms.send", trace.SpanKind.CLIENT)
    assert dict(span.attributes) == {
        "front_sms.account": "default",
        "front_sms.transport": transport,
        "front_sms.messages": 1,
        "front_sms.message_id": row.pk,
        "front_sms.outcome": "answered",
        "front_sms.error_code": 0,
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "url.full": f"{simulator.url}push.php",
    }
    assert span.status.is_ok or span.status.status_code == trace.StatusCode.UNSET
    exported = span.to_json()
    assert not [secret for secret in (NUMBER[1:], "99999999", TEXT, "hunter2", "?") if secret in exported]


@transactional_db
def test_a_bulk_request_is_one_span_for_all_its_messages(spans, simulator):
    send_bulk_sms([NUMBER, "+4741000000"], TEXT)
    tasks.dispatch()
    (span,) = spans.get_finished_spans()
    assert span.name == "front_sms.send_bulk"
    assert span.attributes["front_sms.messages"] == 2
    assert span.attributes["url.full"].endswith("/push_bulk.php")
    assert "front_sms.message_id" not in span.attributes


@transactional_db
def test_a_refusal_and_an_unclear_answer_are_errors(spans, simulator):
    simulator.network.blacklist.add(NUMBER)
    message(TEXT)
    tasks.dispatch()
    simulator.network.blacklist.clear()
    simulator.chaos.plan(Fault(FaultKind.GARBAGE, accepted=True))
    message("Noe annet")
    attempt(claim_one(), get_settings())
    refused, unclear = spans.get_finished_spans()
    assert refused.attributes["front_sms.error_code"] == 21
    assert unclear.attributes["front_sms.outcome"] == "ambiguous"
    assert "front_sms.error_code" not in unclear.attributes
    assert {span.status.status_code for span in (refused, unclear)} == {trace.StatusCode.ERROR}


class Talkative:
    """A client whose exceptions contain personal data."""

    def __init__(self, *args, **options) -> None: ...

    def send(self, sms, **options):
        raise ValueError(f"{sms.recipient}: {sms.text}")

    send_bulk = send


@transactional_db
def test_an_exception_of_a_sites_own_client_is_not_quoted(spans, settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CLIENT": "tests.test_tracing.Talkative"}
    message(TEXT)
    attempt(claim_one(), get_settings())
    (span,) = spans.get_finished_spans()
    assert span.attributes["front_sms.outcome"] == "ambiguous"
    assert TEXT not in span.to_json()


@transactional_db
def test_whatever_tracing_does_messages_leave(simulator, monkeypatch, caplog):
    def broken(name: str) -> None:
        raise RuntimeError("no exporter")

    monkeypatch.setattr(trace, "get_tracer", broken)
    message(TEXT)
    tasks.dispatch()
    assert OutboundMessage.objects.get().state == "sent"
    assert "could not start a span (RuntimeError)" in caplog.text


class Clumsy(SpanProcessor):
    def on_end(self, span) -> None:
        raise RuntimeError("no place for it")


def test_an_outcome_is_returned_even_if_its_span_fails(monkeypatch):
    provider = TracerProvider()
    provider.add_span_processor(Clumsy())
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    account = Account(name="default", service_id=1)
    assert tracing.traced_exchange(account, lambda: OUTCOME, message_id=1) is OUTCOME


def test_an_address_that_is_none_is_for_the_client_to_tell(spans, caplog):
    account = Account(name="default", service_id=1, gateway_url="http://[/")
    assert tracing.traced_exchange(account, lambda: OUTCOME, message_id=1) is OUTCOME
    assert "could not start a span (ValueError)" in caplog.text


def test_a_user_in_the_address_is_left_out(spans):
    account = Account(name="default", service_id=1, gateway_url="https://user:hunter2@example.no/psk/")
    tracing.traced_exchange(account, lambda: replace(OUTCOME), message_id=1)
    (span,) = spans.get_finished_spans()
    assert span.attributes["url.full"] == "https://example.no/psk/push.php"


OUTCOME = tracing.ExchangeResult(kind=tracing.ResultKind.NOT_SENT)


def test_without_opentelemetry_nothing_is_traced_and_everything_goes_on():
    start = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from django_front_sms import tracing\n"
        "from django_front_sms.conf import Account\n"
        "made = tracing.ExchangeResult(kind=tracing.ResultKind.NOT_SENT)\n"
        "assert tracing.trace is None\n"
        "assert tracing.traced_exchange(Account(name='default', service_id=1), lambda: made, message_id=1) is made\n"
    )
    run = subprocess.run([sys.executable, "-c", start], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr

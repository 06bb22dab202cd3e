"""`front_sms simulate`: the counterpart of an account."""

from collections.abc import Callable, Iterator

import pytest

from django_front_sms.management.subcommands import simulate
from django_front_sms.signing import webhook_path
from django_front_sms.simulator import Simulator
from django_front_sms.simulator.__main__ import build, build_parser
from tests.commands.running import run, set_account
from tests.factories import InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

OF_ACCOUNT = {"port", "service_id", "password", "senders", "status_url", "inbound_url"}


@pytest.fixture
def simulated(monkeypatch) -> Iterator[Callable[..., Simulator]]:
    """Runs `front_sms simulate …`, and gives the simulator that it would have served."""
    made: list[Simulator] = []
    monkeypatch.setattr(simulate, "main", lambda arguments: made.append(build([*arguments, "--port=0"])))

    def start(*arguments: str) -> Simulator:
        run("simulate", *arguments)
        return made[-1]

    yield start
    for simulator in made:
        simulator.close()


def test_the_simulator_has_the_account_of_the_settings(simulated, settings):
    set_account(settings, SERVICE_ID=77, PASSWORD="secret", SENDER="26114", DUPLICATE_FILTER=False)
    account = simulated("--base-url", "http://127.0.0.1:8123/").network.account
    assert (account.service_id, account.password, account.senders) == (77, "secret", ["26114"])
    assert account.duplicate_filter is False
    assert account.status_url == f"http://127.0.0.1:8123{webhook_path('status')}"
    assert account.inbound_url == f"http://127.0.0.1:8123{webhook_path('inbound')}"


def test_options_take_precedence_over_the_settings(simulated):
    simulator = simulated("--service-id", "1", "--sender", "A", "--sender", "B", "--latency", "5", "--status-url", "")
    account = simulator.network.account
    assert (account.service_id, account.senders, account.status_url) == (1, ["A", "B"], "")
    assert (simulator.chaos.latency, account.duplicate_filter) == (0.005, True)
    assert account.inbound_url.endswith(webhook_path("inbound"))


def test_every_option_is_passed_to_the_simulator(monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(simulate, "main", started.append)
    given = ["--certificate", "cert.pem", "key.pem", "--rule", "retry_delay=1", "--off", "+4799999999", "--priced"]
    given += ["--https-required", "--chaos", "0.5", "--allow-ip", "10.0.0.1", "--allow-ip", "10.0.0.2", "--seed", "7"]
    run("simulate", *given)
    read, wanted = (vars(build_parser().parse_args(arguments)) for arguments in (started[-1], given))
    assert {name: read[name] for name in read if name not in OF_ACCOUNT} == {
        name: wanted[name] for name in wanted if name not in OF_ACCOUNT
    }


def test_the_simulator_listens_where_the_account_sends(settings, monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(simulate, "main", started.append)
    set_account(settings, GATEWAY_URL="http://localhost:9123/psk/")
    code, text = run("simulate")
    assert "--port=9123" in started[-1]
    assert (code, text) == (0, "")
    run("simulate", "--port", "9124")
    assert "--port=9124" in started[-1]
    set_account(settings, GATEWAY_URL="https://www.pling.as/psk/")
    text = run("simulate")[1]
    assert not [argument for argument in started[-1] if argument.startswith("--port")]
    assert "set its GATEWAY_URL" in text


def test_a_site_that_would_refuse_the_simulators_pushes_gets_a_warning(settings, monkeypatch):
    monkeypatch.setattr(simulate, "main", lambda arguments: None)
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WEBHOOK_ALLOWED_IPS": ["192.0.2.1"]}
    assert "Add 127.0.0.1 to WEBHOOK_ALLOWED_IPS" in run("simulate")[1]


def started(monkeypatch) -> list[str]:
    """The arguments that the simulator is started with."""
    arguments: list[str] = []
    monkeypatch.setattr(simulate, "main", arguments.extend)
    run("simulate")
    return arguments


def test_without_stored_ids_of_its_account_the_simulator_uses_the_ids_of_the_manual(monkeypatch):
    OutboundMessageFactory(account="bergen", gateway_id=200_000)
    assert not [argument for argument in started(monkeypatch) if "first-id" in argument]


def test_ids_of_an_earlier_run_are_not_reused(monkeypatch):
    OutboundMessageFactory(gateway_id=145_100)
    assert "--first-id=145101" in started(monkeypatch)
    InboundMessageFactory(gateway_id=999_999)
    assert "--first-id=1000000" in started(monkeypatch)

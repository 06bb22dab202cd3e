"""A valid account, gateway clients, and what the checks find."""

from pathlib import Path

from django.core.checks import run_checks

from django_front_sms.checks import TAG

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = {"SERVICE_ID": 1234, "SENDER": "Mitt Firma"}
SECRETS = {"WEBHOOK_SECRETS": ["long enough to be a secret"]}


class Halfway:
    """A client without `send_bulk`."""

    def send(self) -> None: ...


def found() -> list[str]:
    """The numbers of the checks that fail, as `check --deploy --tag front_sms` finds them."""
    messages = run_checks(tags=[TAG], include_deployment_checks=True, databases=[])
    for message in messages:
        assert message.hint
        assert "%(" not in message.msg
    return [str(message.id).removeprefix("front_sms.") for message in messages]


class StandIn(Halfway):
    def send_bulk(self) -> None: ...

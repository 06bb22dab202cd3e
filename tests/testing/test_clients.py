"""Clients for sites that want no HTTP."""

import subprocess
import sys

import pytest

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.states import State
from django_front_sms.tasks import dispatch
from django_front_sms.testing import outbox

NUMBER = "+4799999999"


@pytest.fixture
def client(settings, db):
    def use(name: str) -> None:
        settings.FRONT_SMS = {**settings.FRONT_SMS, "CLIENT": f"django_front_sms.testing.{name}"}

    outbox.clear()
    yield use
    outbox.clear()


def test_locmem_keeps_what_was_sent(client):
    client("LocmemClient")
    message = send_sms(NUMBER, "Test 😊")
    dispatch()
    message.refresh_from_db()
    assert message.state == State.SENT
    assert message.gateway_id is not None
    assert [(sms.recipient, sms.sender, sms.text) for sms in outbox] == [(NUMBER, "Mitt Firma", "Test 😊")]


def test_locmem_gives_each_message_an_id_of_its_own(client):
    client("LocmemClient")
    messages = [send_sms(NUMBER, text) for text in ("a", "b", "c")]
    dispatch()
    for message in messages:
        message.refresh_from_db()
    assert len({message.gateway_id for message in messages}) == 3


def test_a_bulk_is_kept_as_one_message_for_each_number(client):
    client("LocmemClient")
    bulk = send_bulk_sms([NUMBER, "+4799999998"], "Test")
    dispatch()
    assert [sms.recipient for sms in outbox] == [NUMBER, "+4799999998"]
    assert {message.state for message in bulk.messages.all()} == {State.SENT}


def test_console_prints_what_arrives(client, capsys):
    client("ConsoleClient")
    send_sms(NUMBER, "Grüße 😊", unicode=False)
    dispatch()
    printed = capsys.readouterr().out
    assert "SMS from Mitt Firma to +4799999999 (1 × gsm7)\nGrüße ?\n" in printed
    assert outbox == []


def test_pytest_is_imported_only_by_the_plugin():
    script = (
        "import django, sys; from django.conf import settings; "
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_front_sms'], "
        "FRONT_SMS={'ACCOUNTS': {'default': {'SERVICE_ID': 1}}}, SECRET_KEY='x'); django.setup(); "
        "from django_front_sms import testing; [getattr(testing, name) for name in testing.__all__]; "
        "assert 'pytest' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr

"""`manage.py front_sms erase`: receipt, exit status, JSON and progress bar."""

import json

import pytest

from django_front_sms import optouts
from django_front_sms.models import OutboundMessage
from tests.commands.running import run
from tests.factories import NUMBER
from tests.outbox.rows import message
from tests.outbox.worker_steps import claim_one
from tests.retention.personal_data import TEXT, receive, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


def test_the_command_prints_a_receipt_that_shows_no_number_and_exits_by_whether_it_is_complete(clock):
    sent()
    optouts.opt_out(NUMBER)
    code, text = run("erase", NUMBER)
    assert code == 0
    assert "Erased of +47•••••99" in text
    assert "Kept: that the person opted out" in text
    assert "99999999" not in text
    message(TEXT, ignore_opt_out=True)
    clock.advance(151)
    claim_one()
    code, text = run("erase", NUMBER)
    assert code == 3
    assert "may be on their way" in text


def test_scripts_read_the_receipt_as_json(clock):
    sent()
    code, text = run("erase", NUMBER, "--opt-outs", "--json")
    receipt = json.loads(text)
    assert (code, receipt["complete"], receipt["number"]) == (0, True, "+47•••••99")
    assert receipt["erased"]["outbound"] == 1
    assert set(map(str, receipt["left"].values())) == {"[]"}
    assert OutboundMessage.objects.get().text == ""


def test_a_terminal_shows_a_progress_bar(clock, monkeypatch, capsys):
    sent()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    code, text = run("erase", NUMBER)
    assert code == 0
    assert "Erased of +47•••••99" in text
    shown = capsys.readouterr().err
    assert "Erasing" in shown
    assert "100%" in shown


def test_the_command_lists_rows_that_a_person_must_check(clock):
    row = receive(b'{"id": 1, "text": "Hemmelig')
    code, text = run("erase", NUMBER)
    assert (code, f"--inbound: #{row.pk}" in text) == (3, True)
    code, text = run("erase", NUMBER, "--inbound", str(row.pk))
    assert (code, "--inbound" in text) == (0, False)

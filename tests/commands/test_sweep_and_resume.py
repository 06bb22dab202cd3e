"""`front_sms sweep` and `front_sms resume`."""

from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from django_front_sms.models import Decision
from django_front_sms.tasks import deliver_events
from tests.commands.running import read, run, transactional_db
from tests.factories import OutboundMessageFactory


@transactional_db
def test_a_sweep_expires_late_messages_and_reports_due_ones():
    late = OutboundMessageFactory(expires_at=timezone.now() - timedelta(hours=1))
    assert read("sweep") == {"due": {"messages": False, "events": True}}
    late.refresh_from_db()
    assert late.state == "expired"
    deliver_events()
    assert run("sweep") == (0, "Swept. Nothing is due.\n")
    OutboundMessageFactory()
    assert read("sweep") == {"due": {"messages": True, "events": False}}
    assert run("sweep")[1] == "Swept. Messages or events are due, and a worker was woken.\n"


@transactional_db
def test_resuming_lets_an_account_send_again_once(paused):
    code, text = run("resume", "default")
    paused.refresh_from_db()
    assert (code, paused.paused_at) == (0, None)
    assert "code 13" in text
    assert Decision.objects.get().action == "resume"
    assert run("resume", "default") == (0, "Account “default” was not paused.\n")
    assert read("resume", "default") == {"account": "default", "resumed": False, "pause_code": None}


@transactional_db
def test_an_unknown_account_cannot_be_resumed():
    with pytest.raises(CommandError, match='no account "nobody"'):
        run("resume", "nobody")

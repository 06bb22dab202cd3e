"""Events of a message and their receivers in its timeline."""

import pytest

from django_front_sms.states import State
from django_front_sms.timeline import of_outbound
from tests.factories import EventFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db


def test_events_are_shown_with_their_receivers_if_there_are_any():
    sms = OutboundMessageFactory(state=State.SENT)
    EventFactory(
        subject=f"out:{sms.pk}",
        delivered_to=["clinic.receivers.note"],
        data={"old": "queued", "new": "sent", "x": "99999999"},
    )
    EventFactory(
        subject=f"out:{sms.pk}",
        delivered_to=["clinic.receivers.count"],
        kind="status_received",
        data={"status": 99999999},
    )
    EventFactory(subject=f"out:{sms.pk}")
    EventFactory(subject=f"out:{sms.pk}", next_at=at(3), delivered_to=[])

    entries = [entry for entry in of_outbound(sms) if entry.kind == "event"]

    assert [entry.title for entry in entries] == [
        "Reported to the site: it is sent",
        "Reported to the site: status received",
    ]
    assert (entries[0].detail, entries[0].technical) == ("", "Processed by clinic.receivers.note.")
    assert entries[0].level == "info"
    assert "99999999" not in repr(entries)


def test_failing_receivers_are_always_shown():
    sms = OutboundMessageFactory(state=State.SENT)
    EventFactory(subject=f"out:{sms.pk}")
    EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback:\nsite.errors.Broken: 99999999", attempts=5)
    EventFactory(subject=f"out:{sms.pk}", next_at=at(50), traceback="Traceback:\nKeyError: 1")
    EventFactory(subject="out:0", failed=True)

    entries = [entry for entry in of_outbound(sms) if entry.kind == "event"]

    assert [entry.level for entry in entries] == ["bad", "warn"]
    assert entries[0].title == "This site could not process it: state changed"
    assert entries[0].technical == "site.errors.Broken. 5 attempts."
    assert "Broken" not in entries[0].detail
    assert "99999999" not in repr(entries[0])

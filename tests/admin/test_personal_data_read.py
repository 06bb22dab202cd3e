"""Every page that shows texts or numbers sends a signal, for sites that must record who reads them."""

from collections import defaultdict

import pytest
from django.urls import reverse

from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.signals import personal_data_read
from tests.factories import InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def read():
    """The keys that were read, by model."""
    seen = defaultdict(list)

    def note(sender, user, model, pks, **kwargs):
        assert user.is_authenticated and sender is model
        seen[model] += pks

    personal_data_read.connect(note)
    yield seen
    personal_data_read.disconnect(note)


def test_lists_and_pages_of_messages_send_the_signal(boss, read):
    sent, received = OutboundMessageFactory(), InboundMessageFactory()
    for row in (sent, received):
        name = row._meta.model_name
        boss.get(reverse(f"admin:front_sms_{name}_changelist"))
        boss.get(reverse(f"admin:front_sms_{name}_change", args=[row.pk]))
    assert read == {OutboundMessage: [sent.pk] * 2, InboundMessage: [received.pk] * 2}


def test_a_conversation_sends_the_signal_for_both_directions(boss, read):
    sent, received = OutboundMessageFactory(), InboundMessageFactory()
    boss.get(reverse("admin:front_sms_conversation_out", args=[sent.pk]))
    assert read == {OutboundMessage: [sent.pk], InboundMessage: [received.pk]}


def test_an_export_sends_the_signal(login, read):
    sent = OutboundMessageFactory()
    exporter = login("view_outboundmessage", "export_outboundmessage")
    address = reverse("admin:front_sms_outboundmessage_export")
    assert b"".join(exporter.post(address, {"format": "comma"}).streaming_content)
    assert read == {OutboundMessage: [sent.pk]}

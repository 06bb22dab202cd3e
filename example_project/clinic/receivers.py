"""Receivers for the messages of patients.

A receiver can be called more than once for one event, so each step here is idempotent.
"""

from typing import Any

from django.dispatch import receiver

from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.signals import message_received, reply_received
from example_project.clinic.models import Appointment

ANSWERS = {
    "JA": (Appointment.State.CONFIRMED, "Takk! Vi sees."),
    "NEI": (Appointment.State.DECLINED, "Takk for beskjed. Ring oss for en ny time."),
}


def first_word(text: str) -> str:
    return (text.split() or [""])[0].strip(".,!?").upper()


@receiver(reply_received)
def note_the_answer(message: InboundMessage, in_reply_to: OutboundMessage, event_id: str, **kwargs: Any) -> None:
    answer = ANSWERS.get(first_word(message.text))
    appointment = in_reply_to.metadata.get("appointment")
    if answer and appointment:
        state, thanks = answer
        Appointment.objects.filter(pk=appointment).update(state=state)
        message.reply(thanks, idempotency_key=f"thanks-{event_id}")


@receiver(message_received)
def stop_reminding(message: InboundMessage, **kwargs: Any) -> None:
    """Record the opt-out in the clinic's own table; django_front_sms has stored the opt-out of the number."""
    if first_word(message.text) == "STOPP":
        reminded = OutboundMessage.objects.filter(recipient=message.sender, metadata__has_key="appointment")
        appointments = reminded.values_list("metadata__appointment", flat=True)
        Appointment.objects.filter(pk__in=list(appointments)).update(wants_reminders=False)

"""Reminders to patients."""

from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.models import OutboundMessage
from example_project.clinic.models import Appointment


def remind(appointment: Appointment) -> OutboundMessage:
    """Remind the patient once: a repeated call returns the same message. Raises `InvalidMessage` for a bad number."""
    when = timezone.localtime(appointment.when)
    return send_sms(
        appointment.phone,
        f"Hei {appointment.patient}! Du har time hos oss {when:%d.%m} kl. {when:%H.%M}. "
        "Svar JA hvis du kommer, NEI hvis ikke. Svar STOPP for å slippe påminnelser.",
        idempotency_key=f"reminder-{appointment.pk}",
        metadata={"appointment": appointment.pk},
    )

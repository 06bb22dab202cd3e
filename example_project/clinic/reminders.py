"""What the clinic says to its patients."""

from django.utils import timezone

from django_front_sms import send_sms
from django_front_sms.models import OutboundMessage
from example_project.clinic.models import Appointment


def remind(appointment: Appointment) -> OutboundMessage:
    """Reminds the patient once: asked again, it gives back the same message. A bad number raises `InvalidMessage`."""
    when = timezone.localtime(appointment.when)
    return send_sms(
        appointment.phone,
        f"Hei {appointment.patient}! Du har time hos oss {when:%d.%m} kl. {when:%H.%M}. "
        "Svar JA hvis du kommer, NEI hvis ikke. Svar STOPP for å slippe påminnelser.",
        idempotency_key=f"reminder-{appointment.pk}",
        metadata={"appointment": appointment.pk},
    )

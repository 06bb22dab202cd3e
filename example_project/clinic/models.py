from django.db import models
from django.utils import timezone


class Appointment(models.Model):
    """An appointment. The patient is reminded by SMS, and answers JA or NEI."""

    class State(models.TextChoices):
        BOOKED = "booked"
        CONFIRMED = "confirmed"
        DECLINED = "declined"

    patient = models.CharField(max_length=100)
    phone = models.CharField(max_length=20, help_text="as the patient gives it: 999 99 999, or +47 999 99 999")
    when = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.BOOKED, editable=False)
    wants_reminders = models.BooleanField(default=True)

    class Meta:
        ordering = ["when"]

    def __str__(self) -> str:
        return f"{self.patient}, {self.when:%d.%m.%Y %H:%M}"

    @property
    def first_name(self) -> str:
        return self.patient.partition(" ")[0]

    @property
    def time(self) -> str:
        """The time of day, for texts to patients."""
        return f"{timezone.localtime(self.when):%H.%M}"

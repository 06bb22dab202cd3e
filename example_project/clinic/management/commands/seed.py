from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils import timezone

from django_front_sms.models import SavedText
from example_project.clinic.models import Appointment

PATIENTS = [("Kari Nordmann", "999 99 999"), ("Ola Nordmann", "999 99 998"), ("Åse Ødegård", "+47 999 99 997")]


class Command(BaseCommand):
    help = "Makes the login demo / demo, three appointments for tomorrow and a saved text, where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        User = get_user_model()
        if not User.objects.filter(username="demo").exists():
            User.objects.create_superuser("demo", "demo@example.com", "demo")
        if not Appointment.objects.exists():
            morning = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
            for hour, (patient, phone) in enumerate(PATIENTS):
                Appointment.objects.create(patient=patient, phone=phone, when=morning + timedelta(hours=hour))
        SavedText.objects.get_or_create(
            name="Appointment tomorrow", defaults={"text": "Hei {first_name}! Du har time hos oss i morgen kl. {time}."}
        )

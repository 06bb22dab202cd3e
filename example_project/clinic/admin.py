from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from django_front_sms.exceptions import InvalidMessage
from example_project.clinic.models import Appointment
from example_project.clinic.reminders import remind


@admin.register(Appointment)
class AppointmentAdmin(admin.ModelAdmin):
    list_display = ["patient", "phone", "when", "state", "wants_reminders"]
    list_filter = ["state"]
    readonly_fields = ["state"]
    actions = ["send_reminders"]

    @admin.action(description="Send reminders", permissions=["change"])
    def send_reminders(self, request: HttpRequest, appointments: QuerySet[Appointment]) -> None:
        for appointment in appointments:
            try:
                remind(appointment)
            except InvalidMessage as error:
                self.message_user(request, f"{appointment.patient} was not reminded: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{appointment.patient} is being reminded.", messages.SUCCESS)

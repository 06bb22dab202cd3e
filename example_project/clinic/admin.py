from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from django_front_sms.admin import write_sms
from django_front_sms.exceptions import InvalidMessage
from example_project.clinic.models import Appointment
from example_project.clinic.reminders import remind


class DayFilter(admin.SimpleListFilter):
    title = "day"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today"), ("tomorrow", "Tomorrow")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> QuerySet[Appointment]:
        if self.value() is None:
            return queryset
        return queryset.filter(when__date=timezone.localdate() + timedelta(days=self.value() == "tomorrow"))


@admin.register(Appointment)
class AppointmentAdmin(admin.ModelAdmin):
    list_display = ["patient", "phone", "when", "state", "wants_reminders"]
    list_filter = [DayFilter, "state", "wants_reminders"]
    readonly_fields = ["state"]
    actions = ["send_reminders", write_sms(phone="phone", fields=["first_name", "time"])]

    @admin.action(description="Send reminders", permissions=["change"])
    def send_reminders(self, request: HttpRequest, appointments: QuerySet[Appointment]) -> None:
        for appointment in appointments:
            try:
                remind(appointment)
            except InvalidMessage as error:
                self.message_user(request, f"{appointment.patient} was not reminded: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{appointment.patient} is being reminded.", messages.SUCCESS)

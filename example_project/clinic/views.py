from urllib.parse import urljoin

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from example_project.clinic.models import Appointment
from example_project.clinic.reminders import remind as send_reminder


def front_page(request: HttpRequest) -> HttpResponse:
    """Links to the other pages, and the appointments."""
    phones = urljoin(get_settings().account("default").gateway_url, "/")
    return render(request, "clinic/front_page.html", {"appointments": Appointment.objects.all(), "phones": phones})


@require_POST
@staff_member_required
def remind(request: HttpRequest, pk: int) -> HttpResponse:
    appointment = get_object_or_404(Appointment, pk=pk)
    try:
        send_reminder(appointment)
    except InvalidMessage as error:
        messages.error(request, f"{appointment.patient} was not reminded: {error}")
    else:
        messages.success(request, f"{appointment.patient} is being reminded.")
    return redirect("front-page")

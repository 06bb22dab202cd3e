"""Messages of a person, and rows of the admin's history."""

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from django_front_sms import tasks
from django_front_sms.models import InboundMessage, OutboundMessage
from tests.outbox.exchange_results import accepted
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt
from tests.webhooks.pushes import by_post

TEXT = "Hemmelig æøå"
OTHER = "+4741000000"
TRACES = ("99999999", "999 99 999", "Hemmelig", "image01")


def receive(body: bytes) -> InboundMessage:
    by_post(body)
    tasks.deliver_events()
    return InboundMessage.objects.latest("pk")


def sent(text: str = TEXT, **options) -> OutboundMessage:
    row = message(text, **options)
    return reloaded(attempt(accepted()) and row)


def logged(row, shown: str, change: str = "") -> LogEntry:
    user, _ = User.objects.get_or_create(username="kari")
    return LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=shown,
        change_message=change,
        action_flag=ADDITION,
    )

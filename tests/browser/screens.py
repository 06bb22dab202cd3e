"""Every screen of the admin, with rows to show."""

from typing import Any

from django.contrib import admin
from django.urls import reverse

from django_front_sms.models import CounterGap, DeliveryStatus, RefusedPush
from django_front_sms.states import State
from tests.factories import (
    NOON,
    AccountStateFactory,
    BulkSendFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OptOutFactory,
    OutboundMessageFactory,
)


def change(row: Any) -> str:
    return reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])


def one_of_each() -> dict[str, Any]:
    """A row for each kind of page, by name."""
    for state in State:
        OutboundMessageFactory(state=state, recipient="+4791234567")
    sms = OutboundMessageFactory(retried=True)
    EventFactory(subject=f"out:{sms.pk}", delivered_to=["clinic.receivers.note"], data={"new": "sent"})
    mms = InboundMessageFactory(text="", problem="text is missing", sender="+4792345678")
    MmsFileFactory(message=mms, name="note.txt", content_type="text/plain", content=b"Hei")
    bulk = BulkSendFactory(text="Hei alle", recipients=2)
    OutboundMessageFactory(bulk=bulk, state=State.SENT)
    return {
        "a delivered message": sms,
        "an unconfirmed message": OutboundMessageFactory(unconfirmed=True),
        "a queued message": OutboundMessageFactory(),
        "an inbound message": sms.replies.get(),
        "an MMS": mms,
        "a status": DeliveryStatus.objects.filter(message=sms).first(),
        "a bulk send": bulk,
        "a refused push": RefusedPush.objects.create(account="default", purpose="inbound", size=3 * 10**7, limit=10**7),
        "a gap": CounterGap.objects.create(account="default", first=7167, last=7168, shown_at=NOON),
        "an event": EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback\nKeyError: 1"),
        "an account": AccountStateFactory(paused=True),
        "an opt-out": OptOutFactory(number="+4799999999"),
    }


def lists() -> dict[str, str]:
    names = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "front_sms"]
    return {f"list of {name}": reverse(f"admin:front_sms_{name}_changelist") for name in names}


def screens() -> dict[str, str]:
    """The address of every screen, each with rows to show."""
    rows = one_of_each()
    return {
        "the index": "/admin/",
        "the app": "/admin/front_sms/",
        **lists(),
        "a search": "/admin/front_sms/outboundmessage/?q=912",
        "a list that was narrowed": "/admin/front_sms/outboundmessage/?state__exact=sent",
        "a conversation": reverse("admin:front_sms_conversation_out", args=[rows["a delivered message"].pk]),
        "a message to write": "/admin/front_sms/outboundmessage/add/",
        "an export": "/admin/front_sms/outboundmessage/export/",
        "an opt-out to write": "/admin/front_sms/optout/add/",
        **{name: change(row) for name, row in rows.items()},
        "a history": change(rows["an account"]).replace("change/", "history/"),
    }

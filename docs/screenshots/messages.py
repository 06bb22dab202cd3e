"""The data of the screenshots: the messages of an invented clinic in a month; always the same except for the times."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw

from django_front_sms.contacts import Contacts
from django_front_sms.models import (
    CounterGap,
    Decision,
    Event,
    InboundMessage,
    OptOut,
    OutboundMessage,
    SavedText,
    Wait,
)
from django_front_sms.states import State
from tests.factories import (
    AccountStateFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OutboundMessageFactory,
)

START = timezone.now().replace(microsecond=0) - timedelta(minutes=9)
OLA, ASE = "+4792345678", "+4798765432"
REMINDERS = ("Husk legetime på torsdag kl. 10.", "Timen din i morgen kl. 09.15 er bekreftet.", "Resepten er klar.")
FATES = [State.DELIVERED] * 88 + [State.UNDELIVERED] * 4 + [State.REJECTED] * 3 + [State.AT_OPERATOR] * 2
FATES += [State.SENT, State.EXPIRED, State.DUPLICATE]
NAMES = {
    OLA: "Ola Nordmann",
    ASE: "Åse Berg",
    "+4795678901": "Kari Hansen",
    "+4794567890": "Jonas Lie",
    "+4797654321": "Ingrid Moe",
    "+4791234567": "Per Dahl",
}


class Patients(Contacts):
    """The patients of the invented clinic, of whom not all are known."""

    def labels(self, numbers: Iterable[str]) -> dict[str, str]:
        return {number: NAMES[number] for number in numbers if number in NAMES}

    def search(self, text: str) -> list[str]:
        return [number for number, name in NAMES.items() if text.casefold() in name.casefold()]


def at(seconds: float) -> datetime:
    """Return the time `seconds` after the start of the invented month."""
    return START + timedelta(seconds=seconds)


def fill() -> dict[str, str]:
    """Create the data; return the URLs of the pages by name."""
    kari = User.objects.create_superuser("kari", password="kari")
    _a_month()
    _list()
    rich = _message_with_timeline(kari)
    lost = OutboundMessageFactory(
        unconfirmed=True,
        created_at=START,
        created_by=kari,
        sender="Klinikken",
        text="Strømmen er tilbake kl. 14.30.",
        recipient=ASE,
    )
    OptOut.objects.create(account="default", number="+4793333333", created_by=kari)
    SavedText.objects.create(name="Påminnelse", text="Hei {name}! Husk timen din {time}. Svar JA for å bekrefte.")
    SavedText.objects.create(name="Stengt", text="Klinikken holder stengt i dag. Vi ringer deg i morgen.")
    mms = _conversation(kari)
    _needs()
    return {
        "dashboard": reverse("admin:front_sms_dashboard_changelist"),
        "messages": reverse("admin:front_sms_outboundmessage_changelist"),
        "message": reverse("admin:front_sms_outboundmessage_change", args=[rich.pk]),
        "unconfirmed": reverse("admin:front_sms_outboundmessage_change", args=[lost.pk]),
        "composer": reverse("admin:front_sms_outboundmessage_add"),
        "conversation": reverse("admin:front_sms_conversation_in", args=[mms.pk]),
        "mms": reverse("admin:front_sms_inboundmessage_change", args=[mms.pk]),
        "export": reverse("admin:front_sms_outboundmessage_export") + "?state__exact=delivered",
    }


def _a_month() -> None:
    dice = random.Random(7)
    now, rows = timezone.now(), []
    for day in range(31):
        for _ in range(dice.randint(30, 70)):
            state = dice.choice(FATES)
            at = (now - timedelta(days=day)).replace(
                hour=min(23, max(0, int(dice.gauss(12, 3)))), minute=dice.randint(0, 59)
            )
            if at > now - timedelta(minutes=30):
                continue
            sent = at + timedelta(seconds=1) if state not in (State.EXPIRED, State.DUPLICATE) else None
            receivers = timedelta(seconds=dice.lognormvariate(1.6, 0.9))
            code = dice.choice([1, 1, 1, 12, 3]) if state == State.REJECTED else None
            rows.append(
                OutboundMessage(
                    account="default",
                    sender="Klinikken",
                    recipient=f"+479{dice.randint(1000000, 9999999)}",
                    text=dice.choice(REMINDERS),
                    state=state,
                    created_at=at,
                    sent_at=sent,
                    delivered_at=at + receivers if state == State.DELIVERED else None,
                    gateway_id=145000 - len(rows) if sent and code is None else None,
                    error_code=code,
                    next_at=None,
                )
            )
    OutboundMessage.objects.bulk_create(sorted(rows, key=lambda row: row.created_at))


def _list() -> None:
    rows = [
        (State.SENT, "Nyhetsbrev for mars: les mer på nettsiden vår.", {"recipient": "+4796789012"}),
        (State.REJECTED, "Faktura 10045 forfaller fredag.", {"error_code": 1, "recipient": "+4791234567"}),
        (State.DELIVERED, "Koden din er 482 913", {"gateway_id": 145081, "priority": 1}),
        (State.EXPIRED, "Tilbudet gjelder til kl. 12.", {"recipient": "+46701234567"}),
        (State.UNDELIVERED, "Pakken din er klar til henting.", {"gateway_id": 145082, "recipient": "+4797654321"}),
        (State.CANCELLED, "Møtet er flyttet til rom 4.", {"recipient": "+4793456789"}),
        (State.AT_OPERATOR, "Vi er hos deg om ti minutter!", {"gateway_id": 145083, "recipient": "+4794567890"}),
        (State.QUEUED, "Husk legetime på torsdag kl. 10.", {"recipient": "+4795678901"}),
    ]
    for number, (state, text, fields) in enumerate(rows):
        OutboundMessageFactory(state=state, text=text, sender="Klinikken", created_at=at(number * 7), **fields)


def _message_with_timeline(kari: User) -> OutboundMessage:
    text = "Hei! Du har time torsdag kl. 10.00. Svar JA for å bekrefte."
    rich = OutboundMessageFactory(retried=True, created_at=START, created_by=kari, sender="Klinikken", text=text)
    for state, seconds in (("sent", 17), ("delivered", 23)):
        receivers = ["clinic.receivers.note_reminder"]
        EventFactory(subject=f"out:{rich.pk}", delivered_to=receivers, data={"new": state}, created_at=at(seconds))
    later = timezone.now() + timedelta(minutes=2)
    again = {"text": text, "sender": "Klinikken", "metadata": {"resend_of": rich.pk}}
    OutboundMessageFactory(waits_for=Wait.TWIN, next_at=later, created_at=at(200), **again)
    return rich


def _conversation(kari: User) -> InboundMessage:
    def ours(seconds: float, text: str, state: State = State.DELIVERED, **fields: Any) -> OutboundMessage:
        times = {"created_at": at(seconds), "sent_at": at(seconds + 1)}
        return OutboundMessageFactory(state=state, text=text, recipient=OLA, sender="26114123450000", **times, **fields)

    first = ours(-5400, "Hei Ola! Du har time hos fysioterapeuten fredag kl. 13.30.", gateway_id=145090)

    def theirs(seconds: float, text: str, **fields: Any) -> InboundMessage:
        times = {"sent_at": at(seconds - 2), "received_at": at(seconds)}
        return InboundMessageFactory(text=text, sender=OLA, recipient="26114123450000", **times, **fields)

    theirs(-5100, "Kommer litt senere, er det greit?", counter=7166, in_reply_to=first)
    ours(-4900, "Ja, kom kl. 14 i stedet. 😊", gateway_id=145091, created_by=kari, unicode=True)
    mms = theirs(-300, "Takk! Utsikten herfra:", gateway_id=999998, counter=7167)
    smil = "text/xml;Name=smil.xml;Charset=UTF-8"
    MmsFileFactory(message=mms, name="smil.xml", content_type=smil, content=b"<smil/>")
    MmsFileFactory(message=mms, content=_mountains())
    ours(-60, "Nydelig! Vi ses.", State.AT_OPERATOR, gateway_id=145092, created_by=kari)
    return mms


def _needs() -> None:
    InboundMessageFactory(unreadable=True, received_at=at(1))
    CounterGap.objects.create(account="default", first=7160, last=7161, shown_at=at(-4000))
    Event.objects.create(
        kind="reply_received",
        subject="in:1",
        failed=True,
        attempts=5,
        next_at=None,
        traceback="Traceback (most recent call last):\n  …\nKeyError: 'patient'",
        created_at=at(-3000),
    )
    account = AccountStateFactory(paused=True, paused_at=at(0))
    Decision.objects.create(account=account.account, action=Decision.Action.RESUME, at=at(-90_000))


def _mountains() -> bytes:
    picture = Image.new("RGB", (480, 360), "#9fc9e8")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 360), (150, 130), (260, 270), (340, 180), (480, 360)], fill="#3f6f57")
    draw.polygon([(118, 180), (150, 130), (178, 168), (150, 178)], fill="#ffffff")
    draw.ellipse([370, 40, 430, 100], fill="#ffd75e")
    content = BytesIO()
    picture.save(content, "JPEG", quality=85)
    return content.getvalue()

"""An end-to-end run: a reminder is sent and delivered, the patient answers JA, and then sends a picture."""

import base64
import json
import struct
import urllib.request
import zlib

from django.utils.timezone import localtime

from django_front_sms.conf import get_settings
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.states import State
from example_project.clinic.models import Appointment
from example_project.clinic.reminders import remind
from example_project.demo.environment import Environment
from example_project.demo.processes import Failed


def run(demo: Environment) -> None:
    """Run all steps. Raises `Failed` if one fails."""
    clinic = get_settings().account("default").sender
    if not clinic.lstrip("+").isdecimal():
        raise Failed(f"the sender {clinic!r} is a text, which cannot be answered: set FRONT_SMS_SENDER to a number")
    appointment = Appointment.objects.earliest("when")
    message = remind(appointment)
    say(f"a reminder to {appointment.patient} is queued, for {message.recipient}")
    wait_for_delivery(demo, message)
    write(demo, message.recipient, clinic, text="Ja")
    reply = wait_for_inbound(demo, "the reply", message.recipient, text="Ja")
    wait_for_confirmation(demo, appointment, reply)
    picture = png()
    write(demo, message.recipient, clinic, text="Her er henvisningen", files=[attachment(picture)])
    mms = wait_for_inbound(demo, "the MMS", message.recipient, text="Her er henvisningen")
    see_the_picture(mms, picture)
    show(message, reply, mms)


def wait_for_delivery(demo: Environment, message: OutboundMessage) -> None:
    def over() -> bool:
        message.refresh_from_db()
        return message.state in (State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.UNCONFIRMED)

    demo.children.wait_for("the reminder to be delivered", over)
    if message.state != State.DELIVERED:
        raise Failed(f"the reminder ended as {message.state} (code {message.error_code}: {message.error_text})")
    say(f"Front's id is {message.gateway_id}, and its status says that it was delivered")


def wait_for_inbound(demo: Environment, what: str, sender: str, *, text: str) -> InboundMessage:
    found = InboundMessage.objects.filter(sender=sender, text__contains=text)
    inbound = demo.children.wait_for(f"{what} to arrive", found.first)
    if inbound.problem:
        raise Failed(f"{what} could not be read: {inbound.problem}")
    return inbound


def wait_for_confirmation(demo: Environment, appointment: Appointment, reply: InboundMessage) -> None:
    def confirmed() -> bool:
        appointment.refresh_from_db()
        return appointment.state == Appointment.State.CONFIRMED

    demo.children.wait_for("the clinic's receiver to confirm the appointment", confirmed)
    say(f"{appointment.patient} answered {reply.text!r}, and the clinic's receiver confirmed the appointment")
    thanks = OutboundMessage.objects.filter(recipient=reply.sender, state=State.DELIVERED, text__startswith="Takk")
    demo.children.wait_for("the clinic's thanks to be delivered", thanks.first)
    say("the clinic's thanks were delivered")


def see_the_picture(mms: InboundMessage, picture: bytes) -> None:
    stored = mms.files.filter(content_type__startswith="image/png").first()
    if stored is None:
        raise Failed("the MMS arrived without its picture")
    with stored.file.open("rb") as file:
        if file.read() != picture:
            raise Failed("the picture is not the one that was sent")
    say(f"an MMS arrived with its picture, {stored.size} bytes, as it was sent")


def show(message: OutboundMessage, reply: InboundMessage, mms: InboundMessage) -> None:
    message.refresh_from_db()
    reply.refresh_from_db()
    print(f"\nMessage {message.pk} to {message.recipient}: {message.text}")
    for entry in message.timeline():
        print(f"  {localtime(entry.at):%H:%M:%S}  {entry.title}" + (f"  ({entry.detail})" if entry.detail else ""))
    print(f"\nReply to message {reply.in_reply_to_id} from {reply.sender}: {reply.text}")
    print(f"\nMMS from {mms.sender}: {mms.text}")
    for file in mms.files.all():
        print(f"  {file.name}  {file.content_type.partition(';')[0]}  {file.size} bytes")
    if reply.in_reply_to_id != message.pk:
        raise Failed("the reply was not matched with the reminder that it answers")


def write(demo: Environment, sender: str, to: str, **content: object) -> None:
    """Write a message on one of the simulator's phones."""
    body = json.dumps({"from": sender, "to": to, **content}).encode()
    request = urllib.request.Request(f"{demo.phones}control/receive", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        json.load(response)


def attachment(picture: bytes) -> dict[str, str]:
    return {
        "contentType": "image/png;Name=henvisning.png",
        "fileName": "henvisning.png",
        "fileData": base64.b64encode(picture).decode(),
    }


def png(side: int = 64) -> bytes:
    """A small picture: blue, fading to white."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([255 * y // side, 255 * y // side, 255]) * side for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def say(line: str) -> None:
    print(f"✓ {line}", flush=True)

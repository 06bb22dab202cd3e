"""The phones as HTML: messages, the condition of each phone, and the mail about a parked queue."""

from __future__ import annotations

import time
from html import escape
from importlib.resources import files
from string import Template

from django_front_sms.gateway.numbers import PSK_SHORT_CODE

from .messages import Incoming, Message
from .network import Network

PHONES_SHOWN = 40
BUBBLES_SHOWN = 100
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")  # not SVG: it can contain scripts
_SITE_STATES = {  # the state that the site shows once it has the status
    "accepted": "sent",
    "at operator": "at the operator",
    "delivered": "delivered",
    "failed": "undelivered",
}

Entry = Message | Incoming


def shown(network: Network) -> list[tuple[str, list[Entry]]]:
    return list(network.phones().items())[:PHONES_SHOWN]


def card(network: Network, number: str, entries: list[Entry]) -> str:
    template = files(__package__).joinpath("static", "phone.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        number=escape(number),
        head=head(network, number),
        to=escape(reply_to(network, entries)),
        thread=thread(network, entries),
    )


def head(network: Network, number: str) -> str:
    """Return the number of a phone, its condition, and its switches."""
    off, dead, barred = number in network.off, number in network.dead, number in network.blacklist
    conditions = [word for word, holds in (("off", off), ("dead", dead), ("blacklisted", barred)) if holds]
    switches = (
        ("on", not off, "On", "While it is off, nothing arrives and the last status is held"),
        ("dead", dead, "Dead", "A number that is not in use: messages to it end with status 5"),
        ("blacklisted", barred, "Blacklisted", "The gateway refuses messages to it with code 21"),
    )
    buttons = "".join(
        f'<button type="button" data-switch="{name}" aria-pressed="{str(pressed).lower()}" title="{note}">'
        f"{label}</button>"
        for name, pressed, label, note in switches
    )
    return (
        f'<h2><span class="face" aria-hidden="true">{escape(number[-2:])}</span><span>{escape(number)}</span>'
        f'<em>{" · ".join(conditions)}</em></h2><div class="switches">{buttons}</div>'
    )


def thread(network: Network, entries: list[Entry]) -> str:
    older = len(entries) - BUBBLES_SHOWN
    note = f'<p class="older">{older} older</p>' if older > 0 else ""
    last = entries[-BUBBLES_SHOWN:]
    if not last:
        return '<p class="hint">Nothing yet.</p>'
    return note + "".join(_sent(network, e) if isinstance(e, Message) else _written(e) for e in last)


def notice(network: Network) -> str:
    """Return Front's mail about each parked queue (§1.2), with its restart link and the messages that wait."""
    return "".join(
        Template(files(__package__).joinpath("static", "mail.html").read_text(encoding="utf-8")).substitute(
            service_id=account.service_id,
            at=_time(account.inbound.parked_at),
            link=escape(f"{network.origin}/restart/{account.inbound.token}"),
            count=len(account.inbound.waiting),
            waiting="".join(map(_waiting, list(account.inbound.waiting)[:20])),
        )
        for account in network.accounts.values()
        if account.inbound.parked
    )


def own_numbers(network: Network) -> list[str]:
    """Return the numbers that a phone can write to."""
    numbers = [s for a in network.accounts.values() for s in a.senders if s.removeprefix("+").isdigit()]
    return [*numbers, PSK_SHORT_CODE]


def _waiting(incoming: Incoming) -> str:
    pictures = len([part for part in incoming.files if part.content_type.startswith("image/")])
    text = incoming.text[:60] + ("…" if len(incoming.text) > 60 else "")
    extra = f" · {pictures} picture{'s' * (pictures > 1)}" if pictures else ""
    return f"<li><b>{escape(incoming.sender)}</b> {escape(text)}<small>{extra} · {_tries(incoming)}</small></li>"


def _tries(incoming: Incoming) -> str:
    return f"tried {incoming.tries}×" if incoming.tries else "not tried"


def _sent(network: Network, message: Message) -> str:
    parts = f"{message.segments} SMS" + (" · Unicode" if message.encoding == "ucs2" else "")
    price = f" · kr {message.price // 100}" if message.price else ""
    mark, waits = message.state.replace(" ", "-"), network.waits(message)
    state = _SITE_STATES[message.state] + (", waits for the phone" if waits else "")
    return (
        f'<div class="bubble in{" waits" * waits}" data-id="{message.id}"><b>{escape(message.sender)}</b>'
        f"{_paragraph(message.text)}"
        f'<small>{_time(message.at)} · {parts}{price} · <i class="{mark}">{state}</i></small></div>'
    )


def _written(incoming: Incoming) -> str:
    pictures = "".join(
        f'<img src="/files/{part.id}" alt="{escape(part.name)}">'
        for part in incoming.files
        if part.content_type.partition(";")[0] in PICTURES
    )
    state = "accepted by the site" if incoming.delivered else _tries(incoming) if incoming.tries else "waiting"
    mark = "delivered" if incoming.delivered else "failed" if incoming.tries else "accepted"
    return (
        f'<div class="bubble out"><b>to {escape(incoming.to)}</b>{pictures}{_paragraph(incoming.text)}'
        f'<small>{_time(incoming.at)} · <i class="{mark}">{state}</i></small></div>'
    )


def reply_to(network: Network, entries: list[Entry]) -> str:
    """Return the number for a reply: the last sender that is a number, as text senders cannot be answered (§1.1)."""
    for entry in reversed(entries):
        number = entry.sender if isinstance(entry, Message) else entry.to
        if number.removeprefix("+").isdigit():
            return number
    return own_numbers(network)[0]


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _time(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))

"""The page that shows the phones: what was sent to each number, and a form to text back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs

from .accounts import SHORT_CODE
from .forms import read_form
from .messages import Incoming, Message
from .network import Network

PHONES_SHOWN = 40
BUBBLES_SHOWN = 100
HTML = "text/html; charset=utf-8"
STATIC = {
    "/style.css": "text/css; charset=utf-8",
    "/phones.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")  # what is shown; never SVG, it can hold a script


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    content_type: str = HTML
    location: str = ""


NOT_FOUND = Answer(b"<h1>Nothing here</h1><p>The phones are at <a href='/'>/</a>.", 404)
SPENT_LINK = Answer(b"<h1>This link is spent</h1><p>Each stop of the queue brings a new one: <a href='/'>see</a>.", 404)


def get(network: Network, path: str, query: str) -> Answer:
    """`/`, its files, `/phones` for the script that keeps it fresh, pictures, and restart links."""
    if path == "/":
        return Answer(_page(network))
    if path == "/phones":
        return _fresh(network, query)
    if path in STATIC:
        return Answer(_static(path.removeprefix("/")).encode(), content_type=STATIC[path])
    if path.startswith("/files/"):
        return _picture(network, path.removeprefix("/files/"))
    if path.startswith("/restart/"):
        return _restart(network, path.removeprefix("/restart/"))
    return NOT_FOUND


def post(network: Network, path: str, content_type: str, body: bytes) -> Answer:
    """`/text`: somebody wrote a text or an MMS on a phone. Goes back to the page, as a form should."""
    if path != "/text":
        return NOT_FOUND
    fields, attachments = read_form(content_type, body)
    sender, to = fields.get("from", "").strip(), fields.get("to", "").strip()
    if not sender or not to:
        return Answer(b"<h1>A text needs a number that it is from, and one that it goes to</h1>", 400)
    network.receive(sender, to, fields.get("text", ""), attachments)
    return Answer(b"", 303, location="/")


def _restart(network: Network, token: str) -> Answer:
    if not network.restart(token):
        return SPENT_LINK
    return Answer(b"", 303, location="/")


def _page(network: Network) -> bytes:
    account = network.account
    return _encode(
        Template(_static("page.html")).substitute(
            service_id=account.service_id,
            version=network.version,
            phones="".join(_phone(network, number, entries) for number, entries in _shown(network)),
            notice=_notice(network),
            default_to=escape(_own_numbers(network)[0]),
            own_numbers="".join(f"<option>{escape(number)}</option>" for number in _own_numbers(network)),
        )
    )


def _fresh(network: Network, query: str) -> Answer:
    """What the script swaps in, as JSON; 204 where nothing changed since `version`."""
    version = network.version
    if parse_qs(query).get("version") == [str(version)]:
        return Answer(b"", 204)
    shown = _shown(network)
    document = {
        "version": version,
        "notice": _notice(network),
        "order": [number for number, _ in shown],
        "phones": {number: _phone(network, number, entries) for number, entries in shown},
        "threads": {number: _thread(entries) for number, entries in shown},
    }
    return Answer(json.dumps(document).encode(), content_type="application/json")


def _shown(network: Network) -> list[tuple[str, list[Message | Incoming]]]:
    return list(network.phones().items())[:PHONES_SHOWN]


def _phone(network: Network, number: str, entries: list[Message | Incoming]) -> str:
    return Template(_static("phone.html")).substitute(
        number=escape(number),
        initials=escape(number[-2:]),
        to=escape(_reply_to(network, entries)),
        thread=_thread(entries),
    )


def _thread(entries: list[Message | Incoming]) -> str:
    older = len(entries) - BUBBLES_SHOWN
    note = f'<p class="older">{older} older</p>' if older > 0 else ""
    return note + "".join(_sent(e) if isinstance(e, Message) else _written(e) for e in entries[-BUBBLES_SHOWN:])


def _sent(message: Message) -> str:
    parts = f"{message.segments} SMS" + (" · Unicode" if message.encoding == "ucs2" else "")
    price = f" · kr {message.price // 100}" if message.price else ""
    mark = message.state.replace(" ", "-")
    return (
        f'<div class="bubble in"><b>{escape(message.sender)}</b>{_paragraph(message.text)}'
        f'<small>{_time(message.at)} · {parts}{price} · <i class="{mark}">{message.state}</i></small></div>'
    )


def _written(incoming: Incoming) -> str:
    pictures = "".join(
        f'<img src="/files/{part.id}" alt="{escape(part.name)}">'
        for part in incoming.files
        if part.content_type.partition(";")[0] in PICTURES
    )
    state = "taken by the site" if incoming.delivered else f"tried {incoming.tries}×" if incoming.tries else "waiting"
    mark = "delivered" if incoming.delivered else "failed" if incoming.tries else "accepted"
    return (
        f'<div class="bubble out"><b>to {escape(incoming.to)}</b>{pictures}{_paragraph(incoming.text)}'
        f'<small>{_time(incoming.at)} · <i class="{mark}">{state}</i></small></div>'
    )


def _notice(network: Network) -> str:
    links = network.restart_links()
    if not links:
        return ""
    waiting = sum(len(a.inbound.waiting) for a in network.accounts.values() if a.inbound.parked)
    return (
        f"<p>The site did not take a message in three tries. {waiting} waiting.</p>"
        f'<a class="button" href="{escape(links[0])}">Restart the queue</a>'
    )


def _reply_to(network: Network, entries: list[Message | Incoming]) -> str:
    """The number a reply would go to: the last sender that has one, for a text cannot be answered (§1.1)."""
    for entry in reversed(entries):
        number = entry.sender if isinstance(entry, Message) else entry.to
        if number.removeprefix("+").isdigit():
            return number
    return _own_numbers(network)[0]


def _own_numbers(network: Network) -> list[str]:
    numbers = [s for a in network.accounts.values() for s in a.senders if s.removeprefix("+").isdigit()]
    return [*numbers, SHORT_CODE]


def _picture(network: Network, number: str) -> Answer:
    for incoming in list(network.incoming.values()):
        for part in incoming.files:
            kind = part.content_type.partition(";")[0]
            if str(part.id) == number and kind in PICTURES and part.data is not None:
                return Answer(part.data, content_type=kind)
    return NOT_FOUND


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _time(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _static(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def _encode(html: str) -> bytes:
    return html.encode("utf-8", "replace")

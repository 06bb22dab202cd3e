"""The page: the phones, the recorded traffic, and the switches of the gateway and its chaos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs

from . import panel, phones, traffic
from .forms import read_form
from .mms import sample
from .network import Network

HTML = "text/html; charset=utf-8"
STATIC = {
    "/style.css": "text/css; charset=utf-8",
    "/phones.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    content_type: str = HTML
    location: str = ""


NOT_FOUND = Answer(b"<h1>Nothing here</h1><p>The phones are at <a href='/'>/</a>.", 404)
USED_LINK = Answer(
    b"<h1>This link is no longer valid</h1><p>Each stop of the queue has a new one: <a href='/'>open the page</a>.", 404
)


def get(network: Network, path: str, query: str) -> Answer:
    """Answer a GET for `/`, its static files, pictures, recorded bytes, and restart links."""
    if path == "/":
        return Answer(_page(network))
    if path in STATIC:
        return Answer(_static(path.removeprefix("/")).encode(), content_type=STATIC[path])
    if path.startswith("/files/"):
        return _picture(network, path.removeprefix("/files/"))
    if path.startswith("/wire/"):
        return _recorded_bytes(network, path.removeprefix("/wire/"))
    if path.startswith("/restart/"):
        return _restart(network, path.removeprefix("/restart/"))
    return NOT_FOUND


def post(network: Network, path: str, content_type: str, body: bytes) -> Answer:
    """Answer a POST to `/text`, a text or an MMS written on a phone, with a redirect to the page."""
    if path != "/text":
        return NOT_FOUND
    fields, attachments = read_form(content_type, body)
    sender, to = fields.get("from", "").strip(), fields.get("to", "").strip()
    if not sender or not to:
        return Answer(b"<h1>A number is missing</h1><p>Fill in From and To.", 400)
    if "sample" in fields:
        attachments.append(sample())
    network.receive(sender, to, fields.get("text", ""), attachments)
    return Answer(b"", 303, location="/")


def number(query: str, name: str) -> int | None:
    """Return a parameter of the query as a whole number, None where it is missing or none."""
    given = parse_qs(query).get(name, [""])[-1]
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def changes(network: Network, query: str) -> Answer:
    """Answer with the parts of the page that the script replaces, as JSON; 204 if nothing changed since `version`.

    `wire` is the number of the last exchange that the page has; only later ones are included.
    """
    version = network.version
    if number(query, "version") == version:
        return Answer(b"", 204)
    after = number(query, "wire") or 0
    shown = phones.shown(network)
    document = {
        "version": version,
        "notice": phones.notice(network),
        "panel": panel.render(network),
        "wire": [traffic.entry(exchange) for exchange in traffic.shown(network, after)],
        "order": [phone for phone, _ in shown],
        "phones": {phone: phones.card(network, phone, entries) for phone, entries in shown},
        "heads": {phone: phones.head(network, phone) for phone, _ in shown},
        "replies": {phone: phones.reply_to(network, entries) for phone, entries in shown},
        "threads": {phone: phones.thread(network, entries) for phone, entries in shown},
    }
    return Answer(json.dumps(document).encode(), content_type="application/json")


def _page(network: Network) -> bytes:
    own = phones.own_numbers(network)
    cards = "".join(phones.card(network, phone, entries) for phone, entries in phones.shown(network))
    wire = "".join(traffic.entry(exchange) for exchange in reversed(traffic.shown(network, 0)))
    return _encode(
        Template(_static("page.html")).substitute(
            service_id=network.account.service_id,
            version=network.version,
            phones=cards,
            notice=phones.notice(network),
            wire=wire,
            panel=panel.render(network),
            default_to=escape(own[0]),
            own_numbers="".join(f"<option>{escape(number)}</option>" for number in own),
        )
    )


def _restart(network: Network, token: str) -> Answer:
    if not network.restart(token):
        return USED_LINK
    return Answer(b"", 303, location="/")


def _picture(network: Network, number: str) -> Answer:
    for incoming in list(network.incoming.values()):
        for part in incoming.files:
            kind = part.content_type.partition(";")[0]
            if str(part.id) == number and kind in phones.PICTURES and part.data is not None:
                return Answer(part.data, content_type=kind)
    return NOT_FOUND


def _recorded_bytes(network: Network, path: str) -> Answer:
    """Answer `12/request` and `12/answer` with the recorded bytes of one side of an exchange, as a file."""
    wanted, _, side = path.partition("/")
    for exchange in list(network.exchanges):
        if str(exchange.number) == wanted and side in ("request", "answer"):
            return Answer(getattr(exchange, side), content_type="application/octet-stream")
    return NOT_FOUND


def _static(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def _encode(html: str) -> bytes:
    return html.encode("utf-8", "replace")

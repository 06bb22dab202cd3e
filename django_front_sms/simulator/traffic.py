"""The traffic between the site and the gateway as HTML: requests and pushes with their answers."""

from __future__ import annotations

import time
from html import escape

from .network import Network
from .records import Exchange

SHOWN = 60  # exchanges on the page
LONGEST = 6_000  # bytes of each side on the page; a link downloads all of them


def shown(network: Network, after: int) -> list[Exchange]:
    """Return the latest exchanges with numbers above `after`, oldest first."""
    return [exchange for exchange in list(network.exchanges)[-SHOWN:] if exchange.number > after]


def entry(exchange: Exchange) -> str:
    """Return one exchange: a line that unfolds to its bytes."""
    way = "site → Front" if exchange.kind == "submission" else "Front → site"
    mark = "good" if exchange.good else "bad"
    return (
        f'<details class="exchange {mark}" data-number="{exchange.number}" data-kind="{exchange.kind}">'
        f"<summary><time>{time.strftime('%H:%M:%S', time.localtime(exchange.at))}</time> <b>{way}</b> "
        f"<code>{escape(_title(exchange.request))}</code> <i>{escape(exchange.note)}</i></summary>"
        f"{_side(exchange, 'request', exchange.request)}{_side(exchange, 'answer', exchange.answer)}</details>"
    )


def _side(exchange: Exchange, name: str, data: bytes) -> str:
    if not data:
        return f"<h3>{name.capitalize()}</h3><p class='hint'>no bytes</p>"
    link = f'<a href="/wire/{exchange.number}/{name}" download="{exchange.number}-{name}.bin">{len(data)} bytes</a>'
    more = f"\n… {len(data) - LONGEST} bytes more" if len(data) > LONGEST else ""
    return f"<h3>{name.capitalize()} {link}</h3><pre tabindex='0'>{escape(readable(data[:LONGEST]))}{more}</pre>"


def readable(data: bytes) -> str:
    """Return the bytes as text; a byte that is not text becomes `\\xe6`. Line breaks become newlines."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def _title(request: bytes) -> str:
    """Return the method and the end of the address: `POST push.php`, `GET status/?status=4&origid=145099`."""
    method, _, rest = request.partition(b"\r\n")[0].partition(b" ")
    path, mark, query = rest.partition(b" ")[0].partition(b"?")
    last = b"/".join(path.rstrip(b"/").split(b"/")[-1:])
    return readable(method + b" " + last + mark + query)[:120]

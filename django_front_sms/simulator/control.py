"""The control API: what a person does on the page, for scripts. Bodies and answers are JSON.

| request | does |
|---|---|
| `GET /control/state` | clock, queue, links that restart it, counts, accounts |
| `GET /control/messages?to=&after=` | messages on the phones, by recipient and with ids above `after` |
| `GET /control/incoming` | what was written on the phones, and whether the site took it |
| `GET /control/log` | the latest requests and pushes |
| `POST /control/receive` | `{"from", "to", "text"?, "subject"?, "files"?}`: somebody writes on a phone |
| `POST /control/status` | `{"id", "status", "delay"?}`: one more status of a message |
| `POST /control/restart` | `{"token"?}`: follows the restart link |
| `POST /control/advance` | `{"seconds"}`: moves the clock |
| `POST /control/deliver` | makes all pushes that are due, and says how many |
| `POST /control/fault` | `{"kind", "accepted"?}`: what befalls the next submission; kinds in `chaos.FaultKind` |
| `POST /control/account` | `{"service_id"?, …}`: changes fields of `accounts.Account`, e.g. `{"blocked": true}` |

`files` is a list of `{"contentType", "fileName", "fileData"}` as in §2.5.1, `fileData` in base64; the SMIL file and the
text file are added. A request that makes no sense is answered with 400 and `{"problem": …}`, an unknown address
with 404.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from django_front_sms.gateway.numbers import from_wire

from .accounts import Account
from .chaos import Fault, FaultKind
from .messages import Incoming, Message
from .mms import Attachment

if TYPE_CHECKING:
    from .server import Simulator

Document = dict[str, Any]
SETTABLE: dict[str, tuple[type, ...]] = {
    "blocked": (bool,),
    "priced": (bool,),
    "duplicate_filter": (bool,),
    "balance": (int, type(None)),
    "password": (str, type(None)),
    "status_url": (str,),
    "inbound_url": (str,),
    "inbound_api": (str,),
    "senders": (list,),
    "allowed_ips": (list, type(None)),
}


def handle(simulator: Simulator, method: str, path: str, query: str, body: bytes) -> tuple[int, object]:
    """Answers one request with an HTTP status and what goes into the body as JSON."""
    route = ROUTES.get((method, path))
    if route is None:
        return 404, {"problem": f"nothing answers {method} {path}; see django_front_sms.simulator.control"}
    try:
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        given |= _object(json.loads(body)) if body else {}
        return 200, route(simulator, given)
    except KeyError as error:
        return 400, {"problem": f"missing or unknown: {error}"}
    except (ValueError, TypeError, binascii.Error) as error:
        return 400, {"problem": str(error)}


def dump(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _object(document: object) -> Document:
    if not isinstance(document, dict):
        raise ValueError("the body has to be a JSON object")
    return document


def _state(simulator: Simulator, given: Document) -> Document:
    network = simulator.network
    return {
        "now": network.now(),
        "parked": bool(network.restart_links()),
        "restart_links": network.restart_links(),
        "messages": len(network.messages),
        "incoming": len(network.incoming),
        "accounts": [_account_state(account) for account in network.accounts.values()],
    }


def _account_state(account: Account) -> Document:
    return {
        "service_id": account.service_id,
        "balance": account.balance,
        "blocked": account.blocked,
        "duplicate_filter": account.duplicate_filter,
        "counter": account.counter,
        "waiting": len(account.inbound.waiting),
        "parked": account.inbound.parked,
    }


def _messages(simulator: Simulator, given: Document) -> list[Document]:
    to, after = from_wire(given.get("to", "")), int(given.get("after", 0))
    found = [m for m in list(simulator.network.messages.values()) if m.id > after and to in ("", m.recipient)]
    return [_message(message) for message in found]


def _message(message: Message) -> Document:
    return {
        "id": message.id, "service_id": message.service_id, "sender": message.sender, "to": message.recipient,
        "text": message.text, "encoding": message.encoding, "segments": message.segments, "price": message.price,
        "bulk": message.bulk, "at": message.at, "statuses": message.statuses, "state": message.state,
    }  # fmt: skip


def _incoming(simulator: Simulator, given: Document) -> list[Document]:
    return [_incoming_state(incoming) for incoming in list(simulator.network.incoming.values())]


def _incoming_state(incoming: Incoming) -> Document:
    return {
        "id": incoming.id, "from": incoming.sender, "to": incoming.to, "text": incoming.text,
        "keyword": incoming.keyword, "counter": incoming.counter, "at": incoming.at,
        "files": [part.name for part in incoming.files], "tries": incoming.tries, "delivered": incoming.delivered,
    }  # fmt: skip


def _log(simulator: Simulator, given: Document) -> Document:
    network = simulator.network
    requests = [
        {"at": r.at, "bulk": r.bulk, "errorcode": int(r.verdict.code), "id": r.verdict.id, "parameters": r.parameters}
        for r in list(network.requests)
    ]
    pushes = [
        {
            "at": p.at, "kind": p.push.kind, "method": p.push.method, "url": p.push.url, "delivered": p.delivered,
            "status": p.reply.status, "problem": p.reply.problem,
        }
        for p in list(network.pushes)
    ]  # fmt: skip
    return {"requests": requests, "pushes": pushes}


def _receive(simulator: Simulator, given: Document) -> Document:
    files = [
        Attachment(file["contentType"], file["fileName"], base64.b64decode(file["fileData"], validate=True))
        for file in given.get("files", [])
    ]
    text, subject = str(given.get("text", "")), str(given.get("subject", ""))
    incoming = simulator.network.receive(str(given["from"]), str(given["to"]), text, files, subject=subject)
    return _incoming_state(incoming)


def _status(simulator: Simulator, given: Document) -> Document:
    simulator.network.push_status(int(given["id"]), int(given["status"]), float(given.get("delay", 0)))
    return {"planned": True}


def _restart(simulator: Simulator, given: Document) -> Document:
    return {"restarted": simulator.network.restart(given.get("token"))}


def _advance(simulator: Simulator, given: Document) -> Document:
    simulator.network.advance(float(given["seconds"]))
    return {"now": simulator.network.now()}


def _deliver(simulator: Simulator, given: Document) -> Document:
    return {"pushes": simulator.network.deliver_due()}


def _fault(simulator: Simulator, given: Document) -> Document:
    simulator.chaos.plan(Fault(FaultKind(given["kind"]), bool(given.get("accepted", False))))
    return {"planned": True}


def _account(simulator: Simulator, given: Document) -> Document:
    service_id = given.pop("service_id", None)
    network = simulator.network
    account = network.account if service_id is None else network.accounts[service_id]
    for name, value in given.items():
        if not isinstance(value, SETTABLE[name]) or (name == "inbound_api" and value not in ("json", "get")):
            raise ValueError(f"{name} cannot be {value!r}")
    for name, value in given.items():
        setattr(account, name, value)
    network.wake()
    return _account_state(account)


ROUTES: dict[tuple[str, str], Callable[[Simulator, Document], object]] = {
    ("GET", "/control/state"): _state,
    ("GET", "/control/messages"): _messages,
    ("GET", "/control/incoming"): _incoming,
    ("GET", "/control/log"): _log,
    ("POST", "/control/receive"): _receive,
    ("POST", "/control/status"): _status,
    ("POST", "/control/restart"): _restart,
    ("POST", "/control/advance"): _advance,
    ("POST", "/control/deliver"): _deliver,
    ("POST", "/control/fault"): _fault,
    ("POST", "/control/account"): _account,
}

r"""The control API: everything that the page offers, for scripts. Bodies and answers are JSON.

| request | does |
|---|---|
| `GET /control/state` | clock, queue, links that restart it, counts, accounts |
| `GET /control/messages?to=&after=` | messages on the phones, by recipient and with ids above `after` |
| `GET /control/incoming` | messages written on the phones, and whether the site accepted them |
| `GET /control/log` | the latest requests and pushes |
| `GET /control/wire?after=` | the latest exchanges, their bytes in base64, with numbers above `after` |
| `GET /control/mails` | Front's notices of a stopped inbound queue |
| `POST /control/receive` | `{"from", "to", "text"?, "subject"?, "files"?}`: writes a message on a phone |
| `POST /control/status` | `{"id", "status", "delay"?}`: plans one more status of a message, `delay` in seconds |
| `POST /control/restart` | `{"token"?}`: follows the restart link |
| `POST /control/advance` | `{"seconds"}`: moves the clock |
| `POST /control/deliver` | makes all pushes that are due, and returns how many |
| `POST /control/fault` | `{"kind", "accepted"?}`: sets the fault of the next submission (`chaos.FaultKind`) \
or of the next push (`chaos.PushFault`) |
| `POST /control/chaos` | `{"probability"?, "pushes"?, "seed"?, "cut_off"?, "latency"?, "hold"?, "drip"?, "lateness"?}`\
: `latency` in milliseconds, the last three in seconds; `seed` restarts the random generators |
| `POST /control/rules` | changes fields of `rules.Rules`, e.g. `{"doubled_pictures": true}` |
| `POST /control/phone` | `{"number", "on"?, "dead"?, "silent"?, "blacklisted"?}`: sets the condition of a phone |
| `POST /control/account` | `{"service_id"?, "https_only"?, …}`: changes fields of `accounts.Account`, e.g. \
`{"blocked": true}` |

`files` is a list of `{"contentType", "fileName", "fileData"}` as in §2.5.1, `fileData` in base64; the SMIL file and the
text file are added. An invalid request is answered with 400 and `{"problem": …}`, an unknown address with 404.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from django_front_sms.gateway.numbers import from_wire

from .accounts import Account
from .chaos import Chaos, Fault, FaultKind, PushFault
from .messages import Incoming, Message
from .mms import Attachment
from .network import FARTHEST, Network

Document = dict[str, Any]
MILLISECONDS = 1000  # in a second
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


def handle(network: Network, method: str, path: str, query: str, body: bytes) -> tuple[int, object]:
    """Answer one request: return the HTTP status and the document for the body."""
    route = ROUTES.get((method, path))
    if route is None:
        return 404, {"problem": f"unknown request {method} {path}; see django_front_sms.simulator.control"}
    try:
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        given |= _object(json.loads(body)) if body else {}
        return 200, route(network, given)
    except KeyError as error:
        return 400, {"problem": f"missing or unknown: {error}"}
    except (ValueError, TypeError, binascii.Error) as error:
        return 400, {"problem": str(error)}


def dump(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _object(document: object) -> Document:
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    return document


def _state(network: Network, given: Document) -> Document:
    return {
        "now": network.now(),
        "parked": bool(network.restart_links()),
        "restart_links": network.restart_links(),
        "messages": len(network.messages),
        "incoming": len(network.incoming),
        "accounts": [_account_state(account) for account in network.accounts.values()],
        "phones": [_phone_state(network, number) for number in network.phones()],
        "https_only": network.https_only,
        "rules": asdict(network.rules),
        "chaos": _chaos_state(network.chaos),
    }


def _phone_state(network: Network, number: str) -> Document:
    return {
        "number": number,
        "on": number not in network.off,
        "dead": number in network.dead,
        "silent": number in network.silent,
        "blacklisted": number in network.blacklist,
    }


def _chaos_state(chaos: Chaos) -> Document:
    return {
        "probability": chaos.probability, "pushes": chaos.pushes, "seed": chaos.seed, "cut_off": chaos.cut_off,
        "hold": chaos.hold, "drip": chaos.drip, "lateness": chaos.lateness,
        "latency": round(chaos.latency * MILLISECONDS, 3),
    }  # fmt: skip


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


def _messages(network: Network, given: Document) -> list[Document]:
    to, after = from_wire(given.get("to", "")), int(given.get("after", 0))
    found = [m for m in list(network.messages.values()) if m.id > after and to in ("", m.recipient)]
    return [_message(network, message) for message in found]


def _message(network: Network, message: Message) -> Document:
    return {
        "id": message.id, "service_id": message.service_id, "sender": message.sender, "to": message.recipient,
        "text": message.text, "encoding": message.encoding, "segments": message.segments, "price": message.price,
        "bulk": message.bulk, "at": message.at, "statuses": message.statuses, "state": message.state,
        "waits": network.waits(message),
    }  # fmt: skip


def _incoming(network: Network, given: Document) -> list[Document]:
    return [_incoming_state(incoming) for incoming in list(network.incoming.values())]


def _incoming_state(incoming: Incoming) -> Document:
    return {
        "id": incoming.id, "from": incoming.sender, "to": incoming.to, "text": incoming.text,
        "keyword": incoming.keyword, "counter": incoming.counter, "at": incoming.at,
        "files": [part.name for part in incoming.files], "tries": incoming.tries, "delivered": incoming.delivered,
    }  # fmt: skip


def _log(network: Network, given: Document) -> Document:
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


def _wire(network: Network, given: Document) -> list[Document]:
    after = int(given.get("after", 0))
    return [
        {
            "number": e.number, "at": e.at, "kind": e.kind, "note": e.note, "good": e.good,
            "request": base64.b64encode(e.request).decode(), "answer": base64.b64encode(e.answer).decode(),
        }
        for e in list(network.exchanges)
        if e.number > after
    ]  # fmt: skip


def _mails(network: Network, given: Document) -> list[Document]:
    return [asdict(notice) for notice in list(network.notices)]


def _receive(network: Network, given: Document) -> Document:
    files = [
        Attachment(file["contentType"], file["fileName"], base64.b64decode(file["fileData"], validate=True))
        for file in given.get("files", [])
    ]
    text, subject = str(given.get("text", "")), str(given.get("subject", ""))
    incoming = network.receive(str(given["from"]), str(given["to"]), text, files, subject=subject)
    return _incoming_state(incoming)


def _status(network: Network, given: Document) -> Document:
    delay = float(given.get("delay", 0))
    if not delay <= FARTHEST:
        raise ValueError(f"delay is a number of seconds up to {FARTHEST}, not {delay}")
    network.push_status(int(given["id"]), int(given["status"]), delay)
    return {"planned": True}


def _restart(network: Network, given: Document) -> Document:
    return {"restarted": network.restart(given.get("token"))}


def _advance(network: Network, given: Document) -> Document:
    network.advance(float(given["seconds"]))
    return {"now": network.now()}


def _deliver(network: Network, given: Document) -> Document:
    return {"pushes": network.deliver_due()}


def _fault(network: Network, given: Document) -> Document:
    if given["kind"] in set(PushFault):
        network.chaos.plan_push(PushFault(given["kind"]))
    else:
        network.chaos.plan(Fault(FaultKind(given["kind"]), bool(given.get("accepted", False))))
    return {"planned": True}


def _chaos(network: Network, given: Document) -> Document:
    values = {name: value for name, value in given.items() if value is not None or name == "seed"}
    if "latency" in values:
        values["latency"] = float(values["latency"]) / MILLISECONDS
    network.chaos.change(**values)
    network.touch()
    return _chaos_state(network.chaos)


def _rules(network: Network, given: Document) -> Document:
    changed = copy.copy(network.rules)
    for name, value in given.items():
        changed.change(name, value)
    network.rules = changed  # all of them, or none
    network.touch()
    return asdict(changed)


def _phone(network: Network, given: Document) -> Document:
    number = str(given.pop("number"))
    for name, value in given.items():
        if name not in ("on", "dead", "silent", "blacklisted"):
            raise KeyError(name)
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false, not {value!r}")
    return _phone_state(network, network.set_phone(number, **given))


def _account(network: Network, given: Document) -> Document:
    service_id = given.pop("service_id", None)
    account = network.account if service_id is None else network.accounts[service_id]
    https_only = given.pop("https_only", network.https_only)
    for name, value in given.items():
        fits = isinstance(value, SETTABLE[name]) and (name != "inbound_api" or value in ("json", "get"))
        if not fits or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
            raise ValueError(f"{name} cannot be {value!r}")
    for name, value in given.items():
        setattr(account, name, value)
    network.https_only = bool(https_only)
    network.touch()
    return _account_state(account)


ROUTES: dict[tuple[str, str], Callable[[Network, Document], object]] = {
    ("GET", "/control/state"): _state,
    ("GET", "/control/messages"): _messages,
    ("GET", "/control/incoming"): _incoming,
    ("GET", "/control/log"): _log,
    ("GET", "/control/wire"): _wire,
    ("GET", "/control/mails"): _mails,
    ("POST", "/control/receive"): _receive,
    ("POST", "/control/status"): _status,
    ("POST", "/control/restart"): _restart,
    ("POST", "/control/advance"): _advance,
    ("POST", "/control/deliver"): _deliver,
    ("POST", "/control/fault"): _fault,
    ("POST", "/control/chaos"): _chaos,
    ("POST", "/control/rules"): _rules,
    ("POST", "/control/phone"): _phone,
    ("POST", "/control/account"): _account,
}

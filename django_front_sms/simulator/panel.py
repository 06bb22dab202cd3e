"""The switches of the page as HTML: chaos, the account, and the rules where the manual is silent.

The script posts each change to the control request that the form names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from html import escape

from .chaos import Chaos, FaultKind, PushFault
from .network import Network
from .rules import Rules


def render(network: Network) -> str:
    return _chaos(network.chaos) + _next_fault() + _account(network) + _rules(network.rules)


def _chaos(chaos: Chaos) -> str:
    inputs = (
        _number("probability", "Requests that go wrong", chaos.probability, "share of the requests, from 0 to 1", 0.05),
        _number("pushes", "Pushes that go wrong", chaos.pushes, "repeated, out of order, lost: a share, 0 to 1", 0.05),
        _number("latency", "Latency, ms", chaos.latency * 1000, "wait before each answer", 50),
        _check("cut_off", "Site cut off", chaos.cut_off, "no push reaches the site; after three tries the queue stops"),
        _number("seed", "Seed", chaos.seed, "the same seed and the same traffic give the same faults", 1),
    )
    return _form("chaos", "Chaos", inputs)


def _next_fault() -> str:
    kinds = "".join(f"<option>{kind}</option>" for kind in (*FaultKind, *PushFault))
    return (
        '<form data-control="fault" data-on="submit" class="next"><label>Next to go wrong: '
        f'<select name="kind" aria-label="What goes wrong">{kinds}</select></label> '
        '<label title="the fault comes after the message was accepted"><input type="checkbox" name="accepted"> '
        "after acceptance</label> <button>Plan it</button></form>"
    )


def _account(network: Network) -> str:
    account = network.account
    addresses = "" if account.allowed_ips is None else ", ".join(account.allowed_ips)
    inputs = (
        _check("duplicate_filter", "Duplicate filter", account.duplicate_filter, "code 17 within 120 s"),
        _check("blocked", "Blocked", account.blocked, "code 7"),
        _check("priced", "Priced SMS", account.priced, "code 6 while it is off"),
        _check("https_only", "Https required", network.https_only, "code 18 over plain http"),
        _number("balance", "Balance, SMS", account.balance, "code 5 when it is used up; empty: no limit", 1),
        f'<label title="code 2 from others; empty: all">Allowed addresses <input name="allowed_ips" data-list="1" '
        f'value="{escape(addresses)}" placeholder="all"></label>',
        _select("inbound_api", "Inbound API", account.inbound_api, ("json", "get"), "§2.5.1 or §2.5.2"),
    )
    return _form("account", "Account", inputs)


def _rules(rules: Rules) -> str:
    notes = Rules.notes()
    inputs = []
    for field in fields(rules):
        name, value, note = field.name, getattr(rules, field.name), notes[field.name]
        label = name.replace("_", " ").capitalize()
        if isinstance(value, bool):
            inputs.append(_check(name, label, value, note))
        elif name == "status_method":
            inputs.append(_select(name, label, value, ("GET", "POST"), note))
        elif isinstance(value, str):
            inputs.append(
                f'<label title="{escape(note)}">{label} <input name="{name}" value="{escape(value)}"></label>'
            )
        else:
            inputs.append(_number(name, label, value, note, 1 if isinstance(value, int) else 0.05))
    return _form("rules", "Where the manual is silent", inputs)


def _form(control: str, title: str, inputs: Iterable[str]) -> str:
    return f'<form data-control="{control}"><h3>{title}</h3>{"".join(inputs)}</form>'


def _check(name: str, label: str, value: bool, note: str) -> str:
    checked = " checked" * value
    return f'<label title="{escape(note)}"><input type="checkbox" name="{name}"{checked}> {label}</label>'


def _number(name: str, label: str, value: float | None, note: str, step: float) -> str:
    shown = "" if value is None else f"{value:g}"
    return (
        f'<label title="{escape(note)}">{label} <input type="number" min="0" step="{step:g}" name="{name}" '
        f'value="{shown}"></label>'
    )


def _select(name: str, label: str, value: str, choices: Iterable[str], note: str) -> str:
    options = "".join(f"<option{' selected' * (choice == value)}>{choice}</option>" for choice in choices)
    return f'<label title="{escape(note)}">{label} <select name="{name}">{options}</select></label>'

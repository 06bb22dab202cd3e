"""Rules: the questions on which the manual is silent, each with a switch.

If Front behaves differently, change the field: in Python, by `--rule NAME=VALUE`, on the page, or by
`POST /control/rules`. What the manual states (ids, codes, 120 seconds, three tries) is not a rule; the code cites the
paragraph where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

SWITCHES: Mapping[str, bool] = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


def _rule(default: Any, note: str) -> Any:
    return field(default=default, metadata={"note": note})


@dataclass(slots=True)
class Rules:
    """The current rules. Each field may be changed while the simulator runs; `notes` explains each."""

    replacement: str = _rule("?", "§2.1: the replacement for a character that GSM lacks; one character")
    refused_status: int = _rule(200, "the HTTP status of a refusal in single sending")
    refused_bulk_status: int = _rule(400, "§2.4: the HTTP status of a refused bulk, any but 201")
    refused_get_names_id: bool = _rule(True, "§2.1.2: a refused GET says ErrorCode=1, ID=0; off: ErrorCode=1")
    plus_numbers: bool = _rule(True, "§2.1: phoneno may also be written +47…")
    free_own_numbers: bool = _rule(True, "§2.1: PSK numbers and short codes need no registration as fromid")
    refusal_prolongs_window: bool = _rule(False, "§2.2: a repetition refused with 17 restarts the 120 s")
    bulk_shares_filter: bool = _rule(True, "§2.4: bulk and single messages are duplicates of each other")
    bulk_names_blacklisted: bool = _rule(
        True, "§2.4: a bulk answer lists blacklisted numbers as invalid; off: not at all"
    )
    status_method: Literal["GET", "POST"] = _rule("GET", "§2.3: statuses are pushed by GET, or as a form by POST")
    status_tries: int = _rule(1, "§2.3: how often a status is pushed until the site accepts it")
    status_per_segment: bool = _rule(True, "§2.3: a text of several SMS gets each status once for each SMS")
    delay_spread: float = _rule(0.0, "§2.3: variation of the times of statuses, as a share")
    late_at_operator: float = _rule(0.0, "§2.3: share of messages whose -1 comes after their 4")
    no_status: float = _rule(0.0, "§2.3: share of messages that never get a status")
    retry_delay: float = _rule(5.0, "§1.2: seconds between the tries of a push")
    doubled_pictures: bool = _rule(False, "§2.5.1: pictures are UTF-8 encoded twice, as in the manual's sample")

    @classmethod
    def notes(cls) -> dict[str, str]:
        """Return the explanation of each rule, in the order of the manual."""
        return {rule.name: rule.metadata["note"] for rule in fields(cls)}

    @classmethod
    def lifelike(cls) -> Self:
        """Return realistic rules: statuses vary in time, some come in the wrong order, some are missing."""
        return cls(delay_spread=0.6, late_at_operator=0.15, no_status=0.03)

    def change(self, name: str, value: object) -> None:
        """Set one field, from its text form too. Raises ValueError for an unknown field or an invalid value."""
        known = {rule.name: rule.type for rule in fields(self)}
        if name not in known:
            raise ValueError(f"{name!r} is not a rule; the rules are {', '.join(known)}")
        checked = _checked(name, str(known[name]), value)
        setattr(self, name, checked)


def _checked(name: str, kind: str, value: object) -> object:
    if kind == "bool":
        found = value if isinstance(value, bool) else SWITCHES.get(str(value).lower())
        if found is None:
            raise ValueError(f"{name} is true or false, not {value!r}")
        return found
    if kind in ("int", "float"):
        return _number(name, kind, value)
    if name == "status_method" and value not in ("GET", "POST"):
        raise ValueError(f"{name} is GET or POST, not {value!r}")
    if name == "replacement" and (not isinstance(value, str) or len(value) != 1):
        raise ValueError(f"{name} is one character, not {value!r}")
    return value


_SHARES = ("delay_spread", "late_at_operator", "no_status")


def _number(name: str, kind: str, value: object) -> int | float:
    try:
        number = int(str(value)) if kind == "int" else float(str(value))
    except ValueError:
        raise ValueError(f"{name} is a number, not {value!r}") from None
    limits = (0, 1) if name in _SHARES else (200, 499) if name.startswith("refused") else (0, 86_400)
    if name == "refused_bulk_status" and number == 201:
        raise ValueError(f"{name} cannot be 201, which means that the bulk was accepted (§2.4)")
    if not limits[0] <= number <= limits[1]:
        raise ValueError(f"{name} is a number from {limits[0]} to {limits[1]}, not {value!r}")
    return number

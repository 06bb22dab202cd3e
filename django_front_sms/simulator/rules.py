"""What the manual leaves open, decided here and nowhere else.

Where Front turns out to do otherwise, change the field: in Python, by `--rule NAME=VALUE`, on the page, or by
`POST /control/rules`. What the manual does say (ids, codes, 120 seconds, three tries …) is no rule, and stands where it
is used, with its paragraph.
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
    """Each field may be changed while the simulator runs; `notes` says what each decides."""

    replacement: str = _rule("?", "§2.1: what stands for a character that GSM lacks; one character")
    refused_status: int = _rule(200, "the HTTP status of a refusal in single sending")
    refused_bulk_status: int = _rule(400, "§2.4: the HTTP status of a refused bulk, any but 201")
    refused_get_names_id: bool = _rule(True, "§2.1.2: a refused GET says ErrorCode=1, ID=0; off: ErrorCode=1")
    plus_numbers: bool = _rule(True, "§2.1: phoneno may be written +47…, too")
    free_own_numbers: bool = _rule(True, "§2.1: PSK numbers and short codes need no registration as fromid")
    refusal_prolongs_window: bool = _rule(False, "§2.2: a repetition that was refused with 17 begins the 120 s anew")
    bulk_shares_filter: bool = _rule(True, "§2.4: bulk and single messages are duplicates of each other")
    bulk_names_blacklisted: bool = _rule(True, "§2.4: a bulk answer names blacklisted numbers invalid; off: nowhere")
    status_method: Literal["GET", "POST"] = _rule("GET", "§2.3: statuses come by GET, or as a form by POST")
    status_tries: int = _rule(1, "§2.3: how often a status is pushed until the site takes it")
    status_per_segment: bool = _rule(True, "§2.3: a text of several SMS gets each status that many times")
    delay_spread: float = _rule(0.0, "how far the times of statuses vary, as a share of them")
    late_at_operator: float = _rule(0.0, "§2.3: the share of messages whose -1 comes after their 4")
    no_status: float = _rule(0.0, "§2.3: the share of messages that no status ever comes for")
    retry_delay: float = _rule(5.0, "§1.2: seconds between the tries of a push")
    doubled_pictures: bool = _rule(False, "§2.5.1: pictures are UTF-8 encoded twice, as in the manual's sample")

    @classmethod
    def notes(cls) -> dict[str, str]:
        """What each rule decides, in the order of the manual."""
        return {rule.name: rule.metadata["note"] for rule in fields(cls)}

    @classmethod
    def lifelike(cls) -> Self:
        """As the network is on an ordinary day: statuses vary in time, some come in the wrong order, some never."""
        return cls(delay_spread=0.6, late_at_operator=0.15, no_status=0.03)

    def change(self, name: str, value: object) -> None:
        """Sets one field, from a text too; ValueError where there is no such field, or it can't be that."""
        known = {rule.name: rule.type for rule in fields(self)}
        if name not in known:
            raise ValueError(f"there is no rule {name!r}; known: {', '.join(known)}")
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
        raise ValueError(f"{name} cannot be 201, which means that the bulk was taken (§2.4)")
    if not limits[0] <= number <= limits[1]:
        raise ValueError(f"{name} is a number from {limits[0]} to {limits[1]}, not {value!r}")
    return number

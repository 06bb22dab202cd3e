"""One entry of a timeline, and texts that all timelines share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from django_front_sms.gateway.codes import ErrorCode, describe

Level = Literal["info", "good", "bad", "warn", "wait"]


@dataclass(frozen=True)
class Entry:
    """An event in the history of a message. `title` and `detail` are in the active language.

    `ref` names the row concerned, as `Event.subject` does ("out:7", "in:7", "event:7"), or is empty. `by` is the name
    of the user who acted; empty for automatic steps. `technical` is for the developers of the site: ids, names of
    receivers and exceptions, durations. The admin has it under *Technical details*.
    """

    at: datetime
    kind: str
    title: str
    detail: str = ""
    level: Level = "info"
    by: str = ""
    ref: str = ""
    technical: str = ""


def explain(code: int) -> str:
    """The meaning of an error code and what to do (§2.2), in the active language."""
    if code in ErrorCode.__members__.values():
        return _(describe(code))  # the sentences are collected by `python -m tests.translations`
    return _("Front answered with code %(code)s, which is newer than this package: ask Front.") % {"code": code}


def is_read(message: Any, relation: str) -> bool:
    """Whether the rows of a relation were prefetched."""
    return relation in getattr(message, "_prefetched_objects_cache", {})


def rows_of(message: Any, relation: str, *along: str, without: tuple[str, ...] = ()) -> Any:
    """The rows of a relation: the prefetched ones, or a query with `along` joined and `without` deferred."""
    rows = getattr(message, relation).all()
    if is_read(message, relation):
        return rows
    return rows.select_related(*along).defer(*without) if along else rows.defer(*without)


def when(moment: datetime) -> str:
    """Day and time in the current time zone, as the active language writes them."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M}"


def until(moment: datetime, since: datetime) -> str:
    """The time of `moment`, to the second where it is on the day of `since`."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M:%S}" if local.date() == timezone.localtime(since).date() else when(moment)


def who(user: Any) -> str:
    """The user name; empty for None."""
    return str(user.get_username()) if user is not None else ""


def sentence(words: str) -> str:
    """`words` with a capital letter and a full stop; empty for no words."""
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".") if words else ""


def sentences(*parts: str) -> str:
    """Return the non-empty `parts` joined by spaces."""
    return " ".join(part for part in parts if part)

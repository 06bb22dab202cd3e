"""A history as text, and the part of the documentation that shows one for each rule."""

from collections.abc import Iterator
from functools import cache

from tests.explorer.removed import REMOVALS, Removal
from tests.explorer.rules import NONE
from tests.explorer.search import Result, explore
from tests.explorer.world import Event, Explorable

DEPTH = 14
NAMES = ("#1", "#2", "#3")
BEGIN, END = "<!-- python -m tests.explorer --histories -->", "<!-- end of the histories -->"

_WORDS = {
    "claim": "A worker claims {name}",
    "claim both": "A worker claims {name} and the message that is equal to it",
    "write": "Request {number} for {name} leaves",
    "accept": "Front accepts request {number} for {name}",
    "refuse 1": "Front refuses request {number} for {name} with code 1",
    "refuse 5": "Front refuses request {number} for {name} with code 5",
    "refuse 17": "Front refuses request {number} for {name} with code 17",
    "answer": "The worker records the answer to request {number} for {name}",
    "silence": "The worker gets no answer to request {number} for {name}, and records that",
    "not sent": "The worker gets no connection for {name}, and records that request {number} was not sent",
    "crash": "The worker of request {number} for {name} is killed",
    "rescue": "The sweep finds that the lease of {name} has expired",
    "sweep": "The sweep finds that a limit of {name} has passed",
    "cancel": "A person cancels {name}",
    "give up": "A person gives {name} up",
    "mark sent": "A person marks {name} as sent",
    "send anyway": "A person has {name} sent anyway",
    "step back": "The clock of the database steps back by {seconds} s",
    "look at the clock": "The sweep looks at the clock",
}


@cache
def without(removal: Removal) -> Result:
    """Return the search without this rule, with the shortest history that breaks the promise."""
    with removal.patched():
        return explore(removal.world, DEPTH, promises_only=removal.promises_only, most_states=2_000_000)


def as_text(removal: Removal, result: Result) -> str:
    """Return the history, one line for each event, and what it breaks."""
    with removal.patched():
        lines = list(_lines(Explorable(removal.world), result))
    return "\n".join([*lines, f"        {result.problem[0].upper()}{result.problem[1:]}."])


def _lines(explorable: Explorable, result: Result) -> Iterator[str]:
    state, now = explorable.first(), 0
    for event in result.history:
        after = next(after for each, after in explorable.successors(state) if each == event)
        if event.kind == "wait":
            now += event.seconds
        else:
            yield f"{now:4d} s  {_sentence(event)}{_changes(explorable, state.msgs, after.msgs)}."
        state = after


def _sentence(event: Event) -> str:
    return _WORDS[event.kind].format(name=NAMES[event.who], number=event.place + 1, seconds=event.seconds)


def _changes(explorable: Explorable, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """Return the state changes as text."""
    changes = []
    for name, old, new in zip(NAMES, before, after, strict=False):
        m = explorable.msgs[new]
        if m.state != explorable.msgs[old].state:
            changes.append(f"{name} is {m.state}" + (f" with id {m.id}" if m.id != NONE else ""))
    return "".join(f": {change}" if place == 0 else f", {change}" for place, change in enumerate(changes))


def page() -> str:
    """Return the histories for all rules, for docs/why/sending.md."""
    parts = (part(removal) for removal in REMOVALS)
    return "\n\n".join([BEGIN, *parts, END])


def part(removal: Removal) -> str:
    """Return the history for one rule, as the documentation shows it."""
    rule = removal.rule[0].upper() + removal.rule[1:]
    return f"**{rule}.** Without this rule:\n\n```text\n{as_text(removal, without(removal))}\n```"

"""The breadth-first search through all histories."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.explorer import promise
from tests.explorer.world import Event, Explorable, State, World

# The next step without further faults and decisions is the first of these that is possible.
STEPS_WITHOUT_FAULTS = ("rescue", "sweep", "answer", "accept", "write", "claim", "refuse 17", "silence", "not sent")
_RANKS = {kind: rank for rank, kind in enumerate(STEPS_WITHOUT_FAULTS)}


@dataclass(frozen=True)
class Result:
    """The result of a search. `histories`: the number of different shortest paths to all these states. `depth`: the
    number of steps to which the search is complete."""

    world: World
    states: int
    steps: int
    histories: int
    depth: int
    seconds: float
    problem: str = ""
    history: Sequence[Event] = ()
    is_all: bool = False  # there are no further states


def explore(
    world: World,
    depth: int,
    *,
    most_states: int = 10_000_000,
    promises_only: bool = False,
    ends_every: int = 1,
) -> Result:
    """Explore all histories of at most `depth` steps, level by level, until something is broken. Begins no level after
    `most_states` states. `promises_only`: do not check invariants. One of `ends_every` states is followed until no
    message is open; 0: none."""
    began = time.perf_counter()
    walk = _Walk(world, promises_only, ends_every)
    problem, reached = "", 0
    while walk.level and reached < depth and len(walk.parents) < most_states and not problem:
        problem = walk.next_level()
        reached += not problem
    return Result(
        world=world,
        states=len(walk.parents),
        steps=walk.steps,
        histories=walk.histories,
        depth=reached,
        seconds=time.perf_counter() - began,
        problem=problem,
        history=_history(walk.explorable, walk.parents, *walk.broken_by) if problem else (),
        is_all=not walk.level,
    )


class _Walk:
    """`parents`: all states so far, each with the state before it. `level`: the states of the last level, with the
    number of paths to each. `broken_by`: the step that broke something."""

    def __init__(self, world: World, promises_only: bool, ends_every: int) -> None:
        self.explorable = Explorable(world)
        self.promises_only = promises_only
        self.ends_every = ends_every
        first = self.explorable.canonical(self.explorable.first())
        self.parents: dict[State, State | None] = {first: None}
        self.level = {first: 1}
        self.ended: set[State] = set()
        self.broken_by = first, first
        self.steps, self.histories = 0, 1

    def next_level(self) -> str:
        """Take one step from all states of the level. Returns what is broken, or ""."""
        following: dict[State, int] = {}
        for state, ways in self.level.items():
            for event, successor in self.explorable.successors(state):
                self.steps += 1
                after = self.explorable.canonical(successor)
                is_new = after not in self.parents
                if is_new:
                    self.parents[after] = state
                if is_new or after in following:
                    following[after] = following.get(after, 0) + ways
                problem = self._broken(state, event, after, is_new)
                if problem:
                    self.broken_by = state, after
                    return problem
        self.histories += sum(following.values())
        self.level = following
        return ""

    def _broken(self, before: State, event: Event, after: State, is_new: bool) -> str:
        problem = self.explorable.broken(after) if is_new else ""
        if problem or self.promises_only:
            return problem
        if event.kind == "write" and (problem := self.explorable.broken_invariant_of_write(before, event)):
            return problem
        return self._broken_invariant(after) if is_new else ""

    def _broken_invariant(self, state: State) -> str:
        problem = self.explorable.broken_invariant_of_rows(state)
        if problem or not self.ends_every or len(self.parents) % self.ends_every:
            return problem
        return _never_ends(self.explorable, state, self.ended)


def _never_ends(explorable: Explorable, state: State, ended: set[State]) -> str:
    """Return what is wrong if a message stays open for ever without further faults. `ended`: states that are known to
    lead to an end; the states on this path are added."""
    path: set[State] = set()
    while state not in ended and _is_open(explorable, state):
        path.add(state)
        following = _next_without_faults(explorable, state)
        if following is None or following in path:
            return "a message stays open for ever, though nothing fails any more"
        state = following
    ended |= path
    return ""


def _is_open(explorable: Explorable, state: State) -> bool:
    return any(explorable.msgs[number].state in promise.OPEN for number in state.msgs)


def _next_without_faults(explorable: Explorable, state: State) -> State | None:
    """Return the next state without further faults."""
    possible = {event.kind: after for event, after in explorable.without_time(state)}
    kind = min(possible.keys() & _RANKS.keys(), key=_RANKS.__getitem__, default=None)
    following = possible[kind] if kind else next((after for _event, after in explorable.clock(state)), None)
    return explorable.canonical(following) if following else None


def _history(explorable: Explorable, parents: dict[State, State | None], before: State, last: State) -> Sequence[Event]:
    """Return the events from the first state to `before` and `last`. Each message keeps its index throughout."""
    path = [last]
    state: State | None = before
    while state is not None:
        path.append(state)
        state = parents[state]
    path.reverse()
    current = explorable.first()
    events = []
    for target in path[1:]:
        event, current = next(
            (event, after) for event, after in explorable.successors(current) if explorable.canonical(after) == target
        )
        events.append(event)
    return events

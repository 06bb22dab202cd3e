"""The walk through all histories, breadth first."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.explorer import promise
from tests.explorer.world import Event, Explorable, State, World

# How a history goes on when nothing fails any more: the first of these that is possible. Nobody decides or dies.
CALM = ("rescue", "sweep", "answer", "accept", "write", "claim", "refuse 17", "silence", "not sent")
_RANKS = {what: rank for rank, what in enumerate(CALM)}


@dataclass(frozen=True)
class Result:
    """What a walk saw. `histories`: the number of different shortest ways to all these states. `depth`: to which number
    of steps the walk is complete."""

    world: World
    states: int
    steps: int
    histories: int
    depth: int
    seconds: float
    problem: str = ""
    history: Sequence[Event] = ()
    is_all: bool = False  # there is nothing deeper


def explore(
    world: World,
    depth: int,
    *,
    most_states: int = 10_000_000,
    promises_alone: bool = False,
    ends_every: int = 1,
    told: Callable[[int, int], None] = lambda depth, states: None,
) -> Result:
    """Walk through all histories of at most `depth` steps, level by level, until something is broken. Begins no level
    once there are `most_states`. `promises_alone`: leaves the means out. Of so
    many states, `ends_every`, one is followed until no message is open; 0: none."""
    began = time.perf_counter()
    explorable = Explorable(world)
    first = explorable.canonical(explorable.first())
    parents: dict[State, State | None] = {first: None}
    ended: set[State] = set()
    level = {first: 1}
    steps, histories, reached = 0, 1, 0

    def result(problem: str = "", history: Sequence[Event] = ()) -> Result:
        seconds = time.perf_counter() - began
        is_all = not level and not problem
        return Result(world, len(parents), steps, histories, reached, seconds, problem, history, is_all)

    while level and reached < depth and len(parents) < most_states:
        following: dict[State, int] = {}
        for state, ways in level.items():
            for event, after in explorable.successors(state):
                steps += 1
                after = explorable.canonical(after)
                problem = "" if promises_alone else explorable.broken_means(state, event)
                if after not in parents:
                    parents[after] = state
                    following[after] = ways
                    problem = problem or explorable.broken(after)
                    if not problem and not promises_alone:
                        problem = explorable.broken_rows(after)
                        if not problem and ends_every and len(parents) % ends_every == 0:
                            problem = _never_ends(explorable, after, ended)
                elif after in following:
                    following[after] += ways
                if problem:
                    return result(problem, _history(explorable, parents, state, after))
        reached += 1
        histories += sum(following.values())
        level = following
        told(reached, len(parents))
    return result()


def _never_ends(explorable: Explorable, state: State, ended: set[State]) -> str:
    """What is wrong if no message should be open once nothing fails any more, and one is."""
    path = []
    while state not in ended:
        if not any(explorable.msgs[number].state in promise.OPEN for number in state.msgs):
            break
        path.append(state)
        ended.add(state)  # a way back to it would be a circle, and is found by its length
        following = _calm(explorable, state)
        if following is None or len(path) > 200:
            ended.difference_update(path)
            return "a message stays open for ever, though nothing fails any more"
        state = following
    return ""


def _calm(explorable: Explorable, state: State) -> State | None:
    """What happens next when nothing fails any more."""
    possible = {event.what: after for event, after in explorable.without_time(state)}
    what = min(possible.keys() & _RANKS.keys(), key=_RANKS.__getitem__, default=None)
    following = possible[what] if what else next((after for _event, after in explorable.clock(state)), None)
    return explorable.canonical(following) if following else None


def _history(explorable: Explorable, parents: dict[State, State | None], before: State, last: State) -> Sequence[Event]:
    """The events from the first state to `before` and `last`, with each message in its own place all the time."""
    path = [last]
    state: State | None = before
    while state is not None:
        path.append(state)
        state = parents[state]
    path.reverse()
    current = explorable.first()
    events = []
    for aim in path[1:]:
        event, current = next(
            (event, after) for event, after in explorable.successors(current) if explorable.canonical(after) == aim
        )
        events.append(event)
    return events

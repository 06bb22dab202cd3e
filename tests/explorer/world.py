"""The possible next steps in a small world: of workers, the gateway, people and the clock.

A state refers to each message by a number that `Explorable` gives it. Nearly all steps concern one message, so the
steps of a message are computed once for all states that contain it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from django_front_sms.conf import Account, FrontSMSSettings
from django_front_sms.gateway.codes import ErrorCode
from tests.explorer import promise
from tests.explorer.rules import ANSWERS, Engine, answer
from tests.explorer.states import NO_READER, NONE, OUTDATED, M, Msg, S, T, Try, W, later, stepped, with_try

REFUSED = int(ErrorCode.INVALID_RECIPIENT)
NO_CREDIT = int(ErrorCode.NO_CREDIT)  # the account's fault. Its pause is left out, since it only makes messages wait.
STEP = 100  # seconds by which the clock steps back


@dataclass(frozen=True)
class World:
    """The messages, the settings and the possible steps. `keys`: one number per message, the same for equal ones."""

    name: str
    keys: tuple[int, ...] = (0, 0, 1)
    policy: str = "defer"
    filter: bool = True  # the gateway's, and `DUPLICATE_FILTER`
    expires: int = NONE
    steps_back: int = 0
    without: tuple[str, ...] = ()  # kinds of steps to leave out
    workers: int = 2  # each with one request at a time

    def engine(self) -> Engine:
        account = Account(name="default", service_id=1234, duplicate_filter=self.filter or None)
        settings = {"timeout": T, "duplicate_window": W, "window_margin": M, "on_duplicate": self.policy}
        return Engine(account, FrontSMSSettings(accounts={"default": account}, **settings))


class Event(NamedTuple):
    """One step of a history. `who`: the index of its message, or -1. `place`: the index of the attempt. `seconds`: of a
    wait."""

    kind: str
    who: int = -1
    place: int = 0
    seconds: int = 0


class State(NamedTuple):
    """`ahead`: seconds by which the clock stepped back, until the engine has found out. `steps`: steps back to come."""

    ahead: int
    steps: int
    msgs: tuple[int, ...]


Local = tuple[str, int, int]  # the kind of step, the attempt, and the message after it


class Explorable:
    """A world with its engine: the first state, the successors of a state, and what is broken in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine = world.engine()
        self.floor = OUTDATED if world.steps_back else 0
        self.known: dict[Msg, int] = {}
        self.msgs: list[Msg] = []
        self._held: list[int] = []
        self._local: dict[int, list[Local]] = {}
        self._moments: dict[int, frozenset[int]] = {}
        self._later: dict[tuple[int, int], int] = {}
        self._by_twins: dict[tuple[str | int, ...], int] = {}
        self._gateway: dict[tuple[int, bool], list[Local]] = {}
        self._broken: dict[int, str] = {}
        equal = {key: [o for o, other in enumerate(world.keys) if other == key] for key in world.keys}
        self._equal = list(equal.values())
        self._neighbours = [pair for places in self._equal for pair in pairwise(places)]
        self._twins = {
            who: tuple(o for o, key in enumerate(world.keys) if key == world.keys[who] and o != who)
            for who in range(len(world.keys))
        }

    def number(self, m: Msg) -> int:
        found = self.known.get(m)
        if found is None:
            found = self.known[m] = len(self.msgs)
            self.msgs.append(m)
            self._held.append(sum(t.held for t in m.tries))
        return found

    def first(self) -> State:
        msgs = tuple(self.number(Msg(key, expires=self.world.expires)) for key in self.world.keys)
        return State(0, self.world.steps_back, msgs)

    def canonical(self, state: State) -> State:
        """Return the state with equal messages sorted, since they are interchangeable."""
        ahead, steps, msgs = state
        for one, other in self._neighbours:
            if msgs[one] > msgs[other]:
                ordered = list(msgs)
                for places in self._equal:
                    for place, number in zip(places, sorted(msgs[each] for each in places), strict=True):
                        ordered[place] = number
                return State(ahead, steps, tuple(ordered))
        return state

    def _with(self, state: State, who: int, number: int) -> State:
        return State(state.ahead, state.steps, (*state.msgs[:who], number, *state.msgs[who + 1 :]))

    def twins_of(self, state: State, who: int) -> list[Msg]:
        return [self.msgs[state.msgs[other]] for other in self._twins[who]]

    # ---- What is broken

    def broken(self, state: State) -> str:
        """Return the promise that is broken in this state, or ""."""
        for who, number in enumerate(state.msgs):
            found = self._broken.get(number)
            if found is None:
                found = self._broken[number] = promise.broken_promise(self.msgs[number])
            if found:
                return found
            if self.msgs[number].state == "duplicate":
                found = promise.broken_promise_of_duplicate(self.twins_of(state, who))
                if found:
                    return found
        return ""

    def broken_invariant_of_rows(self, state: State) -> str:
        """Return the invariant that is broken in this state, or ""."""
        for who, number in enumerate(state.msgs):
            m = self.msgs[number]
            found = promise.broken_invariant(m)
            if not found and m.state == "duplicate":
                found = promise.broken_invariant_of_duplicate(self.twins_of(state, who))
            if found:
                return found
        return ""

    def broken_invariant_of_write(self, state: State, event: Event) -> str:
        """Return the invariant that this first byte breaks in this state, or ""."""
        t = self.msgs[state.msgs[event.who]].tries[event.place]
        return promise.broken_invariant_of_write(t, self.twins_of(state, event.who))

    # ---- Steps

    def successors(self, state: State) -> Iterator[tuple[Event, State]]:
        yield from self.without_time(state)
        yield from self.clock(state)

    def without_time(self, state: State) -> Iterator[tuple[Event, State]]:
        """Yield the steps that take no time."""
        workers = self.world.workers - sum(map(self._held.__getitem__, state.msgs))
        for who, number in enumerate(state.msgs):
            for kind, place, after in self._locally(number):
                yield Event(kind, who, place), self._with(state, who, after)
            for kind, place, after in self._at_gateway(state, who):
                yield Event(kind, who, place), self._with(state, who, after)
            if self._may_be_sent_again(self.msgs[number]):
                yield Event("send anyway", who), self._with(state, who, self._of_twins(state, who, "send anyway"))
            if workers and not state.ahead:
                yield from self._claim(state, who, workers)

    def _locally(self, number: int) -> list[Local]:
        """Return the steps of a message that do not depend on other messages."""
        found = self._local.get(number)
        if found is None:
            m = self.msgs[number]
            steps = [*self._worker(m), *self._sweeper(m), *self._person(m)]
            found = self._local[number] = self._numbered(m, steps)
        return found

    def _numbered(self, m: Msg, steps: Iterable[tuple[str, int, Msg]]) -> list[Local]:
        return [
            (kind, place, self.number(after))
            for kind, place, after in steps
            if after != m and kind not in self.world.without
        ]

    def _worker(self, m: Msg) -> Iterator[tuple[str, int, Msg]]:
        for place, t in enumerate(m.tries):
            if not t.held:
                continue
            yield "crash", place, with_try(m, place, t._replace(held=False))
            released = m._replace(tries=(*m.tries[:place], t._replace(held=False), *m.tries[place + 1 :]))
            if t.written == NONE:
                yield "not sent", place, self._recorded(released, place, "not sent")
                if self.engine.may_write(t):
                    on_wire = NONE if t.age >= S + W else t.age
                    yield "write", place, with_try(m, place, t._replace(written=0))._replace(on_wire=on_wire)
            else:
                yield "silence", place, self._recorded(released, place, "silence")
                if t.reply >= 0:
                    yield "answer", place, self._recorded(released, place, t.reply)

    def _recorded(self, m: Msg, place: int, said: str | int) -> Msg:
        result = answer(said, place) if isinstance(said, int) else ANSWERS[said]
        return self.engine.recorded(with_try(m, place, m.tries[place]), place, result)

    def _sweeper(self, m: Msg) -> Iterator[tuple[str, int, Msg]]:
        if m.state == "sending":
            yield "rescue", 0, self.engine.rescued(m)
        if m.state == "queued":
            yield "sweep", 0, self.engine.swept(m)

    def _person(self, m: Msg) -> Iterator[tuple[str, int, Msg]]:
        if m.state == "queued":
            yield "cancel", 0, self.engine.cancelled(m)
        elif m.state == "unconfirmed":
            yield "give up", 0, self.engine.given_up(m)
            yield "mark sent", 0, self.engine.marked_sent(m)

    def _may_be_sent_again(self, m: Msg) -> bool:
        return m.state == "unconfirmed" and not m.resends and "send anyway" not in self.world.without

    def _at_gateway(self, state: State, who: int) -> list[Local]:
        """Return the steps of the gateway with the unprocessed requests of this message."""
        m = self.msgs[state.msgs[who]]
        if not any(t.at_gateway for t in m.tries):
            return []
        is_in_filter = self.world.filter and any(each.in_filter != NONE for each in (m, *self.twins_of(state, who)))
        key = state.msgs[who], is_in_filter
        if key not in self._gateway:
            steps = self._processed(m, is_in_filter)
            self._gateway[key] = self._numbered(m, steps)
        return self._gateway[key]

    def _processed(self, m: Msg, is_in_filter: bool) -> Iterator[tuple[str, int, Msg]]:
        for place, t in enumerate(m.tries):
            if not t.at_gateway:
                continue
            has_reader = t.held and t.written < T
            for code in [int(ErrorCode.DUPLICATE)] if is_in_filter else [0, REFUSED, NO_CREDIT]:
                after = with_try(m, place, t._replace(reply=code if has_reader else NO_READER))
                if code == 0:
                    yield "accept", place, after._replace(accepted=(*m.accepted, place + 1), in_filter=0)
                elif has_reader:
                    yield f"refuse {code}", place, after

    # ---- Claims

    def _claim(self, state: State, who: int, workers: int) -> Iterator[tuple[Event, State]]:
        """Yield a claim of this message, and a claim of it together with an equal one. (The engine claims in the
        order of due times; here any order is possible.)"""
        if not self._is_due(state, who):
            return
        after = self._with(state, who, self._of_twins(state, who, "claim"))
        if after != state:
            yield Event("claim", who), after
        if workers < 2 or self.msgs[after.msgs[who]].state != "sending" or "claim both" in self.world.without:
            return
        for other in self._twins[who]:
            if self._is_due(state, other):
                yield Event("claim both", who), self._with(after, other, self._of_twins(state, other, "claim both"))

    def _is_due(self, state: State, who: int) -> bool:
        m = self.msgs[state.msgs[who]]
        return m.state == "queued" and m.next <= 0

    def _of_twins(self, state: State, who: int, kind: str) -> int:
        """Return the message after a step that depends on its twins."""
        key = (kind, state.msgs[who], *(state.msgs[other] for other in self._twins[who]))
        found = self._by_twins.get(key)
        if found is None:
            m, twins = self.msgs[state.msgs[who]], self.twins_of(state, who)
            if kind == "send anyway":
                after = self.engine.sent_again(m, twins)
            else:
                after = self.engine.claimed(m, twins, {str(m.key)} if kind == "claim both" else ())
            found = self._by_twins[key] = self.number(after)
        return found

    # ---- Time

    def clock(self, state: State) -> Iterator[tuple[Event, State]]:
        if state.ahead:  # the sweep checks the clock every few seconds, so nothing else happens before
            msgs = tuple(self.number(self.engine.after_step_back(self.msgs[n], state.ahead)) for n in state.msgs)
            yield Event("look at the clock"), State(0, state.steps, msgs)
            return
        known = self._later
        moments = self._moments_of(state.msgs)
        for seconds in moments:
            try:
                msgs = tuple([known[number, seconds] for number in state.msgs])
            except KeyError:
                msgs = tuple([self._after(number, seconds) for number in state.msgs])
            yield Event("wait", seconds=seconds), State(0, state.steps, msgs)
        if state.steps:
            msgs = tuple(self.number(stepped(self.msgs[n], STEP)) for n in state.msgs)
            yield Event("step back", seconds=STEP), State(STEP, state.steps - 1, msgs)

    def _after(self, number: int, seconds: int) -> int:
        found = self._later.get((number, seconds))
        if found is None:
            found = self._later[number, seconds] = self.number(later(self.msgs[number], seconds, self.floor))
        return found

    def _moments_of(self, numbers: Sequence[int]) -> list[int]:
        """Return the waits that matter to these messages: to each future limit, and to the second before it."""
        moments: set[int] = set()
        for number in numbers:
            found = self._moments.get(number)
            if found is None:
                limits = _limits(self.msgs[number], round(self.engine.conf.resend_limit.total_seconds()))
                found = self._moments[number] = frozenset(n for at in limits for n in (at - 1, at) if n > 0)
            moments |= found
        return sorted(moments)


def _limits(m: Msg, resend_limit: int) -> Iterator[int]:
    if m.state == "queued":
        yield m.next
        yield m.expires
        if m.risk != NONE:
            yield m.risk + resend_limit
    if m.state == "sending":
        yield m.lease
    if m.in_filter != NONE and m.state in (*promise.OPEN, "unconfirmed"):
        yield W - m.in_filter
    for t in m.tries:
        yield from _limits_of_request(t)


def _limits_of_request(t: Try) -> Iterator[int]:
    if t.held and t.written == NONE:
        yield t.left - t.age
    if t.at_gateway:
        yield T - t.written
        yield T + M - t.written

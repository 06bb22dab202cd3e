"""A message, its attempts and its requests, as tuples. All times are in whole seconds, relative to the present one."""

from typing import NamedTuple

NONE = -9999  # no time

T, W, M = 10, 120, 15
S = T // 2 + T + M
OUTDATED = -2 * (S + W)  # older times make no difference

UNANSWERED = -1  # the gateway has not processed the request yet
NO_READER = -2  # no worker will read the answer


class Try(NamedTuple):
    """One attempt. The first five fields are in the database; the others are the request's. `age`, `written`: seconds
    since the claim and since the first byte, in true time. `left`: seconds after its claim in which it may write.
    `reply`: the gateway's code. `held`: a worker is working on it."""

    claimed: int
    outcome: str
    code: int = NONE
    id: int = NONE
    voided: bool = False
    age: int = 0
    left: int = 0
    written: int = NONE
    reply: int = UNANSWERED
    held: bool = True

    @property
    def at_gateway(self) -> bool:
        return self.written != NONE and self.reply == UNANSWERED


class Msg(NamedTuple):
    """One message. The fields up to `tries` are in the database. `resends`: how often a person sent it again.
    `accepted`: the ids that the gateway gave. `in_filter`: seconds since the gateway accepted it, while its filter
    has it. `on_wire`: seconds since the latest claim whose request was written."""

    key: int
    state: str = "queued"
    next: int = 0
    risk: int = NONE
    lease: int = NONE
    id: int = NONE
    expires: int = NONE
    given_up: bool = False
    taken_back: bool = False
    tries: tuple[Try, ...] = ()
    resends: int = 0
    marked_sent: bool = False
    accepted: tuple[int, ...] = ()
    in_filter: int = NONE
    on_wire: int = NONE


def with_try(m: Msg, place: int, t: Try) -> Msg:
    """Return the message with `t` at that index. Parts of a request without further effect are dropped, so that equal
    states are merged."""
    is_over = not t.held and (t.written == NONE or t.reply != UNANSWERED)
    t = Try(*t[:5], held=False, reply=NO_READER) if is_over else t
    return m._replace(tries=(*m.tries[:place], t, *m.tries[place + 1 :]))


def later(m: Msg, seconds: int, floor: int) -> Msg:
    """Return the message after these seconds. `floor`: the minimum of due times."""
    return m._replace(
        next=_ago(m.next, seconds, floor),
        risk=_ago(m.risk, seconds),
        lease=_ago(m.lease, seconds, floor),
        expires=_ago(m.expires, seconds, floor),
        in_filter=_since(m.in_filter, seconds, W),
        on_wire=_since(m.on_wire, seconds, S + W),
        tries=tuple(_later_try(t, seconds) for t in m.tries),
    )


def _later_try(t: Try, seconds: int) -> Try:
    claimed = _ago(t.claimed, seconds)
    if not t.held and not t.at_gateway:
        return t._replace(claimed=claimed)
    written = t.written + seconds if t.written != NONE else NONE
    is_dropped = t.at_gateway and written >= T + M  # by the assumption of `WINDOW_MARGIN`
    t = t._replace(claimed=claimed, age=t.age + seconds, written=written, reply=NO_READER if is_dropped else t.reply)
    return t if t.held or not is_dropped else Try(*t[:5], held=False, reply=NO_READER)


def stepped(m: Msg, seconds: int) -> Msg:
    """Return the message after the database's clock stepped back: its times are later, and no true time has passed."""

    def shift(at: int) -> int:
        return at + seconds if at != NONE else NONE

    return m._replace(
        next=shift(m.next),
        risk=shift(m.risk),
        lease=shift(m.lease),
        expires=shift(m.expires),
        tries=tuple(t._replace(claimed=t.claimed + seconds) for t in m.tries),
    )


def _ago(at: int, seconds: int, floor: int = OUTDATED) -> int:
    return at if at == NONE else max(at - seconds, floor)


def _since(age: int, seconds: int, forgotten: int) -> int:
    return NONE if age == NONE or age + seconds >= forgotten else age + seconds

"""A message, its attempts and its requests, as tuples. All times are in whole seconds, relative to the present one."""

from typing import NamedTuple

NONE = -9999  # no time

T, W, M = 10, 120, 15
S = T // 2 + T + M
OUTDATED = -2 * (S + W)  # older times make no difference

UNANSWERED = -1  # the gateway has not looked at the request yet
UNHEARD = -2  # nobody will hear an answer to it


class Try(NamedTuple):
    """One attempt. The first five fields are in the database; the others are the request's. `age`, `written`: seconds
    since the claim and since the first byte, in true time. `left`: how long after its claim it may write. `reply`: the
    gateway's code. `held`: a worker has it in hand."""

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
    """One message. The fields up to `tries` are in the database. `resends`: how often a person had it sent again.
    `accepted`: the ids that the gateway gave. `caught`: seconds since the gateway accepted it, while its filter
    remembers. `wired`: seconds since the latest claim whose request left."""

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
    said_sent: bool = False
    accepted: tuple[int, ...] = ()
    caught: int = NONE
    wired: int = NONE


def with_try(m: Msg, place: int, t: Try) -> Msg:
    """The message with `t` in that place. Parts of a request without any further effect are dropped, so that equal
    states are merged."""
    is_over = not t.held and (t.written == NONE or t.reply != UNANSWERED)
    t = Try(*t[:5], held=False, reply=UNHEARD) if is_over else t
    return m._replace(tries=(*m.tries[:place], t, *m.tries[place + 1 :]))


def later(m: Msg, seconds: int, floor: int) -> Msg:
    """The message after these seconds. `floor`: due times in the past are this, at least."""
    return m._replace(
        next=_ago(m.next, seconds, floor),
        risk=_ago(m.risk, seconds),
        lease=_ago(m.lease, seconds, floor),
        expires=_ago(m.expires, seconds, floor),
        caught=_since(m.caught, seconds, W),
        wired=_since(m.wired, seconds, S + W),
        tries=tuple(_later_try(t, seconds) for t in m.tries),
    )


def _later_try(t: Try, seconds: int) -> Try:
    claimed = _ago(t.claimed, seconds)
    if not t.held and not t.at_gateway:
        return t._replace(claimed=claimed)
    written = t.written + seconds if t.written != NONE else NONE
    is_dropped = t.at_gateway and written >= T + M  # an assumption: see `WINDOW_MARGIN`
    t = t._replace(claimed=claimed, age=t.age + seconds, written=written, reply=UNHEARD if is_dropped else t.reply)
    return t if t.held or not is_dropped else Try(*t[:5], held=False, reply=UNHEARD)


def stepped(m: Msg, seconds: int) -> Msg:
    """The message after the database's clock stepped back: its times lie later, and true time did not pass."""

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

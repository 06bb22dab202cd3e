"""The explorer's steps are those of the engine: the same history on rows of the database gives the same rows."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from django_front_sms import outbox
from django_front_sms.conf import get_settings
from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.outbox import clock_skew, executor, settle
from django_front_sms.outbox.claim import Job
from tests.clock import FakeClock
from tests.configuration import configure
from tests.explorer.report import WORLDS
from tests.explorer.rules import ANSWERS, answer, sweeping
from tests.explorer.states import NONE, OUTDATED, Msg
from tests.explorer.world import Event, Explorable, State, World
from tests.outbox.rows import message
from tests.outbox.worker_steps import claim_due

HISTORIES, STEPS = 6, 24
SWEEPS = {"rescue": [settle.rescue], "sweep": [sweeping._end_risk, sweeping._expire]}
DECISIONS = {
    "cancel": outbox.cancel,
    "give up": outbox.give_up,
    "mark sent": outbox.mark_sent,
    "send anyway": outbox.send_anyway,
}


class Rows:
    """The messages of a world as rows, and the jobs that workers hold."""

    def __init__(self, world: World, clock: FakeClock) -> None:
        self.clock = clock
        self.pks = [message(f"Text {key}").pk for key in world.keys]
        due = {"next_at": clock.database()}
        if world.expires != NONE:
            due["expires_at"] = clock.database() + timedelta(seconds=world.expires)
        OutboundMessage.objects.update(**due)
        self.jobs: dict[tuple[int, int], Job] = {}

    def play(self, event: Event, before: Msg | None) -> None:
        if event.kind == "wait":
            self.clock.advance(event.seconds)
        elif event.kind == "step back":
            clock_skew.check_clock(get_settings().account("default"))  # as the sweep does every few seconds
            self.clock.database_is_off -= event.seconds
        elif event.kind == "look at the clock":
            clock_skew.check_clock(get_settings().account("default"))
        else:
            with self._alone(event.who):
                self._play(event, before)

    @contextmanager
    def _alone(self, who: int) -> Iterator[None]:
        """Hide the other messages: a claim or sweep of the explorer concerns one message, in any order."""
        others = OutboundMessage.objects.exclude(pk=self.pks[who])
        others.update(account="elsewhere")
        yield
        others.update(account="default")

    def _play(self, event: Event, before: Msg | None) -> None:
        assert before
        conf = get_settings()
        if event.kind == "claim":
            for claimed in claim_due(1):
                self.jobs[event.who, len(before.tries)] = claimed
        elif event.kind == "write":
            assert executor._in_time(self.jobs[event.who, event.place])
        elif event.kind in ("answer", "silence", "not sent"):
            said = answer(before.tries[event.place].reply, event.place) if event.kind == "answer" else None
            job = self.jobs[event.who, event.place]
            settle.settle([settle.AttemptResult(job, said or ANSWERS[event.kind], job.began.elapsed())], conf)
            outbox.resume("default")
        elif event.kind in SWEEPS:
            for sweep in SWEEPS[event.kind]:
                sweep(conf.account("default"), conf)
        elif event.kind in DECISIONS:
            DECISIONS[event.kind](OutboundMessage.objects.get(pk=self.pks[event.who]))

    def facts(self, who: int) -> dict[str, Any]:
        row = OutboundMessage.objects.get(pk=self.pks[who])
        attempts = SendAttempt.objects.filter(message=row).order_by("number")
        return {
            "state": row.state,
            "next": self._seconds(row.next_at),
            "risk": self._seconds(row.risk_at),
            "lease": self._seconds(row.lease_until),
            "id": NONE if row.gateway_id is None else row.gateway_id,
            "given_up": row.given_up,
            "attempts": [(self._seconds(a.claimed_at), a.outcome, a.voided) for a in attempts],
        }

    def _seconds(self, at: Any) -> int:
        return NONE if at is None else round((at - self.clock.database()).total_seconds())


def facts_of(m: Msg) -> dict[str, Any]:
    attempts = [(t.claimed, t.outcome, t.voided) for t in m.tries]
    names = ("state", "next", "risk", "lease", "id", "given_up")
    return {name: getattr(m, name) for name in names} | {"attempts": attempts}


def a_step(explorable: Explorable, state: State, chance: random.Random, most: int) -> tuple[Event, State] | None:
    """Draw a kind of step, since there are many waits, and then a step. No wait is longer than `most`."""
    possible = [(e, after) for e, after in explorable.successors(state) if e.kind != "claim both" and e.seconds <= most]
    kinds = sorted({event.kind for event, _after in possible})
    if not kinds:
        return None
    (kind,) = chance.choices(kinds, [0.1 if kind in DECISIONS else 1 for kind in kinds])
    return chance.choice([each for each in possible if each[0].kind == kind])


@pytest.mark.django_db
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_same_history_on_rows_gives_the_same_rows(world: World, clock: FakeClock, settings: Any):
    configure(settings, DUPLICATE_FILTER=world.filter or None, ON_DUPLICATE=world.policy)
    for seed in range(HISTORIES):
        OutboundMessage.objects.all().delete()
        chance, explorable, rows = random.Random(f"{world.name} {seed}"), Explorable(world), Rows(world, clock)
        explorable.floor = -100_000  # rows keep old times
        state, history = explorable.first(), []
        began = clock.ran
        for _ in range(STEPS):
            step = a_step(explorable, state, chance, -OUTDATED - round(clock.ran - began))
            if step is None:
                break
            event, after = step
            history.append(event)
            rows.play(event, explorable.msgs[state.msgs[event.who]] if event.who >= 0 else None)
            state = after
            for who, number in enumerate(state.msgs):
                assert rows.facts(who) == facts_of(explorable.msgs[number]), history

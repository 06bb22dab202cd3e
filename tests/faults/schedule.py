"""The faults of a run and their times, drawn from the seed alone, so that a run can be repeated."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.faults import points
from tests.faults.plan import Plan

KILLS = {"kill child": 38, "kill at point": 40, "kill worker": 8, "kill worker's parent": 6, "kill sweeper": 8}
DISTURBANCES = {
    "freeze child": 16,
    "freeze worker": 6,
    "freeze at point": 22,
    "kill redis": 8,
    "flush redis": 8,
    "silence redis": 8,
    "restart database": 10,
    "step clocks": 10,
    "set database clock back": 4,
    "blame account": 5,
    "gateway away": 8,
    "stop worker warm": 5,
    "stop worker cold": 5,
}
ENVIRONMENT_FAULTS = {
    "read-only": {"make read only": 4, "limit statements": 2, "end sessions": 2, "take connections": 2},
    "full-disk": {"fill disk": 1},
    "no-descriptors": {"take descriptors": 1},
    "no-connections": {"take connections": 1},
    "statement-timeout": {"limit statements": 1},
    "ended-sessions": {"end sessions": 1},
    "clock-steps": {"step wall clock": 1},
    "hidden-clock-steps": {"step clock in a pause": 1},
    "no-memory": {"take memory": 1},
    "no-threads": {"take threads": 1},
    "failover-sync": {"fail over": 1},
    "failover-hosts": {"fail over": 1},
    "failover-async": {"fail over with lag": 1},
}
WEB_KILLS = {"kill web": 8}  # only with mixed traffic, which has a web process
# Each fail-over needs the standby that the previous one created, and each pause the time in between.
EVENLY_SPREAD = ("fail over", "fail over with lag", "step clock in a pause")
NEED_SERVER = ("restart database",)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault `at` so many seconds from the start. `seconds`: its duration. `point`: a name of `points.py`. `choice`: a
    number from 0 to 1 that selects a process."""

    at: float
    name: str
    seconds: float
    point: str
    choice: float


def schedule(plan: Plan) -> list[Fault]:
    dice = random.Random(f"schedule {plan.seed}")
    faults = [_fault(dice, plan, KILLS | (WEB_KILLS if plan.mixed else {})) for _ in range(plan.kills)]
    if plan.environment_fault:
        kinds = ENVIRONMENT_FAULTS[plan.environment_fault]
        lasting = [_fault(dice, plan, kinds) for _ in range(plan.environment_fault_count)]
        share = 0.95 * plan.seconds / max(1, plan.environment_fault_count)
        for place, fault in enumerate(lasting):
            faults.append(replace(fault, at=share * (place + 0.5)) if fault.name in EVENLY_SPREAD else fault)
    if plan.disturb:
        disturbances = dict(DISTURBANCES)
        if plan.database == "sqlite":
            disturbances = {name: weight for name, weight in disturbances.items() if name not in NEED_SERVER}
        count = max(10, plan.kills // 2)
        faults += [_fault(dice, plan, disturbances) for _ in range(count)]
    return sorted(faults, key=lambda fault: fault.at)


def _fault(dice: random.Random, plan: Plan, kinds: Mapping[str, int]) -> Fault:
    name = dice.choices(list(kinds), list(kinds.values()))[0]
    frozen = name.startswith("freeze")
    return Fault(
        at=dice.uniform(0.02, 0.95) * plan.seconds,
        name=name,
        seconds=plan.lease * dice.uniform(1.1, 2) if frozen else dice.uniform(0.5, 4),
        point=dice.choice((points.FREEZABLE if frozen else points.NAMES) + (points.PUSHES if plan.mixed else ())),
        choice=dice.random(),
    )

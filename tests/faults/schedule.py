"""When which fault comes: from the seed alone, so that a run can be played again."""

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
ORDEALS = {
    "read-only": {"make read only": 4, "limit statements": 2, "end sessions": 2, "take connections": 2},
    "full-disk": {"fill disk": 1},
    "no-descriptors": {"take descriptors": 1},
    "no-connections": {"take connections": 1},
    "statement-timeout": {"limit statements": 1},
    "ended-sessions": {"end sessions": 1},
    "clock-steps": {"step wall clock": 1},
    "no-memory": {"take memory": 1},
    "no-threads": {"take threads": 1},
    "failover-sync": {"fail over": 1},
    "failover-hosts": {"fail over": 1},
    "failover-async": {"fail over with lag": 1},
}
WEB_KILLS = {"kill web": 8}  # where the traffic is mixed
APART = ("fail over", "fail over with lag")  # evenly spread: each needs the new standby of the one before
NEED_A_SERVER = ("restart database",)


@dataclass(frozen=True, slots=True)
class Deed:
    """`at`: seconds from the start. `seconds`: how long it lasts. `where`: a point, or a number to choose by."""

    at: float
    what: str
    seconds: float
    where: str
    pick: float


def schedule(plan: Plan) -> list[Deed]:
    dice = random.Random(f"schedule {plan.seed}")
    deeds = [_deed(dice, plan, KILLS | (WEB_KILLS if plan.mixed else {})) for _ in range(plan.kills)]
    if plan.ordeal:
        ordeals = [_deed(dice, plan, ORDEALS[plan.ordeal]) for _ in range(plan.ordeals)]
        share = 0.95 * plan.seconds / max(1, plan.ordeals)
        for place, deed in enumerate(ordeals):
            deeds.append(replace(deed, at=share * (place + 0.5)) if deed.what in APART else deed)
    if plan.disturb:
        disturbances = dict(DISTURBANCES)
        if plan.database == "sqlite":
            disturbances = {what: often for what, often in disturbances.items() if what not in NEED_A_SERVER}
        count = max(10, plan.kills // 2)
        deeds += [_deed(dice, plan, disturbances) for _ in range(count)]
    return sorted(deeds, key=lambda deed: deed.at)


def _deed(dice: random.Random, plan: Plan, kinds: Mapping[str, int]) -> Deed:
    what = dice.choices(list(kinds), list(kinds.values()))[0]
    frozen = what.startswith("freeze")
    return Deed(
        at=dice.uniform(0.02, 0.95) * plan.seconds,
        what=what,
        seconds=plan.lease * dice.uniform(1.1, 2) if frozen else dice.uniform(0.5, 4),
        where=dice.choice((points.FREEZABLE if frozen else points.NAMES) + (points.PUSHES if plan.mixed else ())),
        pick=dice.random(),
    )

"""A short slice of the long run: real workers killed with -9, on three databases, and each rule taken away in turn.

The runs go side by side, in processes of their own; each test waits for its own. What is judged is where every message
ended, never how long anything took.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import missing
from tests.faults.__main__ import run_apart
from tests.faults.plan import Plan
from tests.faults.plans import (
    COMMAND_SLICES,
    FAILOVER_SLICE,
    KILL_SLICES,
    ORDEALS,
    POOL_SLICES,
    SLICE,
    TOGETHER,
    WITHOUT,
    WITHOUT_SEVERAL,
    is_found_out,
)
from tests.faults.servers import Unavailable

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

AT_ONCE = 3
REMOVALS = [*(plan for rule, plan in WITHOUT.items() if rule not in TOGETHER), WITHOUT_SEVERAL]


class Runs:
    """Starts the runs that are asked for, in the order of the tests, and gives their reports."""

    def __init__(self, pool: ThreadPoolExecutor, folder: Any, plans: list[Plan]) -> None:
        self._reports: dict[str, Future[dict[str, Any]]] = {
            plan.name: pool.submit(run_apart, plan, folder / f"{number}.json") for number, plan in enumerate(plans)
        }

    def report(self, plan: Plan) -> dict[str, Any]:
        try:
            return self._reports[plan.name].result()
        except Unavailable as reason:
            missing(str(reason))
            raise


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    wanted = [item.callspec.params["plan"] for item in request.session.items if item.fspath == request.node.fspath]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield Runs(pool, tmp_path_factory.mktemp("faults"), wanted)
        pool.shutdown(cancel_futures=True)


def _id(plan: Plan) -> str:
    return plan.name


@pytest.mark.parametrize("plan", [SLICE, *KILL_SLICES, *POOL_SLICES, *COMMAND_SLICES], ids=_id)
def test_through_every_fault_each_message_is_accepted_once_refused_or_listed(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert report["green"], "\n".join(report["evidence"])
    assert report["settled"]
    # That the faults were there at all: otherwise green would say nothing.
    kills = plan.kills if plan.pool == "prefork" else plan.kills * 0.6  # elsewhere there are no children to be met
    assert report["kills"] >= kills / 2
    assert report["messages"] >= plan.messages / 2
    assert sum(count for fault, count in report["faults"].items() if fault != "none") > plan.messages / 10


@pytest.mark.parametrize("plan", [*ORDEALS, FAILOVER_SLICE], ids=_id)
def test_an_answer_that_came_is_never_lost_whatever_the_surroundings_refuse(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert report["green"], "\n".join(report["evidence"])
    assert report["settled"]
    assert (report["unconfirmed but sent"], report["sent without id"]) == (0, 0)
    assert report["accepted"] >= plan.messages / 2
    assert sum(report["done"].values()) >= plan.ordeals


@pytest.mark.parametrize("plan", REMOVALS, ids=_id)
def test_a_rule_taken_away_is_found_out(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert is_found_out(plan.removed, report["crimes"]), report["crimes"]

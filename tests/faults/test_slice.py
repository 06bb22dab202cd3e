"""A short selection of the fault tests: workers killed with SIGKILL, on three databases, and each rule removed.

The runs are parallel processes; each test waits for its run. Only the final states of messages are checked, no times.
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
    ENVIRONMENT_FAULTS,
    FAILOVER_SLICE,
    HIDDEN_STEP,
    KILL_SLICES,
    POOL_SLICES,
    REMOVED_TOGETHER,
    SLICE,
    WITHOUT,
    WITHOUT_SEVERAL,
    has_expected_violations,
)
from tests.faults.servers import Unavailable

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

AT_ONCE = 3
REMOVALS = [*(plan for rule, plan in WITHOUT.items() if rule not in REMOVED_TOGETHER), WITHOUT_SEVERAL]


class Runs:
    """Starts the runs of the selected tests, in the order of the tests, and returns their reports."""

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


@pytest.mark.parametrize("plan", [SLICE, *KILL_SLICES, *POOL_SLICES, *COMMAND_SLICES, HIDDEN_STEP], ids=_id)
def test_with_all_faults_each_message_is_accepted_once_refused_or_unconfirmed(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert report["green"], "\n".join(report["evidence"])
    assert report["settled"]
    # Without faults the result would prove nothing.
    kills = plan.kills if plan.pool == "prefork" else plan.kills * 0.6  # other pools have no child processes to kill
    assert report["kills"] >= kills / 2
    assert report["messages"] >= plan.messages / 2
    assert sum(count for fault, count in report["faults"].items() if fault != "none") > plan.least_gateway_faults


@pytest.mark.parametrize("plan", [*ENVIRONMENT_FAULTS, FAILOVER_SLICE], ids=_id)
def test_no_answer_is_lost_during_faults_of_the_environment(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert report["green"], "\n".join(report["evidence"])
    assert report["settled"]
    assert (report["unconfirmed but sent"], report["sent without id"]) == (0, 0)
    assert report["accepted"] >= plan.messages / 2
    assert sum(report["done"].values()) >= plan.environment_fault_count


@pytest.mark.parametrize("plan", REMOVALS, ids=_id)
def test_a_run_without_a_rule_has_the_violations_that_the_rule_prevents(runs: Runs, plan: Plan) -> None:
    report = runs.report(plan)
    assert has_expected_violations(plan.removed, report["violations"]), report["violations"]

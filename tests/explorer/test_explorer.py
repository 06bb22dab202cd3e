"""All histories to a small depth keep the promise, and the explorer finds the error if a rule is removed."""

from unittest.mock import patch

import pytest

from django_front_sms.outbox import rules
from tests.docs.pages import DOCS, HERE
from tests.explorer import history
from tests.explorer.removed import ONE, REMOVALS, Removal
from tests.explorer.report import WORLDS
from tests.explorer.search import explore
from tests.explorer.world import World

DEPTH = 5


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_all_histories_of_a_small_world_keep_the_promise_and_end(world: World):
    result = explore(world, DEPTH, ends_every=5)

    assert result.problem == "", list(result.history)
    assert result.depth == DEPTH
    assert result.states > 200


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.rule)
def test_without_a_rule_some_history_breaks_the_promise(removal: Removal):
    assert history.without(removal).problem


@pytest.mark.parametrize("world", dict.fromkeys(removal.world for removal in REMOVALS), ids=lambda world: world.name)
def test_with_all_rules_no_history_of_that_length_breaks_the_promise(world: World):
    depth = max(len(history.without(removal).history) for removal in REMOVALS if removal.world == world)

    result = explore(world, depth, ends_every=0)  # not every step is possible in these worlds

    assert result.problem == ""
    assert result.depth == depth


def test_a_message_that_would_stay_open_for_ever_is_found():
    with patch.object(rules, "is_lost", lambda message, now: False):
        result = explore(ONE, 3)

    assert "open for ever" in result.problem
    assert [event.kind for event in result.history] == ["claim", "crash"]


@pytest.mark.skipif(not HERE, reason="the documentation is missing")
def test_the_documentation_shows_the_histories_that_the_explorer_finds():
    text = (DOCS / "why" / "sending.md").read_text()

    shown = text[text.index(history.BEGIN) : text.index(history.END) + len(history.END)]

    assert shown == history.page(), "update it: python -m tests.explorer --histories"

"""All histories to a small depth keep the promise, and the explorer finds the error if a rule is removed."""

import re
from unittest.mock import patch

import pytest

from django_front_sms.outbox import rules
from tests.docs.pages import DOCS, HERE
from tests.explorer import history
from tests.explorer.removed import ONE, REMOVALS
from tests.explorer.report import WORLDS
from tests.explorer.search import explore
from tests.explorer.world import World

DEPTH = 5
RULES = {each.world: [removal for removal in REMOVALS if removal.world == each.world] for each in REMOVALS}


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_all_histories_of_a_small_world_keep_the_promise_and_end(world: World):
    result = explore(world, DEPTH, ends_every=5)

    assert result.problem == "", list(result.history)
    assert result.depth == DEPTH
    assert result.states > 200


# One test for each world, since the histories without its rules say how far to search with them: no search is repeated.
@pytest.mark.parametrize("world", RULES, ids=lambda world: world.name)
def test_without_a_rule_some_history_breaks_the_promise_and_with_all_rules_none_of_that_length_does(world: World):
    for removal in RULES[world]:
        assert history.without(removal).problem, removal.rule
        assert not HERE or history.part(removal) in shown(), "update it: python -m tests.explorer --histories"
    depth = max(len(history.without(removal).history) for removal in RULES[world])

    result = explore(world, depth, ends_every=0)  # not every step is possible in these worlds

    assert result.problem == ""
    assert result.depth == depth


def test_a_message_that_would_stay_open_for_ever_is_found():
    with patch.object(rules, "is_lost", lambda message, now: False):
        result = explore(ONE, 3)

    assert "open for ever" in result.problem
    assert [event.kind for event in result.history] == ["claim", "crash"]


@pytest.mark.skipif(not HERE, reason="the documentation is missing")
def test_the_documentation_shows_a_history_for_each_rule_and_no_other():
    parts = shown().removeprefix(history.BEGIN).removesuffix(history.END).strip().split("\n\n**")

    assert [re.match(r"\W*(.+?)\.\*\*", part)[1].lower() for part in parts] == [
        removal.rule.lower() for removal in REMOVALS
    ]


def shown() -> str:
    """The part of the documentation with the histories."""
    text = (DOCS / "why" / "sending.md").read_text()
    return text[text.index(history.BEGIN) : text.index(history.END) + len(history.END)]

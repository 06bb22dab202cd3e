"""The table of transitions, and the state that a set of statuses leads to."""

from itertools import permutations

import pytest
from django.utils.translation import override

from django_front_sms.models import OutboundMessage
from django_front_sms.states import ACCEPTED, NOT_SENT, OPEN, TRANSITIONS, State, by_statuses, in_words, may_change


def test_every_state_has_its_row_in_the_table():
    assert set(TRANSITIONS) == set(State)


def test_no_state_moves_to_itself():
    assert not [state for state in State if may_change(state, state)]


def test_a_state_that_means_not_sent_is_final():
    assert not [(old, new) for old in NOT_SENT for new in State if may_change(old, new)]


def test_an_accepted_message_never_gets_a_state_that_means_not_sent():
    assert not [(old, new) for old in ACCEPTED for new in NOT_SENT | {State.UNCONFIRMED} if may_change(old, new)]


def test_delivered_is_final():
    assert not [new for new in State if may_change(State.DELIVERED, new)]


def test_a_state_is_open_accepted_unsent_or_for_a_person():
    assert [state for state in State if state not in OPEN | ACCEPTED | NOT_SENT] == [State.UNCONFIRMED]
    assert not OPEN & ACCEPTED
    assert not OPEN & NOT_SENT
    assert not ACCEPTED & NOT_SENT


def test_unconfirmed_ends_by_a_late_answer_or_a_person_and_in_no_other_way():
    assert TRANSITIONS[State.UNCONFIRMED] == {State.QUEUED, State.SENT, State.REJECTED, State.CANCELLED}


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ((), "sent"),
        ((-1,), "at_operator"),
        ((5,), "undelivered"),
        ((4,), "delivered"),
        ((-1, 5), "undelivered"),
        ((-1, 4), "delivered"),
        ((4, 5), "delivered"),
        ((-1, 4, 5), "delivered"),
        ((0,), "sent"),
        ((7, 99), "sent"),
    ],
)
def test_4_beats_5_beats_minus_1_in_any_order(statuses: tuple[int, ...], state: str):
    assert by_statuses("sent", set(statuses)) == state
    for order in permutations(statuses):
        believed = State.SENT
        for status in order:
            believed = by_statuses(believed, {status})
        assert believed == state


@pytest.mark.parametrize("state", sorted(NOT_SENT))
def test_a_status_revives_nothing_that_was_not_sent(state: str):
    assert by_statuses(state, {4}) == state


def test_an_unknown_state_is_an_error():
    with pytest.raises(ValueError):
        may_change("sent", "gone")


@pytest.mark.parametrize("language", ["en", "nb", "nn"])
def test_a_state_is_put_into_words_as_its_field_does(language: str):
    with override(language):
        assert [in_words(state) for state in State] == [
            OutboundMessage(state=state).get_state_display() for state in State
        ]
    assert in_words("gone") == "gone"

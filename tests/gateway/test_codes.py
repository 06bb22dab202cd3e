"""Codes (§2.2, §2.3): each has a party at fault and a description; an unknown code is a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms.gateway.codes import ACCOUNT_CODES, Blame, ErrorCode, StatusCode, blame, describe

BLAMED = {
    Blame.NOBODY: {0},
    Blame.RECIPIENT: {1, 12, 21},
    Blame.ACCOUNT: {2, 5, 7, 13, 18},
    Blame.MESSAGE: {3, 4, 6, 14, 15, 16},
    Blame.US: {8, 9, 10, 11, 19, 20},
    Blame.DUPLICATE: {17},
}


def test_the_codes_are_those_of_the_manual():
    assert {int(code) for code in ErrorCode} == set(range(22))
    assert {int(code) for code in StatusCode} == {-1, 4, 5}


def test_every_code_has_one_party_at_fault():
    assert {who: {int(code) for code in ErrorCode if blame(code) is who} for who in BLAMED} == BLAMED


def test_exactly_the_codes_for_which_the_account_is_at_fault_pause_it():
    assert {2, 5, 7, 13, 18} == ACCOUNT_CODES


def test_at_the_operator_is_minus_one_and_not_zero():
    assert StatusCode.AT_OPERATOR == -1


@pytest.mark.parametrize("code", ErrorCode)
def test_every_description_is_a_sentence_of_its_own(code):
    sentence = describe(code)
    assert sentence[0].isupper() and sentence.endswith(".") and "\n" not in sentence
    assert "newer than this package" not in sentence


def test_all_descriptions_are_different():
    assert len({describe(code) for code in ErrorCode}) == len(ErrorCode)


@given(st.integers().filter(lambda code: code not in range(22)))
def test_an_unknown_code_is_a_value_that_names_itself(code):
    assert blame(code) is Blame.UNKNOWN
    assert f"code {code}," in describe(code)

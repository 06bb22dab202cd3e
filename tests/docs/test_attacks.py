"""The table of attacks in docs/why/security.md has those of `tests/attacks.py`, with their files."""

import pytest

from tests.attacks import ATTACKS
from tests.docs.pages import DOCS, HERE, ROOT, cells

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")


def rows() -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in cells(DOCS / "why" / "security.md") if len(row) == 5}


def test_every_attack_is_listed_with_the_files_of_its_tests() -> None:
    listed = {attack: files.replace("`", "").split(", ") for attack, (*_rest, files) in rows().items()}
    assert listed == {attack: [file.removeprefix("tests/") for file in tests] for attack, tests in ATTACKS.items()}


def test_every_attack_says_what_was_counted_and_what_holds() -> None:
    for attack, (cases, requests, holds, _files) in rows().items():
        assert int(cases.replace(",", "")) > 0, attack
        assert not requests or int(requests.replace(",", "")) > 0, attack
        assert holds, attack


def test_the_files_are_there() -> None:
    assert [file for tests in ATTACKS.values() for file in tests if not (ROOT / file).is_file()] == []

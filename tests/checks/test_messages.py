"""The catalogue of checks, and its documentation."""

import re
from pathlib import Path

import pytest
from django.core.checks import ERROR

from django_front_sms.checks import SPECS

ROOT = Path(__file__).resolve().parents[2]


# The catalogue


def test_every_check_has_a_test():
    sources = Path(__file__).parent.glob("test_*.py")
    made = {number for source in sources for number in re.findall(r'"([EW]\d{3})"', source.read_text())}
    assert made == {number.removeprefix("front_sms.") for number in SPECS}


def test_errors_have_an_e_and_warnings_a_w():
    for number, spec in SPECS.items():
        message = spec.as_message(**dict.fromkeys(re.findall(r"%\((\w+)\)s", str(spec.text)), "x"))
        assert (message.level >= ERROR) == number.startswith("front_sms.E")


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")
def test_the_documentation_lists_each_check_once_and_in_order():
    text = (ROOT / "docs/reference/checks.md").read_text()
    documented = re.findall(r"^### `(front_sms\.[EW]\d{3})`", text, re.MULTILINE)
    assert documented == sorted(SPECS)

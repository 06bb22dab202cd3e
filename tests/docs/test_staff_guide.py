"""The guide for staff uses the words of the screens."""

import re

import pytest

from tests.catalogues import entries
from tests.docs.pages import DOCS, HERE

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")


def test_every_expression_in_bold_is_on_a_screen():
    page = (DOCS / "norsk-ansatte.md").read_text()
    on_screens = {text.lower() for norwegian in entries("nb").values() for text in norwegian}
    bold = {words.lower() for words in re.findall(r"\*\*([^*]+)\*\*", page)} - {"fet skrift"}

    assert len(bold) > 25
    assert bold - on_screens == set()

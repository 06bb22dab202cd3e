"""`make demo`, tried as a new user would, from the first text to a queue that was parked and restarted."""

from typing import Any

import pytest

from tests.browser.demo import running
from tests.browser.story import PATIENCE, tell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_a_new_user_texts_reads_answers_and_sees_it_all_by_itself(chromium: Any) -> None:
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    context.set_default_timeout(PATIENCE)
    staff, phones = context.new_page(), context.new_page()
    for tab in (staff, phones):
        tab.on("pageerror", lambda error: complaints.append(str(error)))

    with running() as demo:
        tell(demo, staff, phones, lambda tab, name: None)
        context.close()

    assert complaints == []

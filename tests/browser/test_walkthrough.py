"""`make demo` as a new user sees it, from the first text to a parked queue that is restarted."""

from typing import Any

import pytest

from tests.browser.demo import running
from tests.browser.walkthrough import HANG_TIMEOUT, walk_through

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_a_new_user_sends_reads_and_replies_with_live_updates(chromium: Any) -> None:
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    context.set_default_timeout(HANG_TIMEOUT)
    staff, phones = context.new_page(), context.new_page()
    for tab in (staff, phones):
        tab.on("pageerror", lambda error: complaints.append(str(error)))

    with running() as demo:
        walk_through(demo, staff, phones, lambda tab, name: None)
        context.close()

    assert complaints == []

"""The page of troubleshooting has a row for everything that a queued message can wait for, in the timeline's words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_front_sms.models import Wait
from tests.docs.pages import DOCS, HERE
from tests.factories import OutboundMessageFactory
from tests.timeline.entries import last

pytestmark = [pytest.mark.skipif(not HERE, reason="the documentation is not here"), pytest.mark.django_db]


@pytest.mark.parametrize("reason", [*Wait])
def test_there_is_a_row_for_each_reason_to_wait(reason: Wait) -> None:
    page = (DOCS / "howto" / "troubleshooting.md").read_text()
    table = page.partition("## A message stays `queued`")[2].partition("\n## ")[0]
    said = [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| waits")]

    title = last(OutboundMessageFactory(waits_for=reason, next_at=timezone.now() + timedelta(hours=1))).title

    # "Waits for its time, Nov. 30, 2026 08:00" is "waits for its time"; a time within a sentence is "a time".
    words = {title.lower().partition(",")[0], title.lower().partition(", because")[2]}
    assert [row for row in said if any(part and part in row for part in words)], title

"""Looking: the slowest of each kind of page in the admin, at a million messages and three million statuses."""

from collections.abc import Iterator

from benchmarks import admin_pages, million
from benchmarks.measurement import Options, Row

KINDS = {
    "index of": "the indexes",
    "dashboard": "the dashboard",
    "list of": "lists, with each filter",
    "search of": "searches",
    "page of": "a message's page",
    "conversation of": "conversations",
}


def measure(options: Options) -> Iterator[Row]:
    options.step(f"making {options.rows:,} messages and what belongs to them")
    million.clear()
    million.fill(options.rows)
    try:
        options.step("looking at every page of the admin")
        pages = admin_pages.run(options.rounds)
    finally:
        million.clear()
    for beginning, kind in KINDS.items():
        slowest = max((page for page in pages if page.name.startswith(beginning)), key=lambda page: page.median)
        what = f"the slowest of {kind} ({slowest.name})"
        yield Row(f"{what}, to wait for", slowest.ms, unit=" ms", at_most=admin_pages.LIMIT_MS)
        if slowest.busy:
            yield Row(f"{what}, to work on", slowest.busy, unit=" ms", at_most=admin_pages.LIMIT_MS)
    most = max(pages, key=lambda page: page.queries)
    yield Row(
        f"queries of the page with the most ({most.name})", [most.queries], unit="", at_most=admin_pages.LIMIT_QUERIES
    )

"""Names of people beside their numbers, from the site's `CONTACTS`: one call a page."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_front_sms import contacts

Pages = Iterator[list[list[Any]]]


def add_names(rows: Iterable[Any], field: str) -> None:
    """Set `contact_name` of each row to the name for the number in `field`; empty if the site has no name for it."""
    rows = list(rows)
    names = contacts.labels(getattr(row, field) for row in rows)
    for row in rows:
        row.contact_name = names.get(getattr(row, field), "")


def with_name(row: Any, number: str) -> SafeString | str:
    """A number for a list, with the name that `add_names` found."""
    name = getattr(row, "contact_name", "")
    return format_html('<bdi>{}</bdi> <span class="fs-tel">{}</span>', name, number) if name else number


def contact_of(number: str) -> dict[str, Any]:
    """The name of the person behind a number and the address of the site's page about them, for a template."""
    return {"contact_name": contacts.labels([number]).get(number, ""), "contact_url": contacts.url(number)}


def named_pages(pages: Pages, column: int) -> Pages:
    """The pages of an export with a further column: the name of the number in `column`, which stands before it."""
    for page in pages:
        names = contacts.labels(row[column] for row in page)
        yield [[*row[: column + 1], names.get(row[column], ""), *row[column + 1 :]] for row in page]


def numbers_of(term: str) -> Sequence[str]:
    """The numbers of people whose name matches a search; none where it has no letters."""
    return contacts.search(term) if any(char.isalpha() for char in term) else []

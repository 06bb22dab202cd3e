"""What the admin's own history, `django_admin_log`, says of people."""

import re
from collections.abc import Collection, Mapping

from django.apps import apps
from django.db import models

ERASED = "•••••"


def erase(number: str, rows: Mapping[type[models.Model], Collection[int]]) -> int:
    """Take the number, however it is written, out of every entry, and what entries of `rows` say of them; gives how
    many entries were changed."""
    if not apps.is_installed("django.contrib.admin"):
        return 0
    from django.contrib.admin.models import LogEntry

    pattern = written(number)
    own = _own(rows)
    changed = 0
    for entry in LogEntry.objects.order_by("pk").iterator(chunk_size=1000):
        before = (entry.object_id, entry.object_repr, entry.change_message)
        if (entry.content_type_id, entry.object_id) in own:
            entry.object_repr, entry.change_message = f"#{entry.object_id}", ""
        entry.object_id = pattern.sub(ERASED, entry.object_id) if entry.object_id else entry.object_id
        entry.object_repr = pattern.sub(ERASED, entry.object_repr)
        entry.change_message = pattern.sub(ERASED, entry.change_message)
        if before != (entry.object_id, entry.object_repr, entry.change_message):
            entry.save(update_fields=["object_id", "object_repr", "change_message"])
            changed += 1
    return changed


def _own(rows: Mapping[type[models.Model], Collection[int]]) -> set[tuple[int | None, str | None]]:
    from django.contrib.contenttypes.models import ContentType

    kinds = {model: ContentType.objects.get_for_model(model).pk for model in rows}
    return {(kinds[model], str(key)) for model, keys in rows.items() for key in keys}


def written(number: str) -> "re.Pattern[str]":
    """The ways in which people, and Front, write a number in E.164; a short code or a name only as it is.

    >>> bool(written("+4799999999").search("Kari, 999 99 999"))
    True
    """
    if not number.startswith("+"):
        return re.compile(rf"(?<!\\w){re.escape(number)}(?!\\w)")
    country, national = _parts(number)
    between = r"[ \-.()]*"
    prefix = rf"(?:(?:(?:\+|00){between})?{between.join(country)}{between})?0?"
    return re.compile(rf"(?<!\d){prefix}{between.join(national)}(?!\d)")


def _parts(number: str) -> tuple[str, str]:
    """The digits of the country code, and those after it."""
    import phonenumbers

    try:
        country = str(phonenumbers.parse(number).country_code)
    except phonenumbers.NumberParseException:
        country = ""
    digits = number[1:]
    return country, digits.removeprefix(country)

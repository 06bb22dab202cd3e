"""What the admin's own history, `django_admin_log`, says of people."""

import re
from collections.abc import Collection, Mapping

from django.apps import apps
from django.db import models

ERASED = "•••••"
BETWEEN = " -.()"  # what people write between the digits of a number
_BETWEEN = str.maketrans("", "", BETWEEN)
_FIELDS = ("object_id", "object_repr", "change_message")


def erase(number: str, rows: Mapping[type[models.Model], Collection[int]]) -> int:
    """Take the number, however it is written, out of every entry, and what entries of `rows` say of them; gives how
    many entries were changed."""
    if not apps.is_installed("django.contrib.admin"):
        return 0
    from django.contrib.admin.models import LogEntry

    own, pattern, bare = _own(rows), written(number), _parts(number)[1]
    # The key of somebody else's row may have the digits of a short code, and would lead nowhere without them.
    looked_into = (number.startswith("+"), True, True)
    changed = 0
    entries = LogEntry.objects.order_by("pk").values_list("pk", "content_type_id", *_FIELDS)
    for pk, kind, key, name, change in entries.iterator(chunk_size=2000):
        before = (key, name, change)
        said = (key, f"#{key}", "") if (kind, key) in own else before
        after = tuple(
            _without(text, pattern, bare) if look else text for text, look in zip(said, looked_into, strict=True)
        )
        if after != before:
            changed += LogEntry.objects.filter(pk=pk).update(**dict(zip(_FIELDS, after, strict=True)))
    return changed


def _without(text: str | None, pattern: "re.Pattern[str]", bare: str) -> str | None:
    # To look for the bare digits first is far faster, and most of a long history does not have them.
    return pattern.sub(ERASED, text) if text and bare in text.translate(_BETWEEN) else text


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
        return re.compile(rf"(?<!\w){re.escape(number)}(?!\w)")
    country, national = _parts(number)
    between = rf"[{re.escape(BETWEEN)}]*"
    prefix = rf"(?:(?:(?:\+|00){between})?{between.join(country)}{between})?0?"
    return re.compile(rf"(?<!\d){prefix}{between.join(national)}(?!\d)")


def _parts(number: str) -> tuple[str, str]:
    """The digits of the country code, and those after it; of what is no number, nothing and all of it."""
    import phonenumbers

    if not number.startswith("+"):
        return "", number.translate(_BETWEEN)
    try:
        country = str(phonenumbers.parse(number).country_code)
    except phonenumbers.NumberParseException:
        country = ""
    return country, number[1:].removeprefix(country)

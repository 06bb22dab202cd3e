"""Removes a number from the log entries of Django's admin (`django_admin_log`)."""

from collections.abc import Collection, Mapping

from django.apps import apps
from django.db import models

from django_front_sms.retention.search import Spellings, pages

ERASED = "•••••"
_FIELDS = ("object_id", "object_repr", "change_message")


def erase(spellings: Spellings, rows: Mapping[type[models.Model], Collection[int]]) -> int:
    """Remove the number, in any spelling, from all log entries, and the descriptions of `rows` from their entries.

    Returns how many entries were changed.
    """
    if not apps.is_installed("django.contrib.admin"):
        return 0
    from django.contrib.admin.models import LogEntry

    own = _own(rows)
    # The key of an unrelated row can contain the digits of a short code; without them its link would be broken.
    looked_into = (spellings.number.startswith("+"), True, True)
    changed = 0
    for pk, kind, key, name, change in pages(LogEntry.objects.all(), "content_type_id", *_FIELDS):
        before = (key, name, change)
        texts = (key, f"#{key}", "") if (kind, key) in own else before
        after = tuple(
            spellings.without(text, ERASED) if text and look else text
            for text, look in zip(texts, looked_into, strict=True)
        )
        if after != before:
            changed += LogEntry.objects.filter(pk=pk).update(**dict(zip(_FIELDS, after, strict=True)))
    return changed


def _own(rows: Mapping[type[models.Model], Collection[int]]) -> set[tuple[int | None, str | None]]:
    from django.contrib.contenttypes.models import ContentType

    kinds = {model: ContentType.objects.get_for_model(model).pk for model in rows}
    return {(kinds[model], str(key)) for model, keys in rows.items() for key in keys}

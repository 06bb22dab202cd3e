"""Drafts of the composer, so that its pages can be requested by GET, and no input is lost."""

import json
import uuid
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from django_front_sms.models import ComposerDraft

_NOT_KEPT = ("csrfmiddlewaretoken", "confirmed", "again", "edit", "simplify")  # added by the buttons


def fresh_key() -> str:
    return uuid.uuid4().hex


def save_draft(user: Any, data: QueryDict) -> None:
    """Keep the fields in `data` under its `key`, and delete the drafts that are too old."""
    ComposerDraft.objects.old().delete()
    fields = {name: data[name] for name in data if name not in _NOT_KEPT}
    values = {"content": json.dumps(fields), "changed_at": timezone.now()}
    ComposerDraft.objects.update_or_create(user=user, key=data["key"][:64], defaults=values)


def load_draft(user: Any, key: str) -> QueryDict | None:
    """The fields that `user` saved under `key`; None if there are none."""
    draft = ComposerDraft.objects.filter(user=user, key=key.replace("\0", "")[:64]).first()
    if draft is None:
        return None
    data = QueryDict(mutable=True)
    data.update(draft.fields)
    return data


def new_draft(user: Any, table: str) -> str:
    """Save the table of a message that is started on another page, and return the key of its draft."""
    data = QueryDict(mutable=True)
    data.update({"table": table, "key": fresh_key()})
    save_draft(user, data)
    return str(data["key"])

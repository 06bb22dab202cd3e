"""Search for personal data: in all columns of this app's tables, in the history of the admin, and in storage."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import models

from django_front_sms.models import InboundMessage, OutboundMessage, SendAttempt


def traces(*needles: str) -> list[str]:
    """The places that contain any of `needles`, as "Table.column #key"."""
    return sorted(set(_found([needle.encode() for needle in needles])))


def _found(needles: list[bytes]) -> Iterator[str]:
    for model in [*apps.get_app_config("front_sms").get_models(), LogEntry]:
        for row in model._default_manager.all():
            for field in model._meta.concrete_fields:
                value = _bytes(field.value_from_object(row))
                if any(needle in value for needle in needles):
                    yield f"{model.__name__}.{field.name} #{row.pk}"


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, models.fields.files.FieldFile):
        return str(value.name).encode()
    return (json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)).encode()


def digests() -> list[str]:
    """All digests from which a number or text could be guessed."""
    made = [*OutboundMessage.objects.values_list("payload_digest", flat=True)]
    for pair in SendAttempt.objects.values_list("twin_key", "wire_digest"):
        made += pair
    made += InboundMessage.objects.values_list("content_digest", flat=True)
    made += InboundMessage.objects.filter(gateway_id=None).values_list("identity", flat=True)
    return [digest for digest in made if digest]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]

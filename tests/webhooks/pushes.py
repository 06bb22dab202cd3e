"""The manual's pushes, verbatim, and functions to send them."""

import base64
from typing import Any

from django.http import HttpResponse
from django.test import Client

from django_front_sms.signing import webhook_path
from tests import manual

STATUS, QUERY = manual.STATUS.encode(), manual.GET.encode()
SMS, MMS = manual.SMS, manual.MMS
sms = manual.changed

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 8
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 300


def file(data: bytes, content_type: str = "image/jpeg;Name=image01.jpg", name: str = "image01.jpg") -> dict[str, Any]:
    return {"id": 4749, "contentType": content_type, "fileName": name, "fileData": base64.b64encode(data).decode()}


def by_get(query: bytes, purpose: Any = "inbound", **extra: Any) -> HttpResponse:
    return Client().generic("GET", webhook_path(purpose), QUERY_STRING=query.decode("latin-1"), **extra)


def by_post(
    body: bytes, purpose: Any = "inbound", content_type: str = "application/json", **extra: Any
) -> HttpResponse:
    return Client().post(webhook_path(purpose), body, content_type=content_type, **extra)

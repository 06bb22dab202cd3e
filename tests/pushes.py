"""What Front pushes, verbatim from the manual, and ways to push it."""

import base64
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from django_front_sms.signing import webhook_path

STATUS = b"status=4&origid=145099"  # §2.3

SMS = b"""{
  "id": 999999,
  "to": "26114",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": []
}"""  # §2.5.1

MMS = b"""{
  "id": 999999,
  "to": "+4759440000",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": [
    {
      "id": 4747,
      "contentType": "text/xml;Name=smil.xml;Charset=UTF-8",
      "fileName": "smil.xml",
      "fileData": "PD94bWwgdmVyc2lvcj0iMS4wIj48c21pbD48L3Nta..."
    },
    {
      "id": 4748,
      "contentType": "text/plain;Name=text_75329.txt;Charset=UTF-8",
      "fileName": "text_175329.txt",
      "fileData": "VGVzdCAxMjM="
    },
    {
      "id": 4749,
      "contentType": "image/jpeg;Name=image01.jpg",
      "fileName": "image01.jpg",
      "fileData": "w4PCv8ODwpjDg8K/w4PCoAAQSkZJRgABAQEASABIA..."
    }
  ]
}"""  # §2.5.1; it cuts the Base64 of the first and the last file short

# §2.5.2
QUERY = b"fromid=123450000&phonenr=004799999999&txt=Test%20%E6%F8%E5%20%C6%D8%C5&time=1077181484&countnr=157&code=TEST"

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 8
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 300


def sms(**fields: Any) -> bytes:
    """The manual's SMS with other values."""
    return json.dumps({**json.loads(SMS), **fields}).encode()


def file(data: bytes, content_type: str = "image/jpeg;Name=image01.jpg", name: str = "image01.jpg") -> dict[str, Any]:
    return {"id": 4749, "contentType": content_type, "fileName": name, "fileData": base64.b64encode(data).decode()}


def by_get(query: bytes, purpose: Any = "inbound", **extra: Any) -> HttpResponse:
    return Client().generic("GET", webhook_path(purpose), QUERY_STRING=query.decode("latin-1"), **extra)


def by_post(
    body: bytes, purpose: Any = "inbound", content_type: str = "application/json", **extra: Any
) -> HttpResponse:
    return Client().post(webhook_path(purpose), body, content_type=content_type, **extra)

"""Requests to the gateway of the fault tests: one message (§2.1.1, §2.1.2) or one text to many recipients (§2.4)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    sender: str
    recipient: str
    text: str
    tag: str  # the password field: message, attempt and time of the claim; see `judge.Tag`
    price: int = 0
    service: str = ""
    is_get: bool = False

    @classmethod
    def from_query(cls, target: str) -> Self:
        """§2.1.2: Latin-1, unless `encoding` says otherwise."""
        query = urlsplit(target).query
        encoding = "utf-8" if "encoding=utf" in query else "latin-1"
        fields = dict(parse_qsl(query, keep_blank_values=True, encoding=encoding))
        return cls.of(fields, is_get=True)

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        return cls.of(json.loads(body))

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, is_get: bool = False) -> Self:
        return cls(
            sender=fields["fromid"],
            recipient=fields["phoneno"],
            text=fields["txt"],
            tag=str(fields.get("password", "")),
            price=int(fields.get("price", 0)),
            service=str(fields["serviceid"]),
            is_get=is_get,
        )

    @property
    def all(self) -> "list[Request]":
        return [self]

    def encode(self, answer: dict[str, Any]) -> bytes:
        """Return the answer in the format of the request's API (§2.1.1, §2.1.2)."""
        if self.is_get:
            return f"ErrorCode={answer['errorcode']}, ID={answer['id']}".encode()
        return json.dumps(answer).encode()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.sender, self.recipient, self.text

    @property
    def digest(self) -> str:
        return hashlib.sha256("\0".join([*self.key, str(self.price)]).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One text to many recipients (§2.4). The password field has a tag for each recipient, in their order."""

    all: list[Request]

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        fields = json.loads(body)
        tags = str(fields.get("password", "")).split(",")
        return cls(
            [
                Request.of({**fields, "phoneno": recipient, "password": tag})
                for recipient, tag in zip(fields["phoneno"], tags, strict=True)
            ]
        )

    @property
    def digest(self) -> str:
        return self.all[0].digest

    def encode(self, answer: dict[str, Any]) -> bytes:
        lists = {"invalidPhoneno": answer.get("invalid", []), "duplicatePhoneno": answer.get("duplicates", [])}
        return json.dumps({"errorcode": answer["errorcode"], "description": answer["description"], **lists}).encode()

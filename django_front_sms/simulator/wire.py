"""Requests and answers of §2.1 and §2.4 as bytes.

Reading is written apart from `gateway.submit` and by purpose more lenient: a gateway has to name what is
wrong with a request, so every request must be readable first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

from django_front_sms.gateway.codes import ErrorCode

from .checks import ENCODINGS, Submission
from .records import Verdict
from .rules import Rules

_DESCRIPTIONS = {ErrorCode.OK: "OK", ErrorCode.INVALID_RECIPIENT: "Invalid mobile number"}  # §2.1.1, verbatim


def read_query(query: str) -> dict[str, object]:
    """Parameters of a GET, percent-decoded as its `encoding` says, else as Latin-1 (§2.1)."""
    plain = dict(parse_qsl(query, keep_blank_values=True, encoding="iso-8859-1"))
    encoding = ENCODINGS.get(plain.get("encoding", ""), "iso-8859-1")
    return dict(parse_qsl(query, keep_blank_values=True, encoding=encoding, errors="replace"))


def read_json(body: bytes) -> dict[str, object]:
    """Parameters of a POST; none at all where the body is no JSON object. `encoding` has no say here (§2.1)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if name != "encoding"}


def describe(code: ErrorCode) -> str:
    """The answer's description. The manual shows two; the others are ours."""
    return _DESCRIPTIONS.get(code, code.name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


def answer(submission: Submission, verdict: Verdict | None, rules: Rules, *, get: bool) -> Answer:
    """What a submission is answered; without a verdict, what stands where an answer should have been."""
    if verdict is None:
        return Answer(500, "text/html", b"<h1>Internal Server Error</h1>")
    accepted = verdict.code is ErrorCode.OK
    if submission.bulk:  # §2.4: 201 where it is accepted, and no other status promises it
        return Answer(201 if accepted else rules.refused_bulk_status, "application/json", answer_bulk(verdict))
    status = 200 if accepted else rules.refused_status
    if get:
        named = accepted or rules.refused_get_names_id
        return Answer(status, "text/plain; charset=utf-8", answer_text(verdict, with_id=named))
    return Answer(status, "application/json", answer_json(verdict))


def answer_text(verdict: Verdict, *, with_id: bool = True) -> bytes:
    """To a GET (§2.1.2). How a refusal looks is not documented: see `Rules.refused_get_names_id`."""
    return f"ErrorCode={int(verdict.code)}{f', ID={verdict.id}' * with_id}".encode()


def answer_json(verdict: Verdict) -> bytes:
    """To a POST (§2.1.1)."""
    return _dump({"id": verdict.id, "errorcode": int(verdict.code), "description": describe(verdict.code)})


def answer_bulk(verdict: Verdict) -> bytes:
    """To a bulk (§2.4), with the numbers as they were written."""
    return _dump({
        "errorcode": int(verdict.code),
        "description": describe(verdict.code),
        "invalidPhoneno": list(verdict.invalid),
        "duplicatePhoneno": list(verdict.duplicates),
    })  # fmt: skip


def _dump(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

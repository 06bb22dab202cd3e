"""Requests and answers of §2.1 and §2.4 as bytes.

Parsing is independent of `gateway.submit` and deliberately lenient: the gateway has to parse an invalid request in
order to name its error."""

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
    """Return the parameters of a GET, percent-decoded by its `encoding`, Latin-1 by default (§2.1)."""
    parameters = dict(parse_qsl(query, keep_blank_values=True, encoding="iso-8859-1"))
    encoding = ENCODINGS.get(parameters.get("encoding", ""), "iso-8859-1")
    return dict(parse_qsl(query, keep_blank_values=True, encoding=encoding, errors="replace"))


def read_json(body: bytes) -> dict[str, object]:
    """Return the parameters of a POST, none if the body is not a JSON object. `encoding` is ignored (§2.1)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if name != "encoding"}


def describe(code: ErrorCode) -> str:
    """Return the description of a code for an answer. The manual shows two; the others are ours."""
    return _DESCRIPTIONS.get(code, code.name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


def answer(submission: Submission, verdict: Verdict | None, rules: Rules, *, get: bool) -> Answer:
    """Return the answer to a submission; without a verdict, a server error."""
    if verdict is None:
        return Answer(500, "text/html", b"<h1>Internal Server Error</h1>")
    accepted = verdict.code is ErrorCode.OK
    if submission.bulk:  # §2.4: only 201 means that it was accepted
        return Answer(201 if accepted else rules.refused_bulk_status, "application/json", answer_bulk(verdict))
    status = 200 if accepted else rules.refused_status
    if get:
        named = accepted or rules.refused_get_names_id
        return Answer(status, "text/plain; charset=utf-8", answer_text(verdict, with_id=named))
    return Answer(status, "application/json", answer_json(verdict))


def answer_text(verdict: Verdict, *, with_id: bool = True) -> bytes:
    """Return the answer to a GET (§2.1.2). For the form of a refusal see `Rules.refused_get_names_id`."""
    return f"ErrorCode={int(verdict.code)}{f', ID={verdict.id}' * with_id}".encode()


def answer_json(verdict: Verdict) -> bytes:
    """Return the answer to a POST (§2.1.1)."""
    return _dump({"id": verdict.id, "errorcode": int(verdict.code), "description": describe(verdict.code)})


def answer_bulk(verdict: Verdict) -> bytes:
    """Return the answer to a bulk (§2.4), with the numbers as the customer wrote them."""
    return _dump({
        "errorcode": int(verdict.code),
        "description": describe(verdict.code),
        "invalidPhoneno": list(verdict.invalid),
        "duplicatePhoneno": list(verdict.duplicates),
    })  # fmt: skip


def _dump(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

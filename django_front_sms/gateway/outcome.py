"""The result of an exchange with the gateway.

Before the first byte is written, the gateway cannot have the message. Afterwards, only an answer in the documented
format (§2.1, §2.4) is certain; every other result is ambiguous.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.lenient import MAX_INT64
from django_front_sms.gateway.submit import (
    Answer,
    BulkAnswer,
    Malformed,
    decode_answer_json,
    decode_answer_text,
    decode_bulk_answer,
)

CREATED = 201

Form = TypeVar("Form")


class ResultKind(StrEnum):
    """What is certain about a message after an exchange."""

    NOT_SENT = "not_sent"  # no byte was written
    ANSWERED = "answered"  # a documented answer was received: acceptance or refusal
    AMBIGUOUS = "ambiguous"  # the gateway may or may not have the message


@dataclass(frozen=True, slots=True)
class ExchangeResult:
    """The result of an exchange.

    `answer` is set if and only if the kind is ANSWERED; `repr` leaves it out, because it can hold numbers. `detail` is
    a short reason for the other kinds and quotes nothing. `duration` is in seconds and includes waiting for a
    connection.
    """

    kind: ResultKind
    answer: Answer | BulkAnswer | None = field(default=None, repr=False)
    http_status: int | None = None
    detail: str = ""
    duration: float = 0.0


class NotSent(Exception):
    """Nothing was written to the connection."""


class Unclear(Exception):
    """The gateway may or may not have the message."""


def single_answer(status: int, body: bytes) -> Answer:
    """The answer to one message, in JSON or text. Raises Unclear."""
    is_json = body.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")
    answer = _readable(decode_answer_json if is_json else decode_answer_text, body)
    if answer.errorcode == ErrorCode.OK and not 0 < (answer.id or 0) <= MAX_INT64:
        raise Unclear("accepted, but without a usable id")
    return answer


def bulk_answer(status: int, body: bytes) -> BulkAnswer:
    """The answer to a bulk request (§2.4): 201 means accepted, any other status refused. Raises Unclear where the error
    code contradicts the status."""
    answer = _readable(decode_bulk_answer, body)
    if (answer.errorcode == ErrorCode.OK) != (status == CREATED):
        raise Unclear("the HTTP status and the error code contradict each other")
    return answer


def _readable(decode: Callable[[bytes], Form], body: bytes) -> Form:
    try:
        return decode(body)
    except Malformed:
        raise Unclear("the answer is not in a documented format") from None

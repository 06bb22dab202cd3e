"""A span of OpenTelemetry's for each exchange with the gateway, where a site has installed `opentelemetry-api`.

Nothing in a span names a person: no number, no text, no password, and no query, which has all of them with GET. And
whatever goes wrong with a span, the exchange goes on.
"""

import functools
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django_front_sms.conf import Account
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.outcome import ExchangeResult, Fate

try:
    from opentelemetry import trace
except ImportError:
    trace = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_SINGLE, _BULK = "push.php", "push_bulk.php"


def exchange(
    account: Account, make: Callable[[], ExchangeResult], *, message_id: int | None, messages: int = 1
) -> ExchangeResult:
    """Let `make` make an exchange, and give its outcome. `message_id` is the key of its message; None for bulk."""
    span = _begin(account, message_id, messages) if trace is not None else None
    if span is None:
        return make()
    with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        outcome = make()
    with suppress(Exception):
        _tell(span, outcome)
    with suppress(Exception):  # a processor of the site's own is called here, and may raise anything
        span.end()
    return outcome


@functools.lru_cache(maxsize=64)  # the same with every exchange
def _place(account: Account, is_bulk: bool) -> dict[str, str | int]:
    place = urlsplit(account.gateway_url)
    path = f"{place.path.rstrip('/')}/{_BULK if is_bulk else _SINGLE}"
    return {
        "front_sms.account": account.name,
        "front_sms.transport": "json" if is_bulk else account.transport,
        "server.address": place.hostname or "",
        "url.full": f"{place.scheme}://{place.netloc.rpartition('@')[2]}{path}",
    }


def _begin(account: Account, message_id: int | None, messages: int) -> Any:
    is_bulk = message_id is None
    try:
        told = {**_place(account, is_bulk), "front_sms.messages": messages}
        if message_id is not None:
            told["front_sms.message_id"] = message_id
        name = "front_sms.send_bulk" if is_bulk else "front_sms.send"
        return trace.get_tracer("django_front_sms").start_span(name, kind=trace.SpanKind.CLIENT, attributes=told)
    except Exception as error:  # of a sampler or a processor of the site's own; or the gateway's URL is none
        logger.warning("OpenTelemetry could not begin a span (%s). Sending goes on.", type(error).__name__)
        return None


def _tell(span: Any, outcome: ExchangeResult) -> None:
    code = None if outcome.answer is None else outcome.answer.errorcode
    told = {
        "front_sms.outcome": str(outcome.fate),
        "front_sms.error_code": code,
        "http.response.status_code": outcome.http_status,
    }
    span.set_attributes({key: value for key, value in told.items() if value is not None})
    if outcome.fate != Fate.ANSWERED or code != ErrorCode.OK:
        span.set_status(trace.StatusCode.ERROR)

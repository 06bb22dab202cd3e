"""An OpenTelemetry span for each exchange with the gateway, if `opentelemetry-api` is installed.

A span contains no number, text, password or query, because the query of a GET has all of them. Errors in tracing never
affect the exchange.
"""

import functools
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django_front_sms.conf import Account
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.outcome import ExchangeResult, ResultKind

try:
    from opentelemetry import trace
except ImportError:
    trace = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_SINGLE, _BULK = "push.php", "push_bulk.php"


def traced_exchange(
    account: Account, make: Callable[[], ExchangeResult], *, message_id: int | None, messages: int = 1
) -> ExchangeResult:
    """Call `make` within a span and return its result. `message_id` is the key of its message; None for bulk."""
    span = _begin(account, message_id, messages) if trace is not None else None
    if span is None:
        return make()
    with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        result = make()
    with suppress(Exception):
        _describe(span, result)
    with suppress(Exception):  # this calls the site's span processors, which may raise anything
        span.end()
    return result


@functools.lru_cache(maxsize=64)  # the same for every exchange
def _attributes(account: Account, is_bulk: bool) -> dict[str, str | int]:
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
        attributes = {**_attributes(account, is_bulk), "front_sms.messages": messages}
        if message_id is not None:
            attributes["front_sms.message_id"] = message_id
        name = "front_sms.send_bulk" if is_bulk else "front_sms.send"
        return trace.get_tracer("django_front_sms").start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
    except Exception as error:  # from the site's sampler or processor, or because GATEWAY_URL is not a URL
        logger.warning(
            "OpenTelemetry could not start a span (%s). The message was sent without one.", type(error).__name__
        )
        return None


def _describe(span: Any, result: ExchangeResult) -> None:
    code = None if result.answer is None else result.answer.errorcode
    attributes = {
        "front_sms.outcome": str(result.kind),
        "front_sms.error_code": code,
        "http.response.status_code": result.http_status,
    }
    span.set_attributes({key: value for key, value in attributes.items() if value is not None})
    if result.kind != ResultKind.ANSWERED or code != ErrorCode.OK:
        span.set_status(trace.StatusCode.ERROR)

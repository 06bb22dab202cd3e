"""The views that Front calls: delivery statuses (§2.3) and inbound messages (§2.5).

An authenticated push is never refused because of its content: after three failures Front stops the whole queue (§1.2).
Unauthenticated requests get an empty 404 or 403. Logs never contain a token, neither this module's nor Django's.
"""

import logging
from collections.abc import Callable
from functools import wraps
from io import BufferedIOBase, BytesIO
from typing import Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt

from django_front_sms import inbox
from django_front_sms.conf import get_settings
from django_front_sms.gateway.push import FALSE, TRUE, decode_inbound_json, decode_inbound_query, decode_status
from django_front_sms.inbox.refusals import note_refusal
from django_front_sms.redaction import redacted_view
from django_front_sms.signing import Address, Purpose, account_of, address_allowed, caller_address

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]

_FORM = "application/x-www-form-urlencoded"


class _Refused(Exception):
    """A request that is answered with `status`. `args` are the log message and its arguments."""

    def __init__(self, status: int, *args: object, level: Literal["warning", "error"] = "warning") -> None:
        super().__init__(*args)
        self.status = status
        self.level = level


def _public(view: View) -> View:
    """Exempt a view from login, CSRF and ATOMIC_REQUESTS, and return a response for every exception."""

    @csrf_exempt
    @login_not_required
    @redacted_view
    @wraps(view)
    def answering(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except _Refused as refusal:
            response = _answer(b"", refusal.status)
            # Django's own function marks the answer as logged; Django would log the path otherwise.
            log_response(*refusal.args, response=response, logger=logger, level=refusal.level)
        except Exception as error:
            response = _answer(FALSE, 503)
            problem = "A push could not be stored (%s). Front will try again."
            # The type of the error only: a database's message may quote the row.
            log_response(problem, type(error).__name__, response=response, logger=logger, level="error")
        if response.status_code == 405:
            response["Allow"] = "GET, POST"
        return response

    public: View = answering
    for alias in connections:
        public = transaction.non_atomic_requests(using=alias)(public)
    return public


@_public
def status(request: HttpRequest, token: str) -> HttpResponse:
    """Store a delivery status (§2.3), by GET or POST. Answers 200 `true` for any content."""
    account = _verify(request, token, "status")
    query = _query(request)
    content_type, body = _body(request, "status", account)
    push = decode_status(query, content_type, body)
    inbox.store_status(account, push, b"\n".join(part for part in (query, body) if part))
    return _answer(TRUE)


@_public
def inbound(request: HttpRequest, token: str) -> HttpResponse:
    """Store an inbound message once, by GET (§2.5.2) or as JSON by POST (§2.5.1). Answers 200 `true`."""
    account = _verify(request, token, "inbound")
    query = _query(request)
    _content_type, body = _body(request, "inbound", account)
    if request.method == "GET":
        short_code = get_settings().account(account).psk_short_code
        inbox.store_inbound(account, decode_inbound_query(query, short_code=short_code), query)
    else:
        inbox.store_inbound(account, decode_inbound_json(body), body or query)
    return _answer(TRUE)


@_public
def not_found(request: HttpRequest) -> HttpResponse:
    """Answer every other path below the include with 404. Django would log the path, and a token may be in it."""
    raise _Refused(
        404, "A URL below the webhooks that does not exist was called from %s.", _shown(caller_address(request))
    )


def _answer(body: bytes, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type="text/plain; charset=utf-8", headers=headers)


def _verify(request: HttpRequest, token: str, purpose: Purpose) -> str:
    """Return the account that the token belongs to. Refuses in the order token, address, method."""
    address = caller_address(request)
    account = account_of(token, purpose)
    if account is None:
        raise _Refused(404, "A webhook was called from %s with a wrong token.", _shown(address))
    if not address_allowed(address):
        raise _Refused(
            403,
            'A push for account "%s" came from %s, which is not in FRONT_SMS["WEBHOOK_ALLOWED_IPS"]; '
            "TRUSTED_PROXY_COUNT is %d. If the address is Front's, correct one of the two settings.",
            account,
            _shown(address),
            get_settings().trusted_proxy_count,
            level="error",
        )
    if request.method not in ("GET", "POST"):
        raise _Refused(405, "A webhook was called with method %s.", request.method)
    return account


def _shown(address: Address | None) -> str:
    return str(address) if address else "an unknown address"


def _query(request: HttpRequest) -> bytes:
    """Return the query as bytes."""
    scope = getattr(request, "scope", None)
    if scope is not None:  # ASGI
        query: str | bytes = scope.get("query_string", b"")
        return query if isinstance(query, bytes) else query.encode()
    return str(request.META.get("QUERY_STRING", "")).encode("latin-1", "replace")  # WSGI: bytes written as Latin-1


def _body(request: HttpRequest, purpose: Purpose, account: str) -> tuple[str, bytes]:
    """Return content type and body, of at most `MAX_INBOUND_BYTES`.

    The stream is read directly: `request.body` refuses an MMS larger than DATA_UPLOAD_MAX_MEMORY_SIZE.
    """
    if request.method == "GET":
        return "", b""
    limit = get_settings().max_inbound_bytes
    length = _length(request)
    if length is not None and length > limit:
        raise _too_large(purpose, account, limit, length)
    read_before = _read_by_middleware(request)
    if read_before is not None:
        return read_before
    body = _read(_stream(request, length), limit + 1 if length is None else length)
    if len(body) > limit:
        raise _too_large(purpose, account, limit, None)
    if length is not None and len(body) < length:
        raise _Refused(400, "A push was cut short: %d of %d bytes arrived. Front will try again.", len(body), length)
    return request.META.get("CONTENT_TYPE", ""), body


def _read_by_middleware(request: Any) -> tuple[str, bytes] | None:
    """Return the body that a middleware has read by `request.body` or `request.POST`; None where none has."""
    # Private: HttpRequest has no public way to tell whether its body was read, and reading it again raises an error.
    # `test_private_names` names the versions tried.
    if hasattr(request, "_body"):
        return request.META.get("CONTENT_TYPE", ""), request._body
    if hasattr(request, "_post") and request._read_started:  # a multipart form: only its fields are left
        return _FORM, request.POST.urlencode().encode()
    return None


def _length(request: HttpRequest) -> int | None:
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise _Refused(400, "A push had a Content-Length that was not a number.")
    return int((text.lstrip("0") or "0")[:18])  # Python refuses to convert thousands of digits


def _stream(request: HttpRequest, length: int | None) -> "HttpRequest | BufferedIOBase":
    environ = getattr(request, "environ", None)
    if length is not None or environ is None:  # under ASGI, Django has received the whole body
        return request
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"]  # type: ignore[no-any-return]
    if environ.get("QUERY_STRING") and not environ.get("HTTP_TRANSFER_ENCODING"):
        return BytesIO()  # everything is in the query, and there is no body
    raise _Refused(411, "A push had no Content-Length, and the server does not support chunked requests.")


def _read(stream: "HttpRequest | BufferedIOBase", size: int) -> bytes:
    chunks = []
    try:
        while size and (chunk := stream.read(size)):
            chunks.append(bytes(chunk))
            size -= len(chunk)
    except Exception as error:  # each server has exceptions of its own for broken connections and wrong chunks
        problem = "The body of a push could not be read (%s); Front will try again."
        raise _Refused(400, problem, type(error).__name__) from None
    return b"".join(chunks)


def _too_large(purpose: Purpose, account: str, limit: int, length: int | None) -> _Refused:
    note_refusal(account, purpose, size=length, limit=limit)
    return _Refused(
        413,
        'A push for account "%s" is larger than FRONT_SMS["MAX_INBOUND_BYTES"] (%d bytes). Raise the setting, then '
        "restart the queue with the link in Front's notice: nothing is lost.",
        account,
        limit,
        level="error",
    )

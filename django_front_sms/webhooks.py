"""Where Front pushes to: delivery statuses (§2.3) and inbound messages (§2.5).

Whoever proves to be Front is never refused for what he brings: after three failures Front stops the whole queue (§1.2).
Who does not is told nothing. No log of ours, and none of Django's about these answers, holds a token.
"""

import logging
from collections.abc import Callable
from functools import wraps
from io import BufferedIOBase, BytesIO
from typing import Literal

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt

from django_front_sms import inbox
from django_front_sms.conf import get_settings
from django_front_sms.gateway.push import FALSE, TRUE, decode_inbound_json, decode_inbound_query, decode_status
from django_front_sms.models import RefusedPush
from django_front_sms.signing import Address, Purpose, account_of, address_allowed, caller_address

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest, str], HttpResponse]


class _Refused(Exception):
    """A request that is answered with `status`; `args` are a message for the log and what goes into it."""

    def __init__(self, status: int, *args: object, level: Literal["warning", "error"] = "warning") -> None:
        super().__init__(*args)
        self.status = status
        self.level = level


def _public(view: View) -> View:
    """For everybody to call, whatever the site's middleware and ATOMIC_REQUESTS; answers every exception itself."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answering(request: HttpRequest, token: str) -> HttpResponse:
        try:
            response = view(request, token)
        except _Refused as refusal:
            response = _answer(b"", refusal.status)
            # Through Django's own function: it marks the answer as logged, and Django would log the path.
            log_response(*refusal.args, response=response, logger=logger, level=refusal.level)
        except Exception as error:
            response = _answer(FALSE, 503)
            problem = "A push could not be stored (%s); Front was told to try again."
            # The kind of error alone: a database's own words can quote the row.
            log_response(problem, type(error).__name__, response=response, logger=logger, level="error")
        if response.status_code == 405:
            response["Allow"] = "GET, POST"
        return response

    for alias in connections:
        answering = transaction.non_atomic_requests(using=alias)(answering)
    return answering


@_public
def status(request: HttpRequest, token: str) -> HttpResponse:
    """A delivery status (§2.3), by GET or POST: 200 `true`, whatever it says."""
    account = _verify(request, token, "status")
    query, body = _query(request), _body(request, "status", account)
    push = decode_status(query, request.META.get("CONTENT_TYPE", ""), body)
    inbox.store_status(account, push, b"\n".join(part for part in (query, body) if part))
    return _answer(TRUE)


@_public
def inbound(request: HttpRequest, token: str) -> HttpResponse:
    """An inbound message, by GET (§2.5.2) or as JSON by POST (§2.5.1): 200 `true`, stored once."""
    account = _verify(request, token, "inbound")
    query, body = _query(request), _body(request, "inbound", account)
    if request.method == "GET":
        short_code = get_settings().account(account).psk_short_code
        inbox.store_inbound(account, decode_inbound_query(query, short_code=short_code), query)
    else:
        inbox.store_inbound(account, decode_inbound_json(body), body or query)
    return _answer(TRUE)


def _answer(body: bytes, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type="text/plain; charset=utf-8", headers=headers)


def _verify(request: HttpRequest, token: str, purpose: Purpose) -> str:
    """The account that the token is for; refuses in the order token, address, method."""
    address = caller_address(request)
    account = account_of(token, purpose)
    if account is None:
        raise _Refused(404, "A webhook was called from %s with a token that opens nothing here.", _told(address))
    if not address_allowed(address):
        raise _Refused(
            403,
            'A push for account "%s" came from %s, which FRONT_SMS["WEBHOOK_ALLOWED_IPS"] does not name; '
            "TRUSTED_PROXY_COUNT is %d. If it is Front's, correct the one or the other.",
            account,
            _told(address),
            get_settings().trusted_proxy_count,
            level="error",
        )
    if request.method not in ("GET", "POST"):
        raise _Refused(405, "A webhook was called with method %s.", request.method)
    return account


def _told(address: Address | None) -> str:
    return str(address) if address else "an address that cannot be told"


def _query(request: HttpRequest) -> bytes:
    """The query, byte for byte."""
    scope = getattr(request, "scope", None)
    if scope is not None:  # ASGI
        query: str | bytes = scope.get("query_string", b"")
        return query if isinstance(query, bytes) else query.encode()
    return str(request.META.get("QUERY_STRING", "")).encode("latin-1", "replace")  # WSGI: bytes written as Latin-1


def _body(request: HttpRequest, purpose: Purpose, account: str) -> bytes:
    """The body, at most `MAX_INBOUND_BYTES`. Not `request.body`: an MMS is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""
    if request.method == "GET":
        return b""
    limit = get_settings().max_inbound_bytes
    length = _length(request)
    if length is not None and length > limit:
        raise _too_large(purpose, account, limit, length)
    try:
        body = _read(_stream(request, length), limit + 1 if length is None else length)
    except OSError:
        raise _Refused(400, "The connection broke while a push was read; Front will try again.") from None
    if len(body) > limit:
        raise _too_large(purpose, account, limit, None)
    if length is not None and len(body) < length:
        raise _Refused(400, "A push was cut short: %d of %d bytes came. Front will try again.", len(body), length)
    return body


def _length(request: HttpRequest) -> int | None:
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise _Refused(400, "A push came with a Content-Length that is no number.")
    return int((text.lstrip("0") or "0")[:18])  # Python refuses to read thousands of digits; 18 are too many anyway


def _stream(request: HttpRequest, length: int | None) -> "HttpRequest | BufferedIOBase":
    environ = getattr(request, "environ", None)
    if length is not None or environ is None:  # under ASGI, Django has received all of it
        return request
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"]  # type: ignore[no-any-return]
    if environ.get("QUERY_STRING") and not environ.get("HTTP_TRANSFER_ENCODING"):
        return BytesIO()  # all is in the query, and there is no body
    raise _Refused(411, "A push came without Content-Length, and this server does not read chunked requests.")


def _read(stream: "HttpRequest | BufferedIOBase", size: int) -> bytes:
    chunks = []
    while size and (chunk := stream.read(size)):
        chunks.append(bytes(chunk))
        size -= len(chunk)
    return b"".join(chunks)


def _too_large(purpose: Purpose, account: str, limit: int, length: int | None) -> _Refused:
    try:
        RefusedPush.objects.create(account=account, purpose=purpose, size=length, limit=limit)
    except DatabaseError as error:
        logger.error("The note of a push that was too large could not be stored (%s).", type(error).__name__)
    return _Refused(
        413,
        'A push for account "%s" is larger than FRONT_SMS["MAX_INBOUND_BYTES"] (%d bytes). Raise that, then restart '
        "the queue by the link in Front's notice: nothing is lost.",
        account,
        limit,
        level="error",
    )

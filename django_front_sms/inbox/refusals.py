"""Rows for staff about authenticated pushes that were refused, by this app's limit or before its view was called."""

import logging
import re
from typing import Any

from django.db import Error as DatabaseError
from django.urls import NoReverseMatch

from django_front_sms.models import RefusedPush
from django_front_sms.signing import Purpose, account_of, address_allowed, caller_address, webhook_path

logger = logging.getLogger(__name__)


def note_refusal(
    account: str, purpose: Purpose, *, size: int | None = None, limit: int | None = None, reason: str = ""
) -> None:
    """Store a `RefusedPush`. `reason` is the name of Django's exception; empty for a body over `limit`, in bytes."""
    try:
        RefusedPush.objects.create(account=account, purpose=purpose, size=size, limit=limit, reason=reason)
    except DatabaseError as error:
        logger.error("The note about a refused push could not be stored (%s).", type(error).__name__)


class DjangoRefusals(logging.Handler):
    """Stores authenticated pushes that Django or a middleware refused before the view was called.

    Examples: a middleware reads `request.body` of an MMS beyond DATA_UPLOAD_MAX_MEMORY_SIZE; the Host header is not in
    ALLOWED_HOSTS. Django's log record, which has the request, is the only record of such a refusal.
    """

    def emit(self, record: logging.LogRecord) -> None:
        request = getattr(record, "request", None)
        if request is None or getattr(record, "status_code", 0) < 400:
            return
        for purpose in ("status", "inbound"):
            account = _called_account(request, purpose)
            if account is None:
                continue
            reason = _reason(record)
            note_refusal(account, purpose, size=_size(request), reason=reason)
            logger.error(
                'Django refused a push for account "%s" before it reached its view (%s). '
                "See the how-to guide for deployment, then restart the queue with the link in Front's notice.",
                account,
                reason,
            )


def install(**_signal: Any) -> None:
    """Add a `DjangoRefusals` handler to each of Django's loggers for such records that does not have one.

    Called at the beginning of each request, because configuring logging again removes it: `runserver` calls
    `django.setup()` twice, and so does a site whose wsgi.py sets Django up before it calls `get_wsgi_application()`.
    """
    for name in ("django.security", "django.request"):
        log = logging.getLogger(name)
        if not any(isinstance(handler, DjangoRefusals) for handler in log.handlers):
            log.addHandler(DjangoRefusals())


def _reason(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[0]:
        return record.exc_info[0].__name__[:50]
    return f"HTTP {record.status_code}"  # type: ignore[attr-defined]


def _called_account(request: Any, purpose: Purpose) -> str | None:
    """Return the account whose webhook for `purpose` the request calls, from an allowed address."""
    path, _slash, last = request.path_info.rstrip("/").rpartition("/")
    if last != purpose or not address_allowed(caller_address(request)):
        return None
    token = path.rpartition("/")[2]
    account = account_of(token, purpose)
    try:
        prefix = webhook_path(purpose, account).split(token)[0] if account else ""
    except NoReverseMatch:
        return None
    return account if account and request.path.startswith(prefix) else None


def _size(request: Any) -> int | None:
    length = re.fullmatch(r"[0-9]{1,18}", request.META.get("CONTENT_LENGTH") or "")
    return int(length[0]) if length else None

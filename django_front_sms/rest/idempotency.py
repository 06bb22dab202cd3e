"""The header `Idempotency-Key`: the same key never sends twice."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.rest.exceptions import InvalidHeader
from django_front_sms.rest.permissions import author
from django_front_sms.sending.validation import LONGEST_KEY

HEADER = "Idempotency-Key"


def key_from_header(request: Request) -> str | None:
    """The header's key; None without one. Raises `InvalidHeader`."""
    key = request.headers.get(HEADER)
    if not key:
        return None
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise invalid_header(_("A key has at most 200 characters, all printable ASCII. Use a digest of yours."))
    return key


def with_header_key(request: Request, options: dict[str, Any]) -> dict[str, Any]:
    """`options` with the header's key as `idempotency_key`. Raises `InvalidHeader` if they hold another one."""
    key = key_from_header(request)
    if key is None:
        return options
    if options.get("idempotency_key") not in (None, key):
        raise invalid_header(_("The body has a different idempotency_key. Send only one of them."))
    return {**options, "idempotency_key": key}


def invalid_header(text: str) -> InvalidHeader:
    return InvalidHeader({HEADER: [ErrorDetail(text, "invalid")]})


def check_may_view(request: Request, row: OutboundMessage | BulkSend, index: int | None = None) -> None:
    """Raise `InvalidMessage` if `row` is another user's, found by its key, and this user may not view such rows.

    The code is that of another payload, so that a guessed key and payload confirm nothing. Nobody may view the text of
    a sensitive message, so only the user who sent it can repeat its key.
    """
    user = author(request)
    own = row.created_by_id == (user.pk if user else None)
    is_sensitive = isinstance(row, OutboundMessage) and row.sensitive
    may_view = not is_sensitive and request.user.has_perm(f"front_sms.view_{row._meta.model_name}")
    if row.idempotency_key and not own and not may_view:
        text = _(
            "This idempotency key belongs to another message (number, sender, text or price differ). Use a new key."
        )
        raise InvalidMessage(text, "idempotency_mismatch", index=index)

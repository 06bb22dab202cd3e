"""Why an attempt has no clear answer, in the active language. What `gateway` and `outbox` store is in English."""

from django.utils.translation import gettext, gettext_noop

from django_front_sms.models import SendAttempt

REASONS = frozenset(
    {
        gettext_noop("accepted, but without a usable id"),
        gettext_noop("Front left out a number that is not clearly one of the recipients"),
        gettext_noop("no complete answer"),
        gettext_noop("no complete answer in time"),
        gettext_noop("no connection"),
        gettext_noop("no connection became free in time"),
        gettext_noop("no connection in time"),
        gettext_noop("no gateway client could be made"),
        gettext_noop("not sent: may_write returned False"),
        gettext_noop("the answer could not be stored"),
        gettext_noop("the answer is longer than its length says"),
        gettext_noop("the answer is not in a documented format"),
        gettext_noop("the answer is too large"),
        gettext_noop("the answer's length is unreadable"),
        gettext_noop("the gateway client failed"),
        gettext_noop("the gateway's certificate was refused"),
        gettext_noop("the gateway's name was not found"),
        gettext_noop("the HTTP status and the error code contradict each other"),
        gettext_noop("there was no memory for the answer"),
        gettext_noop("TLS failed"),
    }
)


def reason(attempt: SendAttempt) -> str:
    """The HTTP status and the stored reason, such as `HTTP 502` or `no connection: Connection refused`."""
    status = f"HTTP {attempt.http_status}" if attempt.http_status else ""
    detail = "" if attempt.detail == status else attempt.detail
    known = detail if detail in REASONS else detail.partition(": ")[0]
    if known in REASONS:
        detail = gettext(known) + detail[len(known) :]
    return ": ".join(filter(None, [status, detail]))

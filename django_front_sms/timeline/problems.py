"""Stored reasons and problems in the active language: `gateway`, `inbox` and `outbox` store them in English."""

import re

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

# Problems of pushes. Placeholders stand for names of fields and for numbers.
_PROBLEMS = (
    gettext_noop("%(name)s is missing"),
    gettext_noop("%(name)s is not a whole number"),
    gettext_noop("%(name)s is beyond 64 bits"),
    gettext_noop("%(name)s is a number instead of a text"),
    gettext_noop("%(name)s is not a text"),
    gettext_noop("%(name)s has characters that cannot be stored"),
    gettext_noop("%(name)s has no time zone, it was taken as UTC"),
    gettext_noop("%(name)s is not a time"),
    gettext_noop("%(name)s is not a plausible time"),
    gettext_noop("%(name)s is given more than once, the last was taken"),
    gettext_noop("%(name)s was cut to %(limit)s characters"),
    gettext_noop("a field is given more than once, the last was taken"),
    gettext_noop("fileData is not Base64"),
    gettext_noop("files is not a list"),
    gettext_noop("Front reported both 4 and 5."),
    gettext_noop("is not an object"),
    gettext_noop("No message with this id is known."),
    gettext_noop("only the first %(part)s of %(whole)s bytes could be stored (max_allowed_packet)"),
    gettext_noop("possibly the same as #%(key)s: only the counter is another"),
    gettext_noop("the Base64 of fileData was repaired"),
    gettext_noop("the database cannot store some characters"),
    gettext_noop("the JSON cannot be read"),
    gettext_noop("the JSON is not an object"),
    gettext_noop("the JSON is not UTF-8, it was read as Latin-1"),
    gettext_noop("the JSON is not wholly UTF-8"),
    gettext_noop("the JSON is too large, it was not read"),
    gettext_noop("the text was cut to the length that the database accepts"),
    gettext_noop("there are more than %(limit)s files, the others were not read"),
    gettext_noop("there are more than %(limit)s parameters, the others were not read"),
    gettext_noop("this came before with other content, as #%(key)s"),
)
_PATTERNS = [(re.compile(re.sub(r"%\\?\((\w+)\\?\)s", r"(?P<\1>\\w+)", re.escape(each))), each) for each in _PROBLEMS]
_OF_FILE = re.compile(r"file (\d+): (.+)")


def problem(stored: str) -> str:
    """The stored problems of a push, joined by semicolons, in the active language. Unknown ones stay as they are."""
    return "; ".join(_of_file(each) for each in stored.split("; "))


def _of_file(stored: str) -> str:
    if not (found := _OF_FILE.fullmatch(stored)):
        return _phrase(stored)
    problems = ", ".join(_phrase(each) for each in found[2].split(", "))
    return gettext("file %(number)s: %(problems)s") % {"number": found[1], "problems": problems}


def _phrase(stored: str) -> str:
    for pattern, message in _PATTERNS:
        if found := pattern.fullmatch(stored):
            return gettext(message) % found.groupdict() if found.groupdict() else gettext(message)
    return stored


def reason(attempt: SendAttempt) -> str:
    """Why there was no answer of Front's, in the active language; empty if the stored reason is not one of ours."""
    known = _known(attempt.detail)
    return gettext(known) if known else ""


def reason_in_full(attempt: SendAttempt) -> str:
    """The HTTP status and the stored reason, such as `HTTP 502` or `no connection: ConnectionRefusedError`; empty
    where `reason` already says all of it, and for answers of Front's."""
    if attempt.outcome == SendAttempt.Outcome.ANSWERED:
        return ""
    status = f"HTTP {attempt.http_status}" if attempt.http_status else ""
    detail = "" if attempt.detail == status else attempt.detail
    known = _known(detail)
    if known == detail and not status:
        return ""
    return ": ".join(filter(None, [status, gettext(known) + detail[len(known) :] if known else detail]))


def _known(detail: str) -> str:
    """The phrase of `REASONS` that a stored reason is or begins with."""
    return next((phrase for phrase in (detail, detail.partition(": ")[0]) if phrase in REASONS), "")

"""Each value of `FRONT_SMS` by itself: whether it is present, and of the right kind."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, register
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from django_front_sms.checks import messages
from django_front_sms.conf import Account, FrontSMSSettings, account_keys
from django_front_sms.gateway import gsm, numbers
from django_front_sms.models import OutboundMessage
from django_front_sms.quiet_hours import QuietHours

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_LONGEST_NAME = OutboundMessage._meta.get_field("account").max_length or 0
# Beyond these, as with float("inf") hours, datetime arithmetic overflows, and every sweep would fail.
_MOST, _MOST_DAYS = 1_000_000, 36_500

Kind = tuple[Callable[[Any], bool], "_StrPromise"]
Choices = tuple[object, ...]


def _optional(kind: Kind) -> Kind:
    accepts, wanted = kind
    return (lambda value: value is None or accepts(value)), format_lazy(_("{wanted}, or None"), wanted=wanted)


def is_number(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_quiet_hours(value: object) -> bool:
    if not isinstance(value, list | tuple):
        return False
    try:
        QuietHours.parse(value)
    except ValueError:
        return False
    return True


def _are_strings(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


TEXT: Kind = (lambda value: isinstance(value, str), _("a text"))
TEXTS: Kind = (_are_strings, _("a list of texts"))
POSITIVE: Kind = (lambda value: is_number(value) and 0 < value <= _MOST, _("a number above 0, at most a million"))
NOT_NEGATIVE: Kind = (lambda value: is_number(value) and 0 <= value <= _MOST, _("a number from 0 to a million"))
COUNT: Kind = (lambda value: _is_whole(value) and value > 0, _("a whole number above 0"))
DAYS: Kind = (lambda value: _is_whole(value) and 0 < value <= _MOST_DAYS, _("a whole number from 1 to 36500"))
COUNT_OR_ZERO: Kind = (lambda value: _is_whole(value) and value >= 0, _("a whole number from 0 up"))
DIGITS: Kind = (
    lambda value: isinstance(value, str) and value.isascii() and value.isdigit(),
    _("digits in quotes"),
)
CHARACTER: Kind = (
    lambda value: isinstance(value, str) and len(value) <= 1 and gsm.is_gsm(value),
    _("one character of the GSM alphabet, or none"),
)
REGION: Kind = (
    lambda value: isinstance(value, str) and value.upper() in phonenumbers.SUPPORTED_REGIONS,
    _('a country code like "NO"'),
)
REGIONS: Kind = (
    lambda value: _are_strings(value) and phonenumbers.SUPPORTED_REGIONS.issuperset(v.upper() for v in value),
    _('a list of country codes like "NO"'),
)
TIMES: Kind = (_are_quiet_hours, _('two different times, like ("21:00", "08:00")'))
MAPPING: Kind = (lambda value: isinstance(value, Mapping), _("a dict"))

OF_SITE: dict[str, Kind | Choices] = {
    "DEFAULT_REGION": REGION,
    "ALLOWED_REGIONS": _optional(REGIONS),
    "DUPLICATE_WINDOW": POSITIVE,
    "WINDOW_MARGIN": NOT_NEGATIVE,
    "ON_DUPLICATE": ("defer", "coalesce", "reject"),
    "ON_UNCONFIRMED": ("hold", "resend"),
    "TIMEOUT": POSITIVE,
    "MAX_TEXT_LENGTH": COUNT,
    "REPLACEMENT": CHARACTER,
    "PRICE_PER_SEGMENT": _optional(NOT_NEGATIVE),
    "OPT_OUT_WORDS": TEXTS,
    "OPT_IN_WORDS": TEXTS,
    "HOURS_WITHOUT_STATUS": POSITIVE,
    "WEBHOOK_SECRETS": _optional(TEXTS),
    "WEBHOOK_ALLOWED_IPS": _optional(TEXTS),
    "TRUSTED_PROXY_COUNT": COUNT_OR_ZERO,
    "MAX_INBOUND_BYTES": COUNT,
    "MMS_STORAGE": TEXT,
    "RECEIVER_ATTEMPTS": COUNT,
    "RECEIVER_RETRY_DELAY": NOT_NEGATIVE,
    "RECIPIENT_OVERRIDE": _optional(TEXT),
    "RETENTION_DAYS": _optional(DAYS),
    "RATE_LIMITS": MAPPING,
    "ALERTS": _optional(MAPPING),
    "CONTACTS": _optional(TEXT),
    "ACCOUNT_ACCESS": _optional(TEXT),
    "WORKER": ("celery", "tasks", "command"),
    "CLIENT": TEXT,
}
OF_ACCOUNT: dict[str, Kind | Choices] = {
    "PASSWORD": _optional(TEXT),
    "SENDER": TEXT,
    "GATEWAY_URL": TEXT,
    "TRANSPORT": ("json", "get"),
    "DUPLICATE_FILTER": (True, False, None),
    "PSK_SHORT_CODE": DIGITS,
    "MAX_PER_SECOND": _optional(POSITIVE),
    "QUIET_HOURS": _optional(TIMES),
}
_SECRET = {"PASSWORD", "WEBHOOK_SECRETS"}
_ACCOUNTS = 'FRONT_SMS["ACCOUNTS"]'


def raw() -> Mapping[str, Any]:
    """`FRONT_SMS` unchecked; empty where it is not a dict."""
    value = getattr(django_settings, "FRONT_SMS", {})
    return value if isinstance(value, Mapping) else {}


def raw_accounts() -> dict[str, Mapping[str, Any]]:
    """The accounts that are dicts, unchecked, by name."""
    accounts = raw().get("ACCOUNTS")
    return {str(n): a for n, a in accounts.items() if isinstance(a, Mapping)} if isinstance(accounts, Mapping) else {}


def place(account: str) -> str:
    return f'{_ACCOUNTS}["{account}"]'


def effective(key: str) -> Any:
    """The value of a site-wide key, or its default if it is missing or of the wrong type, which another check reports.

    Not for keys whose default is created by a factory."""
    default = next(f.default for f in fields(FrontSMSSettings) if f.name == key.lower())
    value = raw().get(key, default)
    return value if _fits(OF_SITE[key], value) else default


def _fits(wanted: Kind | Choices, value: object) -> bool:
    if callable(wanted[0]):
        return bool(wanted[0](value))
    return any(value is choice or (isinstance(choice, str) and value == choice) for choice in wanted)


@register(messages.TAG)
def check_values(**kwargs: Any) -> list[CheckMessage]:
    whole = getattr(django_settings, "FRONT_SMS", {})
    if not isinstance(whole, Mapping):
        return [messages.NOT_A_DICT.as_message(where="FRONT_SMS")]
    known = {f.name.upper() for f in fields(FrontSMSSettings)}
    if flat := account_keys(whole):
        return [messages.FLAT.as_message(keys=", ".join(flat))]
    found = [*_unknown_keys("FRONT_SMS", whole, known), *_wrong_values("FRONT_SMS", whole, OF_SITE)]
    accounts = whole.get("ACCOUNTS")
    if not accounts:
        return [messages.NO_ACCOUNT.as_message(), *found]
    if not isinstance(accounts, Mapping):
        return [messages.NOT_A_DICT.as_message(where=_ACCOUNTS), *found]
    for name, account in accounts.items():
        found += _check_account(name, account)
    return found


def _check_account(name: object, account: object) -> Iterator[CheckMessage]:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        wanted = _("a text of at most %(length)d characters") % {"length": _LONGEST_NAME}
        yield messages.WRONG_KIND.as_message(
            where=_("A name in %s") % _ACCOUNTS, value=reprlib.repr(name), wanted=wanted
        )
    where = place(str(name))
    if not isinstance(account, Mapping):
        yield messages.NOT_A_DICT.as_message(where=where)
        return
    known = {f.name.upper() for f in fields(Account)} - {"NAME"}
    yield from _unknown_keys(where, account, known)
    yield from _wrong_values(where, account, OF_ACCOUNT)
    service_id = account.get("SERVICE_ID")
    if not COUNT[0](service_id):
        yield messages.SERVICE_ID.as_message(where=where)
    yield from _check_sender(where, account.get("SENDER"))
    yield from _check_gateway(where, account.get("GATEWAY_URL"))


def _check_sender(where: str, sender: object) -> Iterator[CheckMessage]:
    if sender is None or sender == "":
        yield messages.NO_SENDER.as_message(where=where)
    elif isinstance(sender, str):
        try:
            numbers.check_sender(sender)
        except numbers.NumberError as error:
            yield messages.SENDER.as_message(where=where, reason=error)


def _check_gateway(where: str, url: object) -> Iterator[CheckMessage]:
    if not isinstance(url, str):
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None or parts.path.endswith(".php"):
        yield messages.GATEWAY_URL.as_message(where=where, value=reprlib.repr(url.rpartition("@")[2]))


def _unknown_keys(where: str, given: Mapping[Any, Any], known: set[str]) -> Iterator[CheckMessage]:
    for key in given:
        if key not in known:
            yield messages.UNKNOWN_KEY.as_message(where=where, key=key)


def _wrong_values(where: str, given: Mapping[Any, Any], wanted: Mapping[str, Kind | Choices]) -> Iterator[CheckMessage]:
    for key, kind in wanted.items():
        if key not in given or _fits(kind, given[key]):
            continue
        value = _("of another kind") if key in _SECRET else reprlib.repr(given[key])
        at = f'{where}["{key}"]'
        if callable(kind[0]):
            yield messages.WRONG_KIND.as_message(where=at, value=value, wanted=kind[1])
        else:
            yield messages.CHOICE.as_message(where=at, value=value, choices=", ".join(map(repr, kind)))

"""`FRONT_SMS`, typed, with its defaults. It is read at each use, so that `override_settings` works.

This module checks only whether values are usable; `checks` reports all other errors at start-up.
"""

import copy
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, Self

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from django_front_sms.db.digest import digest
from django_front_sms.exceptions import UnknownAccount
from django_front_sms.gateway.numbers import PSK_SHORT_CODE

FRONT_ADDRESSES = ("18.197.36.176", "18.197.110.183", "18.197.138.46")  # §2.5


_MOST_MINUTES = 7 * 24 * 60
_RATE = re.compile(r"([1-9][0-9]{0,8})(s?)/([smhd])")
_PERIODS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_IN_WORDS = {
    (_PERIODS["s"], False): _("%(count)d per second"),
    (_PERIODS["m"], False): _("%(count)d per minute"),
    (_PERIODS["h"], False): _("%(count)d per hour"),
    (_PERIODS["d"], False): _("%(count)d per day"),
    (_PERIODS["s"], True): _("%(count)d SMS per second"),
    (_PERIODS["m"], True): _("%(count)d SMS per minute"),
    (_PERIODS["h"], True): _("%(count)d SMS per hour"),
    (_PERIODS["d"], True): _("%(count)d SMS per day"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A value of `RATE_LIMITS`: at most `count` messages in any `period`, or segments where `counts_segments`."""

    count: int
    period: timedelta
    counts_segments: bool = False

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse a limit such as "5/h" or "500s/d": a count of messages or segments, and s, m, h or d.

        Raises `ValueError`.
        """
        form = _RATE.fullmatch(written)
        if form is None:
            raise ValueError(
                f'{written!r} is not a rate limit. Write a count and a period such as "5/h" (s, m, h or d); "500s/d" '
                "counts segments."
            )
        return cls(int(form[1]), _PERIODS[form[3]], form[2] == "s")

    def in_words(self) -> str:
        """The limit as people read it, in the active language."""
        return _IN_WORDS[self.period, self.counts_segments] % {"count": self.count}


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """`ALERTS`: who is mailed about alerts ("managers", "admins" or addresses), and after how long."""

    to: Literal["managers", "admins"] | tuple[str, ...]
    after: timedelta

    @classmethod
    def parse(cls, written: Mapping[str, Any]) -> Self:
        """Parse `{"TO": "managers", "AFTER": 15}`, AFTER in minutes. Raises `ValueError` with the reason."""
        unknown = [str(key) for key in written if key not in ("TO", "AFTER")]
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(unknown)}")
        after = written.get("AFTER", 15)
        if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after <= _MOST_MINUTES:
            raise ValueError("AFTER must be a number of minutes, at most a week of them")
        return cls(cls._to(written.get("TO")), timedelta(minutes=after))

    @staticmethod
    def _to(written: Any) -> Any:
        if written in ("managers", "admins"):
            return written
        if isinstance(written, list | tuple) and written and all(isinstance(w, str) and "@" in w for w in written):
            return tuple(written)
        raise ValueError('TO must be "managers", "admins" or a list of addresses')


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One gateway account at Front. `repr` shows no password."""

    name: str
    service_id: int
    password: str | None = field(default=None, repr=False)
    sender: str = ""
    gateway_url: str = "https://www.pling.as/psk/"
    transport: Literal["json", "get"] = "json"
    duplicate_filter: bool | None = None
    psk_short_code: str = PSK_SHORT_CODE
    max_per_second: float | None = None
    quiet_hours: tuple[str, ...] | None = None

    @property
    def gateway(self) -> str:
        """The gateway in locks and twin keys: a digest of address and service id, not of the account's name."""
        return _digest_of_gateway(self.gateway_url, self.service_id)


@functools.lru_cache(maxsize=64)  # needed for every message
def _digest_of_gateway(url: str, service_id: int) -> str:
    return digest(url.rstrip("/").lower(), service_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontSMSSettings:
    """`FRONT_SMS`; the field names are its keys in lower case. Times are in seconds."""

    accounts: Mapping[str, Account]
    default_region: str = "NO"
    allowed_regions: list[str] | None = None
    duplicate_window: float = 120
    window_margin: float = 15
    on_duplicate: Literal["defer", "coalesce", "reject"] = "defer"
    on_unconfirmed: Literal["hold", "resend"] = "hold"
    timeout: float = 10
    max_text_length: int = 1024
    replacement: str = "?"
    price_per_segment: Decimal | None = None
    opt_out_words: list[str] = field(default_factory=lambda: ["STOP", "STOPP", "AVMELD"])
    opt_in_words: list[str] = field(default_factory=lambda: ["START"])
    hours_without_status: float = 24
    webhook_secrets: list[str] | None = field(default=None, repr=False)
    webhook_allowed_ips: list[str] | tuple[str, ...] | None = FRONT_ADDRESSES
    trusted_proxy_count: int = 0
    max_inbound_bytes: int = 26_214_400
    mms_storage: str = "default"
    receiver_attempts: int = 5
    receiver_retry_delay: float = 10
    recipient_override: str | None = None
    retention_days: int | None = None
    rate_limits: Mapping[str, str] = field(default_factory=dict)
    alerts: AlertSettings | None = None
    contacts: str | None = None
    account_access: str | None = None
    worker: Literal["celery", "tasks", "command"] = "celery"
    client: str = "django_front_sms.gateway.client.Client"

    def account(self, name: str) -> Account:
        """The account of that name; raises `UnknownAccount`."""
        try:
            return self.accounts[name]
        except KeyError:
            known = ", ".join(sorted(self.accounts)) or "none"
            raise UnknownAccount(
                f'There is no account "{name}" in FRONT_SMS["ACCOUNTS"] (known: {known}). Add it, or name another.'
            ) from None

    # The rules of sending, in terms of T = timeout, W = duplicate_window and M = window_margin.

    @property
    def lease(self) -> timedelta:
        """S = T/2 + T + M: how long after its claim a message's request can still be on the network."""
        return timedelta(seconds=1.5 * self.timeout + self.window_margin)

    @property
    def twin_gap(self) -> timedelta:
        """S + W: how long after a message's last claim no twin of it may be claimed."""
        return self.lease + timedelta(seconds=self.duplicate_window)

    @property
    def resend_limit(self) -> timedelta:
        """W - T - M: until how long after the first ambiguous attempt a resend is still caught by Front's filter."""
        return timedelta(seconds=self.duplicate_window - self.timeout - self.window_margin)


def account_keys(raw: Mapping[Any, Any]) -> list[str]:
    """The keys of an account that are at the top level of `FRONT_SMS`, where they have no meaning."""
    of_account = {f.name.upper() for f in fields(Account)} - {f.name.upper() for f in fields(FrontSMSSettings)}
    return [key for key in raw if key in of_account - {"NAME"}]


def _from_dict(raw: Mapping[str, Any]) -> FrontSMSSettings:
    known = {f.name.upper(): f.name for f in fields(FrontSMSSettings)}
    if flat := account_keys(raw):
        raise ImproperlyConfigured(
            f"FRONT_SMS has keys of an account at its top level: {', '.join(flat)}. These belong under "
            f'ACCOUNTS["default"].'
        )
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise ImproperlyConfigured(
            f"FRONT_SMS has unknown keys: {', '.join(unknown)}. Known: {', '.join(sorted(known))}."
        )
    values = {known[key]: value for key, value in raw.items()}
    values["accounts"] = {name: _account(name, keys) for name, keys in raw.get("ACCOUNTS", {}).items()}
    if isinstance(values.get("alerts"), Mapping):
        values["alerts"] = _alerts(values["alerts"])
    return FrontSMSSettings(**values)


def _alerts(written: Mapping[str, Any]) -> AlertSettings:
    try:
        return AlertSettings.parse(written)
    except ValueError as error:
        raise ImproperlyConfigured(f'FRONT_SMS["ALERTS"]: {error}.') from None


def _account(name: str, raw: Mapping[str, Any]) -> Account:
    known = {f.name.upper(): f.name for f in fields(Account)} | {"NAME": ""}
    unknown = sorted(key for key in raw if not known.get(key))
    if unknown:
        raise ImproperlyConfigured(f'FRONT_SMS["ACCOUNTS"]["{name}"] has unknown keys: {", ".join(unknown)}.')
    if "SERVICE_ID" not in raw:
        raise ImproperlyConfigured(f'FRONT_SMS["ACCOUNTS"]["{name}"] lacks SERVICE_ID, the number that Front gave you.')
    values = {known[key]: value for key, value in raw.items()}
    if isinstance(values.get("quiet_hours"), list):
        values["quiet_hours"] = tuple(values["quiet_hours"])  # accounts are keys of caches
    return Account(name=name, **values)


_last: tuple[Mapping[str, Any], FrontSMSSettings] | None = None


def get_settings() -> FrontSMSSettings:
    """The current settings. The dict is parsed again only after it was replaced or changed."""
    global _last
    raw = getattr(django_settings, "FRONT_SMS", {})
    if _last is None or _last[0] != raw:
        _last = (copy.deepcopy(raw), _from_dict(raw))
    return _last[1]

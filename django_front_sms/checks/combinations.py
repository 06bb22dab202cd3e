"""Values of `FRONT_SMS` that contradict each other, or that name something that does not exist or cannot be read."""

import reprlib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Tags, register
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from django_front_sms.checks import messages
from django_front_sms.checks.values import effective, place, raw, raw_accounts
from django_front_sms.conf import Account, AlertSettings, FrontSMSSettings, Limit
from django_front_sms.gateway import numbers

DOCUMENTED_WINDOW = 120  # §2.2, code 17: seconds
REAL_CLIENT: str = FrontSMSSettings(accounts={}).client
_FRONT = Account(name="", service_id=0).gateway_url
_SHORTEST_SECRET = 16  # characters
_LIMITS = ("per_recipient", "per_account", "international")


@register(messages.TAG)
def check_accounts(**kwargs: Any) -> Iterator[CheckMessage]:
    seen: dict[tuple[str, object], str] = {}
    for name, account in raw_accounts().items():
        url, service_id = account.get("GATEWAY_URL", _FRONT), account.get("SERVICE_ID")
        if not isinstance(url, str):
            continue
        key = (url.rstrip("/").lower(), repr(service_id))
        if service_id is not None and seen.setdefault(key, name) != name:
            yield messages.SAME_GATEWAY.as_message(first=seen[key], second=name)
        yield from _check_transport(place(name), account.get("TRANSPORT"), account.get("PASSWORD"))
        yield from _check_reach(place(name), url)


def _check_transport(where: str, transport: object, password: object) -> Iterator[CheckMessage]:
    if transport == "get" and password:
        yield messages.PASSWORD_IN_URL.as_message(where=where)


def _check_reach(where: str, url: str) -> Iterator[CheckMessage]:
    try:
        parts = urlsplit(url)
        local = is_local(parts.hostname or "")
    except ValueError:  # not a URL, which has its own check
        return
    if parts.scheme == "http" and not local:
        yield messages.PLAIN_HTTP.as_message(where=where)
    if local and not django_settings.DEBUG:
        yield messages.LOCAL_GATEWAY.as_message(where=where)


def is_local(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@register(messages.TAG)
def check_times(**kwargs: Any) -> Iterator[CheckMessage]:
    window = effective("DUPLICATE_WINDOW")
    left = float(window) - float(effective("TIMEOUT")) - float(effective("WINDOW_MARGIN"))
    if left <= 0:
        yield messages.NO_ROOM.as_message(seconds=f"{left:g}")
    if window != DOCUMENTED_WINDOW:
        yield messages.WINDOW.as_message(seconds=window)


@register(messages.TAG)
def check_override(**kwargs: Any) -> Iterator[CheckMessage]:
    override = effective("RECIPIENT_OVERRIDE")
    if override is not None:
        try:
            numbers.parse_recipient(override, region=effective("DEFAULT_REGION"))
        except numbers.NumberError as error:
            yield messages.OVERRIDE.as_message(reason=error)


@register(messages.TAG)
def check_rate_limits(**kwargs: Any) -> Iterator[CheckMessage]:
    limits = raw().get("RATE_LIMITS", {})
    for key, written in limits.items() if isinstance(limits, Mapping) else ():
        if key not in _LIMITS:
            reason = _("The keys are %s.") % ", ".join(_LIMITS)
            yield messages.RATE_LIMIT.as_message(key=key, reason=reason)
            continue
        try:
            Limit.parse(written)
        except (TypeError, ValueError):
            reason = _("It is %s.") % reprlib.repr(written)
            yield messages.RATE_LIMIT.as_message(key=key, reason=reason)


@register(messages.TAG)
def check_alerts(**kwargs: Any) -> Iterator[CheckMessage]:
    written = effective("ALERTS")
    if written is None:
        return
    try:
        to = AlertSettings.parse(written).to
    except ValueError as error:
        yield messages.ALERTS.as_message(reason=error)
        return
    if isinstance(to, str) and not getattr(django_settings, to.upper()):
        yield messages.NOBODY_MAILED.as_message(setting=to.upper())


@register(messages.TAG)
def check_client(**kwargs: Any) -> Iterator[CheckMessage]:
    path = effective("CLIENT")
    try:
        client = import_string(path)
    except Exception as error:  # the site's module may raise any exception
        yield messages.CLIENT.as_message(reason=f"{type(error).__name__}: {error}")
        return
    missing = [name for name in ("send", "send_bulk") if not callable(getattr(client, name, None))]
    if missing:
        yield messages.CLIENT.as_message(
            reason=_("%(path)s has no %(name)s.") % {"path": path, "name": ", ".join(missing)}
        )
    elif path != REAL_CLIENT and path.startswith("django_front_sms.") and not django_settings.DEBUG:
        yield messages.STAND_IN.as_message(path=path)


@register(messages.TAG, Tags.security)
def check_webhook_guard(**kwargs: Any) -> Iterator[CheckMessage]:
    secrets, allowed = effective("WEBHOOK_SECRETS"), effective("WEBHOOK_ALLOWED_IPS")
    if not secrets and allowed is None:
        yield messages.UNGUARDED.as_message()
    for number, secret in enumerate(secrets or (), start=1):
        if len(secret) < _SHORTEST_SECRET:
            yield messages.WEAK_SECRET.as_message(number=number)


@register(messages.TAG, Tags.security)
def check_allowed_addresses(**kwargs: Any) -> Iterator[CheckMessage]:
    allowed = effective("WEBHOOK_ALLOWED_IPS")
    if allowed is None:
        return
    if not allowed:
        yield messages.NOBODY_ALLOWED.as_message()
    for entry in allowed:
        try:
            ip_network(entry, strict=False)
        except ValueError:
            yield messages.ADDRESS.as_message(value=reprlib.repr(entry))

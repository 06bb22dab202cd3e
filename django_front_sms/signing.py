"""Authentication of webhook requests: the token in the path, and the address of the caller.

Front does not sign its requests (§2.5), so the URLs that it calls contain a token: an HMAC over purpose and account. It
is in the path, because Front appends its own query.
"""

import base64
import hmac
import logging
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from django.conf import settings as django_settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes

from django_front_sms.conf import get_settings

logger = logging.getLogger(__name__)

Purpose = Literal["status", "inbound"]
Address = IPv4Address | IPv6Address

_TOKEN_BYTES = 24


def webhook_path(purpose: Purpose, account: str = "default") -> str:
    """The absolute path of a webhook with its token, as `reverse()` returns it. Enter the site's address with this path
    in Front's portal. `purpose` is "status" (§2.3) or "inbound" (§2.5).

    Raises `UnknownAccount`, and `NoReverseMatch` where `django_front_sms.urls` is not included in the site's URLs.
    """
    if purpose not in ("status", "inbound"):
        raise ValueError(f'A webhook is for "status" or for "inbound", not for "{purpose}".')
    name = get_settings().account(account).name
    return reverse(f"front_sms:{purpose}", kwargs={"token": _token(next(_secrets()), purpose, name)})


def account_of(token: str, purpose: Purpose) -> str | None:
    """The account that the token belongs to, for this purpose; None for any other text. Takes constant time.

    The token does not contain the account: it is compared with the token of each account under each secret.
    """
    given = token.encode("utf-8", "replace")
    found = None
    accounts = get_settings().accounts
    for secret in _secrets():
        for account in accounts:
            if hmac.compare_digest(given, _token(secret, purpose, account).encode("ascii")):
                found = account
    return found


def _secrets() -> Iterator[bytes]:
    """The secrets: tokens are made with the first, and accepted with any of them."""
    secrets: Sequence[str | bytes] | None = get_settings().webhook_secrets
    return map(force_bytes, secrets or [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS])


@lru_cache(maxsize=256)  # the arguments never come from a request, so the timing of the cache reveals nothing
def _token(secret: bytes, purpose: str, account: str) -> str:
    digest = hmac.digest(secret, f"django_front_sms.webhook:{purpose}:{account}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode("ascii")


def caller_address(request: HttpRequest) -> Address | None:
    """The address that the request came from, as far as it can be trusted; None if it is unknown.

    With `TRUSTED_PROXY_COUNT` proxies, each of which appends the address of its own caller to X-Forwarded-For, it is
    the entry at that place from the right: the caller can write anything further left. Without proxies it is
    REMOTE_ADDR. IPv4 in IPv6 (`::ffff:…`) comes as IPv4; ports are dropped.
    """
    count = get_settings().trusted_proxy_count
    if not count:
        return _parse(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return _parse(hops[-count]) if len(hops) >= count else None


def address_allowed(address: Address | None) -> bool:
    """Whether `WEBHOOK_ALLOWED_IPS` has this address, itself or in one of its networks; None switches the check off."""
    allowed = get_settings().webhook_allowed_ips
    if allowed is None:
        return True
    return address is not None and any(address in network for network in _networks(tuple(allowed)))


@lru_cache(maxsize=64)  # Front calls from three addresses; others may evict them
def _parse(text: str) -> Address | None:
    """`1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`; None for anything else."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=8)
def _networks(entries: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    networks: list[IPv4Network | IPv6Network] = []
    for entry in entries:
        try:
            networks.append(ip_network(_parse(entry) or entry, strict=False))
        except ValueError:  # not an address: it matches no caller, and must not exclude the valid entries
            logger.error(
                'FRONT_SMS["WEBHOOK_ALLOWED_IPS"] contains "%s", which is neither an address nor a network.', entry
            )
    return networks

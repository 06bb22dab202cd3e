"""Forged tokens, and forged addresses in `X-Forwarded-For` and headers like it. `docs/why/security.md` counts them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from django_front_sms.models import DeliveryStatus, InboundMessage, RefusedPush
from django_front_sms.signing import webhook_path
from tests.webhooks.pushes import QUERY, SMS, STATUS, by_post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]

FRONT = "18.197.36.176"  # one of the addresses of §2.5
STRANGER = "6.6.6.6"
PUSHES = {"status": (STATUS, "application/x-www-form-urlencoded"), "inbound": (SMS, "application/json")}
EMPTY = "00000000000000000000000000000000"


def rows() -> int:
    return sum(model.objects.count() for model in (DeliveryStatus, InboundMessage, RefusedPush))


# ---- Tokens


def flipped(place: int) -> Callable[[str], str]:
    return lambda token: token[:place] + ("B" if token[place] != "B" else "C") + token[place + 1 :]


FORGERIES: dict[str, Callable[[str], str]] = {
    **{f"character {place + 1} changed": flipped(place) for place in range(32)},
    "last character missing": lambda token: token[:-1],
    "first character missing": lambda token: token[1:],
    "one character more": lambda token: token + "A",
    "padding": lambda token: token + "%3D",
    "a space behind it": lambda token: token + "%20",
    "a NUL behind it": lambda token: token + "%00",
    "a line end behind it": lambda token: token + "%0A",
    "a dot behind it": lambda token: token + ".",
    "a slash encoded": lambda token: token + "%2F",
    "twice": lambda token: token * 2,
    "backwards": lambda token: token[::-1],
    "upper case": str.upper,
    "lower case": str.lower,
    "case swapped": str.swapcase,
    "full-width characters": lambda token: "".join(chr(ord(char) + 0xFEE0) for char in token),
    "nothing but zeros": lambda token: EMPTY,
    "the name of the account": lambda token: "default",
    "the service id": lambda token: "1234",
    "a wildcard": lambda token: "*",
    "a quote": lambda token: "'%20OR%20'1'='1",
    "the parent directory": lambda token: f"..%2F{token}x",
    "ten thousand characters": lambda token: token * 313,
}


@pytest.mark.parametrize("purpose", PUSHES)
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_stores_nothing(forge, purpose):
    token = webhook_path(purpose).split("/")[2]
    path = f"/front-sms/{forge(token)}/{purpose}/"
    body, content_type = PUSHES[purpose]
    assert forge(token) != token and by_post(body, purpose, content_type).status_code == 200
    stored = rows()

    assert Client().get(f"{path}?{(STATUS if purpose == 'status' else QUERY).decode()}").status_code == 404
    assert Client().post(path, body, content_type=content_type).status_code == 404
    assert rows() == stored


@pytest.mark.parametrize("purpose", PUSHES)
def test_a_token_that_another_secret_signed_stores_nothing(purpose, settings):
    paths = []
    for secret in ("a secret that was removed", settings.SECRET_KEY):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "WEBHOOK_SECRETS": [secret]}
        paths.append(webhook_path(purpose))
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WEBHOOK_SECRETS": ["the secret of the site"]}

    for path in paths:
        assert Client().post(path, SMS, content_type="application/json").status_code == 404
    assert rows() == 0


# ---- Addresses


FORWARDED = {
    "the address": FRONT,
    "the address twice": f"{FRONT}, {FRONT}",
    "the address after others": f"10.0.0.1, 127.0.0.1, {FRONT}",
    "the address before others": f"{FRONT}, 10.0.0.1, 127.0.0.1",
    "four of them": ", ".join([FRONT] * 4),
    "without blanks": ",".join([FRONT] * 4),
    "with a port": f"{FRONT}:443",
    "in IPv6": f"::ffff:{FRONT}",
    "in IPv6 with brackets": f"[::ffff:{FRONT}]:443",
    "with blanks": f"   {FRONT}   ",
    "with tabs": f"\t{FRONT}\t",
    "with an empty entry behind it": f"{FRONT},",
    "with empty entries behind it": f"{FRONT},,,",
    "with an empty entry before it": f",{FRONT}",
    "as Forwarded writes it": f"for={FRONT};proto=https",
    "in quotes": f'"{FRONT}"',
    "in full-width digits": "１８.197.36.176",
    "with leading zeros": "018.197.036.176",
    "as one number": "314909872",
    "as a network": f"{FRONT}/32",
    "a thousand times": ",".join([FRONT] * 1000),
    "with a line end": f"{FRONT}\r\nX-Forwarded-For: {FRONT}",
}
OTHER_HEADERS = (
    "X_REAL_IP",
    "FORWARDED",
    "X_CLIENT_IP",
    "CLIENT_IP",
    "TRUE_CLIENT_IP",
    "CF_CONNECTING_IP",
    "X_CLUSTER_CLIENT_IP",
    "X_ORIGINAL_FORWARDED_FOR",
    "X_FORWARDED",
    "VIA",
)


def as_proxies_pass_it_on(header: str, proxies: int) -> dict[str, str]:
    """The environment of a request from another address, where each proxy appends the address of its own caller."""
    hops = [STRANGER, *(f"10.0.0.{place}" for place in range(1, proxies))]
    return {"REMOTE_ADDR": f"10.0.0.{proxies}", "HTTP_X_FORWARDED_FOR": f"{header}, {', '.join(hops)}"}


def pushed(environ: dict[str, str], proxies: int, settings: Any) -> int:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "WEBHOOK_ALLOWED_IPS": [FRONT], "TRUSTED_PROXY_COUNT": proxies}
    return by_post(SMS, **environ).status_code


@pytest.mark.parametrize("proxies", [0, 1, 2, 3])
@pytest.mark.parametrize("header", FORWARDED.values(), ids=FORWARDED)
def test_a_forged_forwarded_address_is_refused(header, proxies, settings):
    without = {"REMOTE_ADDR": STRANGER, "HTTP_X_FORWARDED_FOR": header}

    assert pushed(as_proxies_pass_it_on(header, proxies) if proxies else without, proxies, settings) == 403
    assert rows() == 0


@pytest.mark.parametrize("proxies", [0, 1, 2, 3])
@pytest.mark.parametrize("name", OTHER_HEADERS)
def test_no_other_header_gives_an_address(name, proxies, settings):
    environ = {"REMOTE_ADDR": STRANGER, **(as_proxies_pass_it_on("", proxies) if proxies else {})}

    assert pushed({**environ, f"HTTP_{name}": FRONT}, proxies, settings) == 403
    assert rows() == 0


@pytest.mark.parametrize("proxies", [0, 1, 2, 3])
def test_the_real_address_is_accepted(proxies, settings):
    hops = [FRONT, *(f"10.0.0.{place}" for place in range(1, proxies))]
    behind = {"REMOTE_ADDR": f"10.0.0.{proxies}", "HTTP_X_FORWARDED_FOR": ", ".join(["127.0.0.1", *hops])}

    assert pushed(behind if proxies else {"REMOTE_ADDR": FRONT}, proxies, settings) == 200

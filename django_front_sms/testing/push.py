"""Front's pushes to the site without a server, through the site's own URLs, middleware and webhook views."""

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from django_front_sms.conf import get_settings
from django_front_sms.simulator.pushes import Push, Reply


def deliver(push: Push) -> Reply:
    """Make the push as Front does, over https, from an address that the site allows; return the answer."""
    path = urlsplit(push.url)._replace(scheme="", netloc="").geturl()
    client, origin = Client(), _origin()
    if push.body is None:
        response: Any = client.generic("GET", path, secure=True, **origin)
    else:
        response = client.generic("POST", path, push.body, push.content_type, secure=True, **origin)
    return Reply(response.status_code, response.content)


def _origin() -> dict[str, Any]:
    conf = get_settings()
    allowed = conf.webhook_allowed_ips
    address = str(ip_network(next(iter(allowed)), strict=False)[0]) if allowed else "127.0.0.1"
    if not conf.trusted_proxy_count:
        return {"REMOTE_ADDR": address}
    hops = [address, *["127.0.0.1"] * (conf.trusted_proxy_count - 1)]
    return {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": ", ".join(hops)}

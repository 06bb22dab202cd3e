"""Who may use an endpoint, and how often. A site configures nothing; how people log in, and the rates, it may change by
DRF's own settings."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

READ, SEND, SEND_MANY = "front_sms_read", "front_sms_send", "front_sms_send_many"
RATES = {READ: "600/min", SEND: "300/min", SEND_MANY: "10/min"}
"""Requests of one user, unless `REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]` names the scope; None there lifts it."""


def require(request: Request, codename: str) -> None:
    """Raise `PermissionDenied`, which names the permission, where the user lacks it."""
    if not request.user.has_perm(f"front_sms.{codename}"):
        raise PermissionDenied(_lacks(codename))


def _lacks(codename: str) -> str:
    return _("You lack the permission front_sms.%(name)s.") % {"name": codename}


class HasPermissions(BasePermission):
    """Whoever is logged in and has the permissions that the endpoint's `needs` lists for the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        for codename in getattr(view, "needs", {}).get("GET" if request.method == "HEAD" else request.method, ()):
            if not request.user.has_perm(f"front_sms.{codename}"):
                self.message = _lacks(codename)
                return False
        return True


class Throttle(ScopedRateThrottle):
    """At most so many requests of a user in the scope of the method."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        reads = request.method in ("GET", "HEAD")
        self.scope = getattr(view, "scopes", {}).get(request.method, READ if reads else SEND)
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super(ScopedRateThrottle, self).allow_request(request, view)

    def get_rate(self) -> str | None:
        rates: dict[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate: str | None = rates.get(str(self.scope), RATES[str(self.scope)])
        return rate


def author(request: Request) -> Any:
    """The user for `created_by`; None for those who have no row, as services with tokens of their own may be."""
    return request.user if isinstance(request.user, get_user_model()) else None

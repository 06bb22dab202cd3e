"""Who may use an endpoint, and how often. A site configures nothing; how people log in, and the rates, it may change by
DRF's own settings."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


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


def author(request: Request) -> Any:
    """The user for `created_by`; None for those who have no row, as services with tokens of their own may be."""
    return request.user if isinstance(request.user, get_user_model()) else None

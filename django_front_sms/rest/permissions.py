"""Who may call an action, and what a caller may send. Sites configure authentication in DRF's own settings."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from django_front_sms.access import accounts_of, may_use, missing_permission


class HasRequiredPermissions(BasePermission):
    """Allows authenticated users with the permissions that the view's `required_permissions` lists for the action."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        required = getattr(view, "required_permissions", {}).get(getattr(view, "action", None), ())
        for codename in required:
            if not request.user.has_perm(f"front_sms.{codename}"):
                self.message = _lacks(f"front_sms.{codename}")
                return False
        return True


def check_account(request: Request, account: str) -> None:
    """Raise `PermissionDenied` unless the user may use this account (`ACCOUNT_ACCESS`)."""
    if not may_use(request.user, account):
        raise PermissionDenied(_account_refused())


def check_may_send(request: Request, *messages: Mapping[str, Any]) -> None:
    """Raise `PermissionDenied` unless the user may send messages with these options of `send_sms`."""
    accounts = accounts_of(request.user)  # called once, because the site's function may query its database
    for options in messages:
        if accounts is not None and options.get("account", "default") not in accounts:
            raise PermissionDenied(_account_refused())
        missing = missing_permission(
            request.user, price=options.get("price"), ignore_opt_out=options.get("ignore_opt_out", False)
        )
        if missing is not None:
            raise PermissionDenied(_lacks(missing))


def author(request: Request) -> Any:
    """The user for `created_by`; None for users without a row, such as services with tokens of their own."""
    return request.user if isinstance(request.user, get_user_model()) else None


def _account_refused() -> str:
    return _("You may not use this account.")


def _lacks(permission: str) -> str:
    return _("You lack the permission %(name)s.") % {"name": permission}

"""Access control: one definition for the admin, the REST API and the composer.

Permissions say what a user may do, and `ACCOUNT_ACCESS` for which accounts.
"""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

from django_front_sms.conf import get_settings

Row = TypeVar("Row", bound=Model)

SET_PRICE = "front_sms.set_price_outboundmessage"
IGNORE_OPT_OUT = "front_sms.ignore_opt_out_outboundmessage"


def accounts_of(user: Any) -> frozenset[str] | None:
    """The names of the accounts whose rows `user` may see and use; None: all of them."""
    path = get_settings().account_access
    if path is None:
        return None
    names = import_string(path)(user)
    return None if names is None else frozenset(names)


def may_use(user: Any, account: str) -> bool:
    """Whether `user` may see and use the rows of `account`."""
    names = accounts_of(user)
    return names is None or account in names


def visible(
    rows: "QuerySet[Row]", user: Any, field: str = "account", *, include_shared: bool = False
) -> "QuerySet[Row]":
    """Those of `rows` whose account `user` may see; `field` is the lookup of the account's name.

    `include_shared`: also rows with an empty account, such as saved texts for every account.
    """
    names = accounts_of(user)
    return rows if names is None else rows.filter(**{f"{field}__in": sorted(names) + [""] * include_shared})


def missing_permission(user: Any, *, price: int | None = None, ignore_opt_out: bool = False) -> str | None:
    """The permission that `user` lacks to send a message with these properties; None if none is missing.

    It is checked wherever a message is sent, resent or answered, in addition to the permission of that action.
    """
    needed = [SET_PRICE] * bool(price) + [IGNORE_OPT_OUT] * bool(ignore_opt_out)
    return next((permission for permission in needed if not user.has_perm(permission)), None)

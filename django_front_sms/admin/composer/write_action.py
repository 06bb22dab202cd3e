"""An action for the lists of a site's own models: write an SMS to the chosen rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import action as list_action
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.admin.composer.drafts import new_draft
from django_front_sms.admin.composer.forms import MAX_NUMBERS, sendable_accounts
from django_front_sms.admin.composer.tables import table_of
from django_front_sms.admin.urls import reverse_admin


def write_sms(phone: str = "phone", fields: Sequence[str] = ("first_name",)) -> Callable[..., Any]:
    """An admin action that opens the composer with the chosen rows as recipients.

    `phone` names the attribute with the phone number. `fields` are attributes that the text may have in braces, such as
    `{first_name}`. Both may lead to related objects (`patient__phone`), where the placeholder has the same name, and
    may be methods without arguments. Users need the permission to add outgoing messages.
    """

    @list_action(description=gettext_lazy("Write SMS"))
    def action(model_admin: Any, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponseRedirect | None:
        if not (request.user.has_perm("front_sms.add_outboundmessage") and sendable_accounts(request.user)):
            raise PermissionDenied
        rows = list(queryset[: MAX_NUMBERS + 1])
        if len(rows) > MAX_NUMBERS:
            limit = _("Choose at most %(most)d rows, and then the others.") % {"most": MAX_NUMBERS}
            model_admin.message_user(request, limit, messages.ERROR)
            return None
        composer = reverse_admin(model_admin.admin_site, "outboundmessage_add")
        if not composer:
            missing = _("This admin site has no page to write messages. Register OutboundMessage on it.")
            model_admin.message_user(request, missing, messages.ERROR)
            return None
        table = table_of(["number", *fields], _values(rows, [phone, *fields]))
        query = urlencode({"draft": new_draft(request.user, table), "step": "new"})
        return HttpResponseRedirect(f"{composer}?{query}")

    action.__name__ = "write_sms"
    return action


def _values(rows: Iterable[Model], names: Sequence[str]) -> Iterable[list[Any]]:
    return ([_value(row, name) for name in names] for row in rows)


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part, None)
        row = row() if callable(row) else row
    return row

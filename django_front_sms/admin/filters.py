"""Filters that never ask the database which values there are."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db import connections
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_front_sms import access
from django_front_sms.conf import get_settings
from django_front_sms.models import MmsFile


class AccountFilter(admin.SimpleListFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        accounts = access.accounts_of(request.user)
        return [(name, name) for name in get_settings().accounts if accounts is None or name in accounts]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(account=self.value()) if self.value() else queryset


class TimeFilter(admin.SimpleListFilter):
    """The last hours or days, by the field that a subclass names."""

    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("1", _("the last hour")), ("24", _("the last 24 hours")), ("168", _("the last 7 days"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() not in ("1", "24", "168"):
            return queryset
        since = timezone.now() - timedelta(hours=int(self.value() or 0))
        return self.those_since(queryset, since)

    def those_since(self, queryset: "QuerySet[Any]", since: datetime) -> "QuerySet[Any]":
        return queryset.filter(**{f"{self.field}__gte": since})


class CreatedFilter(TimeFilter):
    title = _("created")
    parameter_name = field = "created_at"


class IndexedCreatedFilter(CreatedFilter):
    """Of rows that are many, by an index."""

    def those_since(self, queryset: "QuerySet[Any]", since: datetime) -> "QuerySet[Any]":
        """The index on these begins with the account: without one, all of it is read."""
        return super().those_since(queryset, since).filter(account__in=_accounts_in(queryset))


def _accounts_in(queryset: "QuerySet[Any]") -> list[str]:
    """All accounts that the table's rows have, whatever the settings say; each is found by one step in an index."""
    table = connections[queryset.db].ops.quote_name(queryset.model._meta.db_table)
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(_STEPS.format(table=table))
        return [account for (account,) in cursor.fetchall()]


_STEPS = """
    WITH RECURSIVE found (account) AS (
        SELECT MIN(account) FROM {table}
        UNION ALL
        SELECT (SELECT MIN(account) FROM {table} WHERE account > found.account) FROM found WHERE account IS NOT NULL
    )
    SELECT account FROM found WHERE account IS NOT NULL"""


class ReceivedFilter(TimeFilter):
    title = _("received")
    parameter_name = field = "received_at"


class YesNoFilter(admin.SimpleListFilter):
    yes, no = _("with"), _("without")

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", self.yes), ("no", self.no)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        match self.value():
            case "yes":
                return self.those(queryset)
            case "no":
                return self.others(queryset)
        return queryset

    def those(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        raise NotImplementedError

    def others(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        raise NotImplementedError


class ProblemFilter(YesNoFilter):
    title = _("problem")
    parameter_name = "problem"

    def those(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.with_problem()  # type: ignore[attr-defined,no-any-return]

    def others(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.without_problem()  # type: ignore[attr-defined,no-any-return]


class FilesFilter(YesNoFilter):
    title = _("files")
    parameter_name = "files"
    files = Exists(MmsFile.objects.filter(message=OuterRef("pk")))

    def those(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(self.files)

    def others(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(~self.files)


class MatchedFilter(YesNoFilter):
    title = _("message")
    parameter_name = "matched"
    yes, no = _("known"), _("unknown")

    def those(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(message__isnull=False)

    def others(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(message__isnull=True)


class OpenFilter(YesNoFilter):
    title = _("state")
    parameter_name = "open"
    yes, no = _("missing"), _("closed")

    def those(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.open()  # type: ignore[attr-defined,no-any-return]

    def others(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.exclude(closed_at=None)


class StatusMissedFilter(admin.SimpleListFilter):
    """What `sweep` found to have had no delivery status for `HOURS_WITHOUT_STATUS`."""

    title = _("delivery status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        hours = f"{get_settings().hours_without_status:g}"
        return [("missing", _("none after %(hours)s hours") % {"hours": hours})]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.without_status() if self.value() == "missing" else queryset  # type: ignore[attr-defined]

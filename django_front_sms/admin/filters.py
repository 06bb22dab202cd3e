"""List filters that do not query the database for their choices."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.options import Options
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_front_sms import access
from django_front_sms.conf import get_settings
from django_front_sms.models import MmsFile

FROM, UNTIL = "from", "until"  # the days of a range, in the address of a list


def is_filterable(lookup: str, options: "Options[Any]", fields: Collection[str], filters: Iterable[Any]) -> bool:
    """Whether the address of a list may have this lookup: on one of `fields`, or as one of `filters` needs it.

    Lookups on other fields, such as `text__startswith`, would reveal a text that no page shows, letter by letter.
    Django refuses those on other columns of related rows than their key.
    """
    for each in filters:
        path = each[0] if isinstance(each, list | tuple) else each
        if lookup == getattr(path, "parameter_name", None):
            return True  # the filter takes it out of the query
        if isinstance(path, str) and f"{lookup}__".startswith(f"{path}__"):
            return True
    try:
        return options.get_field(lookup.partition(LOOKUP_SEP)[0]).name in fields
    except FieldDoesNotExist:
        return True  # the primary key as `pk`, a parameter of a filter, or an error that the list reports


class AccountFilter(admin.SimpleListFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        accounts = access.accounts_of(request.user)
        return [(name, name) for name in get_settings().accounts if accounts is None or name in accounts]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(account=self.value()) if self.value() else queryset


def has_dates(request: HttpRequest) -> bool:
    """Whether the list is filtered by days."""
    return bool(request.GET.get(FROM) or request.GET.get(UNTIL))


class TimeFilter(admin.SimpleListFilter):
    """The last hours or days, or the days from one date until another, by the field that a subclass names.

    Days begin at midnight in the current time zone; a value that is no date is ignored.
    """

    template = "admin/front_sms/time_filter.html"
    field_name: str

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in (FROM, UNTIL):
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name, FROM, UNTIL]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("1", _("the last hour")), ("24", _("the last 24 hours")), ("168", _("the last 7 days"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Django's choices, and at the end the form for a range of days (`is_range`)."""
        names = self.expected_parameters()
        has_days = self.first is not None or self.last is not None
        for choice in super().choices(changelist):
            is_all = self.value() is None and choice["selected"]
            remove = names if is_all else [FROM, UNTIL]
            query = changelist.get_query_string(_parsed(choice["query_string"]), remove=remove)
            yield {**choice, "query_string": query, "selected": choice["selected"] and not (is_all and has_days)}
        kept = {name: value for name, value in changelist.params.items() if name not in (*names, "p")}
        yield {
            "is_range": True,
            "selected": has_days,
            "display": " – ".join(str(day or "…") for day in (self.first, self.last)),
            "query_string": changelist.get_query_string(remove=[FROM, UNTIL]),
            "fields": [(FROM, gettext("From"), self.first), (UNTIL, gettext("Until"), self.last)],
            "kept": kept,
        }

    @property
    def first(self) -> date | None:
        return _day(self.used_parameters.get(FROM))

    @property
    def last(self) -> date | None:
        return _day(self.used_parameters.get(UNTIL))

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        since: datetime | None = None
        if self.value() in ("1", "24", "168"):
            since = timezone.now() - timedelta(hours=int(self.value() or 0))
        if self.first is not None:
            since = _midnight(self.first)
        until = _midnight(self.last + timedelta(days=1)) if self.last is not None else None
        return self.between(queryset, since, until) if since or until else queryset

    def between(self, queryset: "QuerySet[Any]", since: datetime | None, until: datetime | None) -> "QuerySet[Any]":
        limits = {f"{self.field_name}__gte": since, f"{self.field_name}__lt": until}
        return queryset.filter(**{lookup: limit for lookup, limit in limits.items() if limit is not None})


def _day(written: str | None) -> date | None:
    try:
        day = date.fromisoformat(written or "")
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None  # databases and time zones have limits of their own


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _parsed(query_string: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(query_string.lstrip("?"), keep_blank_values=True))


class CreatedFilter(TimeFilter):
    title = _("created")
    parameter_name = field_name = "created_at"


class IndexedCreatedFilter(CreatedFilter):
    """`CreatedFilter` for a large table whose index on this column begins with the account."""

    def between(self, queryset: "QuerySet[Any]", since: datetime | None, until: datetime | None) -> "QuerySet[Any]":
        return super().between(queryset, since, until).filter(account__in=_accounts_in(queryset))


def _accounts_in(queryset: "QuerySet[Any]") -> list[str]:
    """The accounts of all rows, also those that are no longer in the settings; each costs one index lookup."""
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
    parameter_name = field_name = "received_at"


class YesNoFilter(admin.SimpleListFilter):
    yes, no = _("with"), _("without")

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("yes", self.yes), ("no", self.no)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "yes":
                return self.with_it(queryset)
            case "no":
                return self.without_it(queryset)
        return queryset

    def with_it(self, queryset: Any) -> Any:
        raise NotImplementedError

    def without_it(self, queryset: Any) -> Any:
        raise NotImplementedError


class ProblemFilter(YesNoFilter):
    title = _("problem")
    parameter_name = "problem"

    def with_it(self, queryset: Any) -> Any:
        return queryset.with_problem()

    def without_it(self, queryset: Any) -> Any:
        return queryset.without_problem()


class FilesFilter(YesNoFilter):
    title = _("files")
    parameter_name = "files"
    files = Exists(MmsFile.objects.filter(message=OuterRef("pk")))

    def with_it(self, queryset: Any) -> Any:
        return queryset.filter(self.files)

    def without_it(self, queryset: Any) -> Any:
        return queryset.filter(~self.files)


class MatchedFilter(YesNoFilter):
    title = _("message")
    parameter_name = "matched"
    yes, no = _("known"), _("unknown")

    def with_it(self, queryset: Any) -> Any:
        return queryset.matched()

    def without_it(self, queryset: Any) -> Any:
        return queryset.unmatched()


class OpenFilter(YesNoFilter):
    title = _("state")
    parameter_name = "open"
    yes, no = _("missing"), _("closed")

    def with_it(self, queryset: Any) -> Any:
        return queryset.open()

    def without_it(self, queryset: Any) -> Any:
        return queryset.closed()


class StatusMissedFilter(admin.SimpleListFilter):
    """Messages without a delivery status for `HOURS_WITHOUT_STATUS`, as `sweep` marked them."""

    title = _("delivery status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        hours = f"{get_settings().hours_without_status:g}"
        return [("missing", _("none after %(hours)s hours") % {"hours": hours})]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.without_status() if self.value() == "missing" else queryset  # type: ignore[attr-defined]

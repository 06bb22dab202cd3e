"""Read-only admin classes: a list and a page for each row, for tables with millions of rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext_lazy, override

from django_front_sms import access
from django_front_sms.admin import live_parts, search
from django_front_sms.admin.badges import moment_in_full
from django_front_sms.admin.filters import has_dates, is_filterable
from django_front_sms.admin.index import with_ordered_sidebar
from django_front_sms.admin.names import add_names
from django_front_sms.admin.request_values import values_of
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.redaction import redacted_view
from django_front_sms.signals import send_personal_data_read

INDEX_TEMPLATE = "admin/front_sms/site_index.html"
TECHNICAL = "fs-technical"  # a class of fieldsets that are collapsed
NOTHING: tuple[Any, ...] = (None, "", {}, [])
MOST_NEW = 100  # rows that are counted for the line above a list
NEW_MESSAGES = ngettext_lazy("%(n)s new message. Show it", "%(n)s new messages. Show them", "count")


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator that counts up to `cap` rows: counting a million rows takes a second."""

    cap = 10_000

    @cached_property
    def _counted(self) -> int:
        return int(self.object_list.order_by()[: self.cap + 1].count())  # type: ignore[attr-defined]

    @property
    def count(self) -> int:
        return min(self._counted, self.cap)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._counted > self.cap


class FastChangeList(ChangeList):
    """Django's list without the costs that grow with each row, and without a query for rows if none were counted.

    `depth=all` in the address searches all rows for words; otherwise only the latest are searched.
    """

    depth_parameter = "depth"
    live_parameters = ("part", "seen", "ids", "after")  # of the script that keeps a list up to date
    preserved_filters = ""
    searched_latest = 0  # how many rows were searched, if not all

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if any("\0" in "".join(values) for _name, values in request.GET.lists()):
            raise IncorrectLookupParameters  # PostgreSQL accepts no NUL, not even in a comparison
        super().__init__(request, *args, **kwargs)
        # Django adds these to the address of each row, and resolves that address each time.
        self._kept, self.preserved_filters = self.preserved_filters, ""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        for name in (self.depth_parameter, *self.live_parameters):
            found.pop(name, None)
        return found

    @property
    def is_newest_first(self) -> bool:
        """Whether it is the page on which a new row would stand first."""
        return self.page_num == 1 and tuple(self.queryset.query.order_by[:1]) == ("-pk",)

    @property
    def searches_all(self) -> bool:
        return self.params.get(self.depth_parameter) == "all"

    @property
    def search_all(self) -> str:
        """The query string of the same list with all rows searched."""
        return str(self.get_query_string({self.depth_parameter: "all"}))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> "QuerySet[Any]":
        values_of(request)["change_list"] = self  # Django does not pass it to get_search_results and get_paginator
        found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return found

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.result_count == 0:
            self.result_list = self.queryset.none()

    @property
    def conditions(self) -> list[str]:
        """The filters in use, in words, for a list without rows."""
        return [
            f"{spec.title}: {choice['display']}"
            for spec in self.filter_specs
            for choice in spec.choices(self)
            if choice.get("selected") and spec.used_parameters
        ]

    def url_for_result(self, result: Model) -> str:
        address: str = super().url_for_result(result)
        return f"{address}?{self._kept}" if self._kept else address


class NewRows(FastChangeList):
    """The rows of a list that were created after the key `after` in the address; it counts them, and reads none."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> "QuerySet[Any]":
        self.root_queryset = self.root_queryset.filter(pk__gt=search.id_in(request.GET.get("after", "")) or 0)
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        self.result_count = self.queryset.order_by()[: MOST_NEW + 1].count()
        self.result_list = self.queryset.none()


def screens(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """The patterns of an admin with what all screens of this app have: redacted error reports, an ordered sidebar."""
    return [
        URLPattern(each.pattern, with_ordered_sidebar(redacted_view(each.callback)), each.default_args, each.name)
        for each in patterns
    ]


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The base class of this app's admin classes. Fields without a value are left out of the page."""

    actions_on_bottom = False
    shows_personal_data = False  # whether the list has texts or numbers of people: reading them sends a signal
    cards = False  # whether a row of the list becomes a card on a phone
    filter_fields: ClassVar[tuple[str, ...]] = ()  # that the address of the list may filter by, besides `list_filter`
    list_per_page = 50
    number_field = ""  # the number of the person in a row, whose name stands beside it
    new_rows: ClassVar[Any] = ngettext_lazy("%(n)s new row. Show it", "%(n)s new rows. Show them", "count")
    ordering: ClassVar[tuple[Any, ...]] = ("-pk",)
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # each facet is a count of its own
    show_full_result_count = False
    sortable_by: ClassVar[tuple[str, ...]] = ()  # only columns that an index serves

    class Media:
        css = {"all": ["django_front_sms/admin.css"]}
        js = ["django_front_sms/session.js", "django_front_sms/live.js"]

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if admin_site.index_template is None:  # a site's own template is kept
            admin_site.index_template = INDEX_TEMPLATE

    @property
    def urls(self) -> list[URLPattern]:
        """The URL patterns of all screens; their error reports show no texts or numbers."""
        return screens(self.get_urls())

    def reverse(self, page: str, *args: Any, query: Mapping[str, Any] | None = None) -> str:
        """The address of a page of this app on the same admin site; empty if the site does not have it."""
        return reverse_admin(self.admin_site, page, *args, query=query)

    def change_url(self, row: Model) -> str:
        return self.reverse(f"{row._meta.model_name}_change", row.pk)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return access.visible(super().get_queryset(request), request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        filled = []
        for name, options in super().get_fieldsets(request, obj):
            fields = [field for field in options["fields"] if not self._is_empty(obj, str(field))]
            if fields:
                filled.append((name, {**options, "fields": fields}))
        return filled

    def _is_empty(self, row: Model | None, field: str) -> bool:
        method = getattr(self, field, None)
        value = method(row) if callable(method) else getattr(row, field)
        return value is False or value in NOTHING

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # str() of a row may be too long for a heading.
        heading = {"title": f"{capfirst(self.opts.verbose_name)} #{object_id}", "subtitle": None}
        row = self.get_object(request, object_id)
        page = self.page_context(request, row) if row is not None and self.has_view_permission(request, row) else {}
        context = {**heading, "is_final": row is None or self.is_final(row), **page, **(extra_context or {})}
        response = super().change_view(request, object_id, form_url, context)
        if live_parts.is_asked(request):
            response = live_parts.answer(request, response)
        if row is not None and response.status_code == 200 and self.page_shows_personal_data(row):
            send_personal_data_read(request.user, self.model, [row.pk])
        return response

    def page_shows_personal_data(self, row: Any) -> bool:
        """Whether the page of a row has texts or numbers of people."""
        return self.shows_personal_data

    def is_final(self, row: Any) -> bool:
        """Whether the page of a row will not change any more, so that it need not be updated."""
        return True

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context["field_groups"] = [self._field_group(row, fieldset) for fieldset in context["adminform"]]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.updates_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_updates"
        return [path("updates/", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # Read before the list, so that no new row is missed.
        newest = self.model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        response = super().changelist_view(request, {**title, **(extra_context or {})})
        context: dict[str, Any] = getattr(response, "context_data", None) or {}
        if "cl" in context:
            rows = list(context["cl"].result_list)
            if self.number_field:
                add_names(rows, self.number_field)
            self.signal_read(request, rows)
            context.update(self._live_context(request, context["cl"], rows, newest))
        return response

    def _live_context(
        self, request: HttpRequest, listed: FastChangeList, rows: list[Any], newest: int
    ) -> dict[str, Any]:
        """Where the script asks for updates of the list, if there can be any: states of its rows, and new rows."""
        query: dict[str, Any] = {}
        if listed.is_newest_first:
            query = {**request.GET.dict(), "after": max([newest, *(row.pk for row in rows)])}
        is_final = self.is_final_list(rows)
        if not is_final:
            query["ids"] = ",".join(str(row.pk) for row in rows)
        address = self.reverse(f"{self.opts.model_name}_updates", query=query) if query else ""
        return {"live_address": address, "announces": "after" in query, "is_final": not query}

    def updates_view(self, request: HttpRequest) -> HttpResponse:
        """What changed on an open list, for the script: how many rows are new, and the states of the rows `ids`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [key for each in request.GET.get("ids", "").split(",") if (key := search.id_in(each))]
        rows = list(self.get_queryset(request).filter(pk__in=keys[: self.list_per_page])) if keys else []
        context = {"states": self.live_states(rows), "is_final": self.is_final_list(rows)}
        if "after" in request.GET:
            context.update({"new": self._new_rows(request), "announces": True, "is_final": False})
        return live_parts.answer(request, TemplateResponse(request, "admin/front_sms/updates.html", context))

    def _new_rows(self, request: HttpRequest) -> tuple[str, str] | None:
        """The address of the list with its new rows, and how many there are in words; None without any."""
        values_of(request)["new_rows"] = True  # on other pages, `after` in the address is ignored
        try:
            count: int = self.get_changelist_instance(request).result_count
        except IncorrectLookupParameters:
            count = 0
        if not count:
            return None
        shown = str(count) if count <= MOST_NEW else f"{MOST_NEW}+"
        query = {name: value for name, value in request.GET.items() if name not in FastChangeList.live_parameters}
        return self.reverse(f"{self.opts.model_name}_changelist", query=query), self.new_rows % {
            "count": count,
            "n": shown,
        }

    def is_final_list(self, rows: Iterable[Any]) -> bool:
        """Whether nothing will change any more in the rows of a list."""
        return True

    def live_states(self, rows: Iterable[Any]) -> list[tuple[str, SafeString]]:
        """The parts of a list that change, each with its id."""
        return []

    def signal_read(self, request: HttpRequest, rows: Iterable[Model]) -> None:
        """Send `personal_data_read` for rows that a page shows in one line each."""
        if self.shows_personal_data:
            send_personal_data_read(request.user, self.model, (row.pk for row in rows))

    def _field_group(self, row: Model, fieldset: Any) -> dict[str, Any]:
        """A fieldset for `fields.html`: its name, and the label, value and name of each field."""
        fields = []
        for field in (field for line in fieldset for field in line):
            name = field.field["name"]
            value = getattr(row, name, None) if isinstance(name, str) else None
            shown = moment_in_full(value) if isinstance(value, datetime) else field.contents()
            fields.append((field.field["label"], shown, name))
        return {"name": fieldset.name, "is_technical": TECHNICAL in fieldset.classes, "fields": fields}

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's, with entries in the language of the user: they are stored untranslated."""
        response = super().history_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            for entry in response.context_data["action_list"]:
                entry.change_message = gettext(entry.change_message) if entry.change_message else ""
        return response

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        with override(None):
            return super().log_change(request, obj, str(message) if isinstance(message, Promise) else message)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The template context of the page besides the fields."""
        return {}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row of a page; read once per request."""
        read: dict[Any, Any] = values_of(request).setdefault("rows", {})
        key = (self.model, object_id)
        if key not in read:
            try:
                read[key] = self.rows_for_page(request).get(pk=self.opts.pk.to_python(object_id))
            except (self.model.DoesNotExist, ValidationError, ValueError):
                read[key] = None
        return read[key]

    def rows_for_page(self, request: HttpRequest) -> "QuerySet[Any]":
        """The rows, with the related rows that a page shows."""
        return self.get_queryset(request)

    @admin.display(description=mark_safe('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, obj: Model) -> SafeString:
        """Django's checkbox, without the three templates that Django renders for each row."""
        label = format_html(gettext("Select this object for an action - {}"), str(obj))
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            label,
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewRows if "new_rows" in values_of(request) else FastChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow lookups on the fields in `filter_fields` and in the filters of the list.

        Regular expressions are refused: some take a database minutes, others are errors.
        """
        is_plain = not lookup.endswith("regex") and super().lookup_allowed(lookup, value, request)
        return is_plain and is_filterable(lookup, self.opts, self.filter_fields, self.get_list_filter(request))

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        paginator: Any = super().get_paginator(request, *args, **kwargs)
        listed = values_of(request).get("change_list")
        if listed is not None and listed.searched_latest:
            paginator.cap = search.FEW  # counting further would read every text again
        return paginator

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        term = search_term.strip()
        return (self.search_rows(request, queryset, term) if term else queryset), False

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        """The rows that match `term`, as a user typed it."""
        return queryset

    def search_messages(
        self, request: HttpRequest, queryset: "QuerySet[Any]", wanted: search.Search
    ) -> "QuerySet[Any]":
        """`search_rows` for messages: words and last digits among the latest, of the dates in the filter if any."""
        listed: FastChangeList = values_of(request)["change_list"]
        is_short = has_dates(request) or isinstance(listed, NewRows)
        among = None if listed.searches_all else queryset if is_short else self.model._default_manager.all()
        found, is_cut = search.find(queryset, wanted, among=among)
        listed.searched_latest = search.LATEST if is_cut else 0
        return found

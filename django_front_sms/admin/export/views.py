"""Exports: the rows of a list as a file, all that match its search and filters, or the selected ones.

An export needs a permission, runs by POST only, and is recorded. Rows are read by key, a page at a time, so memory is
bounded and no database cursor stays open.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Expression, QuerySet
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.http import content_disposition_header
from django.utils.text import capfirst, slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.admin import search
from django_front_sms.admin.export import formats
from django_front_sms.admin.names import named_pages
from django_front_sms.admin.readonly import CappedPaginator, ReadOnlyAdmin
from django_front_sms.admin.urls import site_context
from django_front_sms.conf import get_settings
from django_front_sms.signals import send_personal_data_read

PAGE = 500  # rows read at a time
XLSX = "xlsx"
SEPARATORS = {"semicolon": ";", "comma": ","}
_OF_PEOPLE = {"q", "recipient", "sender", "text", "keyword", "idempotency_key", "metadata", "error_text"}


class ExportAdmin(ReadOnlyAdmin):
    """A read-only admin with an export.

    `export_fields`: names of fields, as `values_list` takes them. `export_expressions`: what is read instead, by name.
    """

    export_fields: Sequence[str] = ()
    export_expressions: ClassVar[Mapping[str, Expression]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.actions = [*(cls.actions or ()), export_ticked]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.export_{self.opts.model_name}"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"export_url": self._export_url(request)} if self.has_export_permission(request) else {}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for the format, or answer a POST with the file: the selected rows, or all of the list."""
        if not (self.has_view_permission(request) and self.has_export_permission(request)):
            raise PermissionDenied
        try:
            listed: QuerySet[Any] = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self.reverse(f"{self.opts.model_name}_changelist"))
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        ticked = [pk for each in chosen if (pk := search.id_in(each)) is not None]
        rows = listed.filter(pk__in=ticked) if chosen else listed
        form = request.POST.get("format", "")
        if request.method == "POST" and (form in SEPARATORS or (form == XLSX and formats.can_write_xlsx())):
            return self._give(request, rows, form, ticked)
        return self.ask_for_format(request, rows, ticked)

    def ask_for_format(self, request: HttpRequest, rows: "QuerySet[Any]", ticked: Sequence[int] = ()) -> HttpResponse:
        counted = CappedPaginator(rows, PAGE)
        names = self.opts.verbose_name if counted.count == 1 else self.opts.verbose_name_plural
        count = f"{counted.count}+" if counted.capped else str(counted.count)
        context = {
            **site_context(self.admin_site, request),
            "title": _("Export"),
            "opts": self.opts,
            "what": f"{count} {names}",
            "pks": ticked,
            "checkbox": ACTION_CHECKBOX_NAME,
            "formats": _formats(),
            "action": self._export_url(request),
            "back": f"../?{request.GET.urlencode()}" if request.path.endswith("/export/") else request.get_full_path(),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/front_sms/export.html", context)

    def _export_url(self, request: HttpRequest) -> str:
        address = self.reverse(f"{self.opts.model_name}_export")
        return f"{address}?{request.GET.urlencode()}" if request.GET else address

    def _give(self, request: HttpRequest, rows: "QuerySet[Any]", form: str, ticked: Sequence[int]) -> HttpResponseBase:
        if form == XLSX and rows.order_by()[: formats.XLSX_ROWS + 1].count() > formats.XLSX_ROWS:
            limit = _("An Excel file cannot hold so many rows (%(n)s). Filter them, or choose CSV.")
            self.message_user(request, limit % {"n": formats.XLSX_ROWS}, messages.ERROR)
            return self.ask_for_format(request, rows, ticked)
        self._record(request, form, ticked)
        send_personal_data_read(request.user, self.opts.model, rows.values_list("pk", flat=True))
        columns = [self.export_expressions.get(name, name) for name in self.export_fields]
        pages = _pages(rows, columns, _readable(self.opts.model, self.export_fields))
        titles = _titles(self.opts.model, self.export_fields)
        if get_settings().contacts and self.number_field in self.export_fields:
            column = self.export_fields.index(self.number_field)
            titles.insert(column + 1, _("Name"))
            pages = named_pages(pages, column)
        name = f"{slugify(str(self.opts.verbose_name_plural))}-{timezone.localdate().isoformat()}"
        if form == XLSX:
            return FileResponse(formats.xlsx(titles, pages), as_attachment=True, filename=f"{name}.xlsx")
        chunks = formats.csv_chunks(titles, pages, SEPARATORS[form])
        return StreamingHttpResponse(
            _awaited(chunks) if isinstance(request, ASGIRequest) else chunks,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": content_disposition_header(True, f"{name}.csv")},
        )

    def _record(self, request: HttpRequest, form: str, ticked: Sequence[int]) -> None:
        """Write to the admin's history who exported which rows, without the numbers or words searched for."""
        chosen = {
            name: "…" if _OF_PEOPLE.intersection(name.split("__")) else value for name, value in request.GET.items()
        }
        which = ", ".join(f"#{pk}" for pk in ticked) or ", ".join(f"{name}={value}" for name, value in chosen.items())
        LogEntry.objects.create(
            user=request.user,  # type: ignore[misc]
            content_type=ContentType.objects.get_for_model(self.opts.model),
            object_repr=_("Export of %(what)s") % {"what": self.opts.verbose_name_plural},
            action_flag=CHANGE,
            change_message=f"{form}: {which or _('all')}",
        )


@action(description=gettext_lazy("Export"), permissions=["export"])
def export_ticked(screen: ExportAdmin, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse:
    """The list action: export the selected rows, or with "select all" all rows of the list."""
    across = request.POST.get("select_across") == "1"
    return screen.ask_for_format(request, queryset, [] if across else [row.pk for row in queryset.only("pk")])


def _formats() -> list[tuple[str, str]]:
    """The formats to choose from; first the one that Excel opens directly, by the decimal separator in use."""
    csv = [
        ("semicolon", _("CSV with semicolons: Excel where decimals have a comma, as in Norway")),
        ("comma", _("CSV with commas: Excel where decimals have a point, and most other programs")),
    ]
    if get_format("DECIMAL_SEPARATOR") != ",":
        csv.reverse()
    return [*csv, (XLSX, _("Excel workbook (XLSX)"))] if formats.can_write_xlsx() else csv


def _titles(model: Any, paths: Sequence[str]) -> list[str]:
    zone = f" ({timezone.get_current_timezone_name()})"
    fields = [model._meta.get_field(each.partition("__")[0]) for each in paths]
    kinds = [field.get_internal_type() for field in fields]
    names = [capfirst(str(field.verbose_name)) for field in fields]
    return [f"{name}{zone if kind == 'DateTimeField' else ''}" for name, kind in zip(names, kinds, strict=True)]


def _readable(model: Any, paths: Sequence[str]) -> list[Callable[[Any], Any]]:
    """A function for each column that formats its values: choices as labels, times in the current time zone.

    Language and time zone are determined here, because the stream is read after the request.
    """
    zone = timezone.get_current_timezone()

    def reader(name: str) -> Callable[[Any], Any]:
        field = model._meta.get_field(name.partition("__")[0])
        if field.get_internal_type() == "DateTimeField":
            return lambda at: at and timezone.make_naive(at, zone)
        words = {value: str(label) if value != "" else "" for value, label in field.flatchoices}
        return lambda value: words.get(value, value)

    return [reader(name) for name in paths]


def _pages(
    rows: "QuerySet[Any]", columns: Sequence[str | Expression], readable: Sequence[Callable[[Any], Any]]
) -> Iterator[list[list[Any]]]:
    """The rows, newest first, page by page; each page begins after the last key of the one before."""
    ordered = rows.order_by("-pk").prefetch_related(None)
    found: list[Any] = []
    while True:
        rest = ordered.filter(pk__lt=found[-1][0]) if found else ordered
        found = list(rest.values_list("pk", *columns)[:PAGE])
        yield [[read(value) for read, value in zip(readable, row[1:], strict=True)] for row in found]
        if len(found) < PAGE:
            return


async def _awaited(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """`chunks` as an async iterator: under ASGI, Django collects a plain iterator in memory first."""
    while chunk := await sync_to_async(lambda: next(chunks, b""))():
        yield chunk

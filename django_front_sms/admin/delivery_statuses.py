"""Delivery statuses that Front pushed (§2.3)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin import search
from django_front_sms.admin.badges import as_text, badge, moment
from django_front_sms.admin.filters import AccountFilter, MatchedFilter, ProblemFilter, ReceivedFilter
from django_front_sms.admin.readonly import TECHNICAL, ReadOnlyAdmin
from django_front_sms.models import DeliveryStatus
from django_front_sms.timeline import problem, status_in_words

_SHAPES = {"info": "tower", "good": "check", "bad": "cross", "warn": "warning"}


@admin.register(DeliveryStatus)
class DeliveryStatusAdmin(ReadOnlyAdmin):
    list_display = ("status_badge", "front_id", "message", "received", "account", "problem_")
    list_select_related = ("message",)
    sortable_by = ("received",)
    list_filter = (MatchedFilter, ProblemFilter, AccountFilter, ReceivedFilter)
    filter_fields = ("id", "message", "account", "gateway_id", "status", "received_at", "problem")
    search_fields = ("gateway_id",)
    search_help_text = _("Front's id")
    fieldsets = (
        (None, {"fields": ("status_badge", "message", "problem_", "received_at", "account")}),
        (_("Technical details"), {"classes": [TECHNICAL], "fields": ("front_id", "status", "raw_push")}),
    )
    readonly_fields = ("status_badge", "front_id", "raw_push")

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        return queryset.filter(search.by_id(term))

    def page_shows_personal_data(self, row: DeliveryStatus) -> bool:
        return bool(row.raw)

    @admin.display(description=_("problem"))
    def problem_(self, status: DeliveryStatus) -> str:
        return problem(status.problem)

    @admin.display(description=_("status"))
    def status_badge(self, row: DeliveryStatus) -> SafeString:
        title, level, _detail = status_in_words(row)
        return badge(level, _SHAPES[level], title)

    @admin.display(description=_("Front's id"), empty_value="—")
    def front_id(self, row: DeliveryStatus) -> str | None:
        return str(row.gateway_id) if row.gateway_id is not None else None

    @admin.display(description=_("received"), ordering="pk")
    def received(self, row: DeliveryStatus) -> SafeString | str:
        return moment(row.received_at)

    @admin.display(description=_("raw"))
    def raw_push(self, row: DeliveryStatus) -> str:
        return as_text(bytes(row.raw)[:10_000], len(row.raw))

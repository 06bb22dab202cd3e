"""Filters of lists: the accounts that a user may see, and the query parameters of the request."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from django_front_sms.access import visible
from django_front_sms.rest.serializers.input import validated_query

PAGE_PARAMETERS = ("cursor", "page_size")  # for the pagination class


class AccountAccessFilter(BaseFilterBackend):
    """Keeps the rows of accounts that the user may see, in lists and wherever a single row is looked up."""

    def filter_queryset(self, request: Request, queryset: "QuerySet[Any]", view: Any) -> "QuerySet[Any]":
        return visible(queryset, request.user, include_shared=view.include_shared_rows)


class QueryFilter(BaseFilterBackend):
    """Filters lists by the view's `query_serializer_class`: each field's `source` is a lookup."""

    def filter_queryset(self, request: Request, queryset: "QuerySet[Any]", view: Any) -> "QuerySet[Any]":
        if view.action != "list":
            return queryset
        query = validated_query(view.query_serializer_class, request)
        return queryset.filter(**{name: value for name, value in query.items() if name not in PAGE_PARAMETERS})

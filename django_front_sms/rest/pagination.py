"""Cursor pagination: all pages cost the same, and new rows do not shift them."""

import re
from typing import Any

from django.db.models import BigIntegerField
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from django_front_sms.rest.exceptions import InvalidQuery

MAX_PAGE_SIZE = 200
_CURSOR = re.compile(r"(older|newer)-([0-9]{1,19})")


class PrimaryKeyCursorPagination(CursorPagination):
    """Pages by primary key, newest first. A cursor reads `older-7` or `newer-7`, and excludes row 7 itself."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    ordering = "-pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        match = _CURSOR.fullmatch(text)
        if match is None or int(match[2]) > BigIntegerField.MAX_BIGINT:
            raise invalid_cursor()
        return Cursor(offset=0, reverse=match[1] == "newer", position=int(match[2]))

    def encode_cursor(self, cursor: Cursor) -> str:
        text = f"{'newer' if cursor.reverse else 'older'}-{cursor.position}"
        return str(replace_query_param(str(self.base_url), self.cursor_query_param, text))

    def get_next_link(self) -> str | None:
        if not self.has_next:
            return None
        position = self.page[-1].pk if self.page else min(self._position() + 1, BigIntegerField.MAX_BIGINT)
        return self.encode_cursor(Cursor(offset=0, reverse=False, position=position))

    def get_previous_link(self) -> str | None:
        if not self.has_previous:
            return None
        position = self.page[0].pk if self.page else max(self._position() - 1, 0)
        return self.encode_cursor(Cursor(offset=0, reverse=True, position=position))

    def _position(self) -> int:
        """The row of the request's cursor, which the links of an empty page include."""
        return int(self.cursor.position) if self.cursor and self.cursor.position else 0

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "properties": {
                "next": {**link, "description": "The page of older ones."},
                "previous": {**link, "description": "The page of newer ones."},
                "results": schema,
            },
            "required": ["next", "previous", "results"],
        }


def link_to_page(request: Request, cursor: object) -> str:
    """The address of this request, with another cursor."""
    return str(replace_query_param(request.build_absolute_uri(), "cursor", str(cursor)))


def invalid_cursor() -> InvalidQuery:
    text = _("This cursor is invalid. Use the address in `next` or `previous` of a page, or start at the first page.")
    return InvalidQuery({"cursor": [ErrorDetail(text, "invalid_cursor")]})

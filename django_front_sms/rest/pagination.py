"""Cursor pages: a page costs the same however far one turns, and rows that come meanwhile shift none."""

import re
from typing import Any

from django.db.models import BigIntegerField, Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param

from django_front_sms.rest.exceptions import BadQuery

_CURSOR = re.compile(r"(older|newer)-([0-9]{1,19})")
_BIGGEST = BigIntegerField.MAX_BIGINT


def page(
    request: Request, rows: "QuerySet[Any]", form: type[BaseSerializer[Any]], cursor: str | None, size: int
) -> Response:
    """The rows at the cursor, newest first, with the addresses of the pages around them."""
    direction, pk = _read(cursor)
    if direction == "newer":
        found = list(rows.filter(pk__gt=pk).order_by("pk")[: size + 1])
    else:
        found = list((rows if cursor is None else rows.filter(pk__lt=pk)).order_by("-pk")[: size + 1])
    more, shown = len(found) > size, found[:size]
    if direction == "newer":
        shown.reverse()
        older, newer = True, more
    else:
        older, newer = more, cursor is not None
    return Response(
        {
            "next": link(request, f"older-{_last(shown, pk)}") if older else None,
            "previous": link(request, f"newer-{_first(shown, pk)}") if newer else None,
            "results": form(shown, many=True, context={"request": request}).data,
        }
    )


def link(request: Request, cursor: str) -> str:
    """The address of this request, with another cursor."""
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))


def bad_cursor() -> BadQuery:
    words = _("This is no cursor. Take the address of a page from `next` or `previous`, or begin at the first one.")
    return BadQuery({"cursor": [ErrorDetail(words, "invalid_cursor")]})


def _read(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return "older", 0
    form = _CURSOR.fullmatch(cursor)
    if form is None or int(form[2]) > _BIGGEST:
        raise bad_cursor()
    return form[1], int(form[2])


def _last(shown: list[Model], pk: int) -> int:
    """The position below which the page after an empty one begins: everything up to where we were."""
    return int(shown[-1].pk) if shown else min(pk + 1, _BIGGEST)


def _first(shown: list[Model], pk: int) -> int:
    return int(shown[0].pk) if shown else max(pk - 1, 0)

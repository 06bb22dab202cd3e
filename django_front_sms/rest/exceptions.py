"""Errors as problem details (RFC 9457): `code` for programs, `detail` for people, in the language that they asked for.

`errors` says what is wrong where: each has a `pointer` into the body (RFC 6901), or names a `parameter` of the query or
a `header`. `index` is the place of a message among many; `invalid` lists the numbers of a bulk send that were refused.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.gateway.gsm import well_formed

MEDIA_TYPE = "application/problem+json"
_STATUSES = {"rate_limited": 429, "idempotency_mismatch": 409}  # other codes of InvalidMessage: 400
_MOST = 100  # errors that are listed
_LONGEST = 500  # characters of what a client wrote that are given back


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "body_too_large"


class BadQuery(exceptions.ValidationError):
    """`detail` is by query parameter, not by member of the body."""


class BadHeader(exceptions.ValidationError):
    """`detail` is by header."""


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The response for an exception; None where it is nobody's fault but ours, and is to be a 500."""
    problem = _problem(error)
    if problem is not None:
        set_rollback()
    return problem


def _problem(error: Exception) -> Response | None:
    match error:
        case InvalidMessage():
            members = {"index": error.index, "invalid": [well_formed(number) for number in error.invalid] or None}
            return problem(_STATUSES.get(error.code, 400), error.code, str(error), **members)
        case NotPossible():
            return problem(409, "not_possible", str(error))
        case Http404():
            return _of_drf(exceptions.NotFound(*error.args))
        case PermissionDenied():
            return _of_drf(exceptions.PermissionDenied(*error.args))
        case exceptions.ValidationError():
            errors = [{"code": code, "detail": text, **where} for where, code, text in _wrong(error)]
            detail = _("The request is not as it must be; `errors` says what is wrong where.")
            return problem(400, "invalid_request", detail, errors=errors[:_MOST])
        case exceptions.APIException():
            return _of_drf(error)
    return None


def _of_drf(error: exceptions.APIException) -> Response:
    codes = error.get_codes()  # some ways to log in raise more than one, as djangorestframework-simplejwt does
    code = codes if isinstance(codes, str) else error.default_code
    detail = next((str(leaf) for _path, leaf in _leaves(error.detail, ())), str(error.default_detail))
    response = problem(error.status_code, code, detail)
    if getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None) is not None:
        response["Retry-After"] = str(error.wait)  # type: ignore[attr-defined]
    return response


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """A problem; members that are None are left out."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    body |= {"detail": _shown(detail), **{name: value for name, value in members.items() if value is not None}}
    return Response(body, status=status, content_type=MEDIA_TYPE)


def _shown(text: str) -> str:
    return well_formed(text[:_LONGEST])


def _wrong(error: exceptions.ValidationError) -> Iterator[tuple[dict[str, str], str, str]]:
    """Where, which code and which words, for each leaf of DRF's nested errors."""
    for path, leaf in _leaves(error.detail, ()):
        if isinstance(error, BadQuery):
            where = {"parameter": _shown(path[0])}
        elif isinstance(error, BadHeader):
            where = {"header": path[0]}
        else:
            where = {"pointer": _shown("#" + "".join(f"/{step}" for step in map(_escaped, path)))}
        yield where, str(leaf.code), _shown(str(leaf))


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _leaves(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], exceptions.ErrorDetail]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _leaves(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _leaves(inner, path if isinstance(inner, str) else (*path, str(index)))
    else:
        yield path, detail

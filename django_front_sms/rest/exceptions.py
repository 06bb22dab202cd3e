"""Errors as problem details (RFC 9457): `code` for programs, `detail` for people, in the language of the request.

`errors` lists the errors of a request: each has a `pointer` into the body (RFC 6901), or names a `parameter` of the
query or a `header`. `index` is the position of a message among many; `invalid` lists the refused numbers of a bulk
send."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from django_front_sms.exceptions import InvalidMessage, NotPossible
from django_front_sms.gateway.gsm import well_formed

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100  # listed in one response
_STATUSES = {"rate_limited": 429, "idempotency_mismatch": 409}  # other codes of InvalidMessage: 400
_MAX_QUOTED = 500  # characters of a request that a response repeats


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "body_too_large"


class InvalidQuery(exceptions.ValidationError):
    """`detail` is by query parameter, not by member of the body."""


class InvalidHeader(exceptions.ValidationError):
    """`detail` is by header."""


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The response for an exception. None for unexpected exceptions, which become HTTP 500."""
    response = _response_for(error)
    if response is not None:
        set_rollback()
    return response


def _response_for(error: Exception) -> Response | None:
    match error:
        case InvalidMessage():
            members = {"index": error.index, "invalid": [well_formed(number) for number in error.invalid] or None}
            return problem_response(_STATUSES.get(error.code, 400), error.code, str(error), **members)
        case NotPossible():
            return problem_response(409, "not_possible", str(error))
        case SuspiciousOperation():  # such as too many parameters of a query
            return _for_api_exception(exceptions.ParseError(_("The request has too many parameters, or is too large.")))
        case Http404():
            return _for_api_exception(exceptions.NotFound(*error.args))
        case PermissionDenied():
            return _for_api_exception(exceptions.PermissionDenied(*error.args))
        case exceptions.ValidationError():
            errors = list(islice(_error_items(error), MAX_ERRORS))
            detail = _("The request is invalid; `errors` lists what is wrong.")
            return problem_response(400, "invalid_request", detail, errors=errors)
        case exceptions.APIException():
            return _for_api_exception(error)
    return None


def _for_api_exception(error: exceptions.APIException) -> Response:
    codes = error.get_codes()  # a dict from some authentication classes, such as djangorestframework-simplejwt's
    code = codes if isinstance(codes, str) else error.default_code
    detail = next((str(leaf) for _path, leaf in _leaves(error.detail, ())), str(error.default_detail))
    response = problem_response(error.status_code, code, detail)
    if getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None) is not None:
        response["Retry-After"] = str(error.wait)  # type: ignore[attr-defined]
    return response


def problem_response(status: int, code: str, detail: str, **members: Any) -> Response:
    """A response with a problem; members that are None are left out."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    body |= {"detail": _quoted(detail), **{name: value for name, value in members.items() if value is not None}}
    return Response(body, status=status, content_type=MEDIA_TYPE)


def _quoted(text: str) -> str:
    return well_formed(text[:_MAX_QUOTED])


def _error_items(error: exceptions.ValidationError) -> Iterator[dict[str, str]]:
    """Code, detail and place for each leaf of DRF's nested errors."""
    for path, leaf in _leaves(error.detail, ()):
        if isinstance(error, InvalidQuery):
            place = {"parameter": _quoted(path[0])}
        elif isinstance(error, InvalidHeader):
            place = {"header": path[0]}
        else:
            place = {"pointer": _quoted("#" + "".join(f"/{step}" for step in map(_escaped, path)))}
        yield {"code": str(leaf.code), "detail": _quoted(str(leaf)), **place}


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

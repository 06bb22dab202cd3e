"""Keeps texts and numbers out of error reports: Django's mails and debug pages, Sentry, and logs with local variables.

`redacted_view` decorates every view, `redacted_errors` the functions that sites call. The lines of a traceback stay;
the values in its frames, in the request and in messages of database errors go. See `docs/howto/error-reports.md`.
"""

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, ItemsView, Iterator
from types import FrameType
from typing import Any, TypeVar, cast

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.datastructures import MultiValueDict
from django.views.debug import SafeExceptionReporterFilter

F = TypeVar("F", bound=Callable[..., Any])

_SAFE_META = frozenset(
    {"REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"}
    | {"HTTP_HOST", "HTTP_USER_AGENT", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "REMOTE_ADDR", "wsgi.url_scheme"}
)


class ReportFilter(SafeExceptionReporterFilter):
    """The exception reporter filter of this app's requests, with `DEBUG` too: no values of fields or variables."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_safe_request_meta(self, request: Any) -> dict[str, Any]:
        return {name: value for name, value in super().get_safe_request_meta(request).items() if name in _SAFE_META}

    def get_safe_cookies(self, request: Any) -> dict[str, Any]:
        return dict.fromkeys(super().get_safe_cookies(request), self.cleansed_substitute)

    def get_post_parameters(self, request: Any) -> MultiValueDict[str, str]:
        names = list(request.POST)
        # Django reads the query and the files after this call, without this filter.
        _redact_request(request)
        return MultiValueDict({name: [self.cleansed_substitute] for name in names})

    def get_traceback_frame_variables(self, request: Any, tb_frame: FrameType) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()


def redacted_view(view: F) -> F:
    """Decorate a view: reports of its errors, and of errors in middleware around it, show no values of the request."""

    @functools.wraps(view)
    def redacted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.exception_reporter_filter = ReportFilter()
        try:
            return cast("HttpResponseBase", guarded(request, *args, **kwargs))
        except Exception:
            _redact_request(request)
            args, kwargs = (), {}
            raise

    guarded = redacted_errors(view)
    return cast("F", redacted)


def redacted_errors(function: F) -> F:
    """Decorate a function: its exceptions have no local variables and no values in messages of the database."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def redacted_coroutine(*args: Any, **kwargs: Any) -> Any:
            handled = sys.exception()
            try:
                return await function(*args, **kwargs)
            except Exception as error:
                args, kwargs = (), {}  # this frame stays in the traceback, with its variables
                redact(error, handled)
                raise

        return cast("F", redacted_coroutine)

    @functools.wraps(function)
    def redacted(*args: Any, **kwargs: Any) -> Any:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except Exception as error:
            args, kwargs = (), {}
            redact(error, handled)
            raise

    return cast("F", redacted)


def redact(error: BaseException, handled: BaseException | None = None) -> None:
    """Clear the frames of an exception and of its causes, and the values in their messages; up to `handled`, which was
    being handled before."""
    for each in _chain(error, handled):
        traceback.clear_frames(each.__traceback__)
        if isinstance(each, DatabaseError) and each.__cause__ is not None:
            each.__cause__.args = each.args = _without_values(each.__cause__)
        elif isinstance(each, UnicodeError) and len(each.args) == 5:  # `object` is the whole text
            reason = str(each.args[4])
            each.args = (type(each).__name__, reason)
            each.object = type(each.object)()  # type: ignore[attr-defined]  # of the two subclasses with five arguments


def _chain(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen = {id(handled), id(None)}
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def _without_values(cause: BaseException) -> tuple[Any, ...]:
    """The arguments of a database driver's exception without the row and the value that it quotes."""
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)  # psycopg and psycopg2
    if state:
        return (f"{type(cause).__name__} (SQLSTATE {state}); the details are left out.",)
    if cause.args and isinstance(cause.args[0], int):  # MySQL's drivers; callers tell errors apart by the number
        return (cause.args[0], f"{type(cause).__name__}; the details are left out.")
    return cause.args  # SQLite quotes no values


def _redact_request(request: Any) -> None:
    """Empty the query, the form, the files and the body of a request that has failed."""
    request.META["QUERY_STRING"] = ""
    for name in ("HTTP_REFERER", "RAW_URI", "REQUEST_URI"):  # URLs with queries
        if name in request.META:
            request.META[name] = str(request.META[name]).partition("?")[0]
    request.GET = QueryDict()
    # Private: `body`, `POST` and `FILES` cannot be set. `test_private_names` names the versions tried.
    request._post, request._files, request._body = QueryDict(), MultiValueDict(), b""

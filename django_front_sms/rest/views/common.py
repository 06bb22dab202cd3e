"""What all endpoints have in common."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from django_front_sms.error_reports import redacted_view
from django_front_sms.rest import exceptions
from django_front_sms.rest.parsers import Json
from django_front_sms.rest.permissions import HasPermissions
from django_front_sms.rest.schema import Schema
from django_front_sms.rest.throttling import Throttle


class JsonForAll(BaseContentNegotiation):
    """There is one form of each answer, whatever a client says that it accepts (RFC 9110, 12.4.1)."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


@method_decorator(redacted_view, name="dispatch")
class Endpoint(APIView):
    """Answers in JSON and refuses with problems. Who calls is authenticated as the site's DRF settings say.

    `needs`: the permissions of a method, without the app's label. `scopes`: its throttle, where that is another than
    for reading or sending.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    scopes: ClassVar[Mapping[str, str]] = {}

    renderer_classes = (JSONRenderer,)
    parser_classes = (Json,)
    permission_classes = (HasPermissions,)
    throttle_classes = (Throttle,)
    content_negotiation_class = JsonForAll
    versioning_class = None
    metadata_class = None
    http_method_names = ("get", "head", "post", "delete")
    schema = Schema()

    def get_exception_handler(self) -> Callable[..., Any]:
        return exceptions.answer


def row(rows: "QuerySet[Any]", pk: int) -> Any:
    """The row with this key. Raises `Http404`."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such row."))
    return found


@extend_schema(exclude=True)
class Nowhere(Endpoint):
    """Any other address below ours."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404(_("There is no such address. All of them end with a slash."))

"""The base classes of all endpoints."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django.db.models import Model
from django.http import Http404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import BasePagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from django_front_sms.redaction import redacted_view
from django_front_sms.rest.exceptions import exception_handler
from django_front_sms.rest.filters import AccountAccessFilter, QueryFilter
from django_front_sms.rest.pagination import PrimaryKeyCursorPagination
from django_front_sms.rest.parsers import StrictJSONParser
from django_front_sms.rest.permissions import HasRequiredPermissions
from django_front_sms.rest.schema import Schema
from django_front_sms.rest.serializers.input import PageQuerySerializer
from django_front_sms.rest.throttling import ActionRateThrottle
from django_front_sms.signals import send_personal_data_read

MAX_BODY_BYTES = 512 * 2**10  # one message of the longest text and metadata, each character escaped as `\ud83d\ude00`


class IgnoreClientContentNegotiation(BaseContentNegotiation):
    """Responds in JSON whatever the client accepts (RFC 9110, 12.4.1)."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


@method_decorator(redacted_view, name="dispatch")
class FrontSMSAPIView(APIView):
    """Responds in JSON and reports errors as problems. Authentication is the site's, from DRF's settings."""

    renderer_classes = (JSONRenderer,)
    parser_classes = (StrictJSONParser,)
    permission_classes = (HasRequiredPermissions,)
    throttle_classes = (ActionRateThrottle,)
    content_negotiation_class = IgnoreClientContentNegotiation
    versioning_class = None
    metadata_class = None
    http_method_names = ("get", "head", "post", "delete")
    schema = Schema()

    def get_exception_handler(self) -> Callable[..., Any]:
        return exception_handler

    def get_max_body_bytes(self) -> int:
        return MAX_BODY_BYTES


class FrontSMSViewSet(FrontSMSAPIView, GenericViewSet[Any]):
    """A viewset that declares, by action, its permissions, throttle scopes and limits of the body.

    `required_permissions` have no app label. `throttle_scopes` and `max_body_bytes` list the exceptions only.
    """

    required_permissions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    throttle_scopes: ClassVar[Mapping[str, str]] = {}
    max_body_bytes: ClassVar[Mapping[str, int]] = {}
    query_serializer_class: type[BaseSerializer[Any]] = PageQuerySerializer
    has_personal_data = True
    include_shared_rows = False  # those with an empty account, which belong to every account
    filter_backends = (AccountAccessFilter, QueryFilter)
    pagination_class: type[BasePagination] | None = PrimaryKeyCursorPagination

    def get_max_body_bytes(self) -> int:
        return self.max_body_bytes.get(self.action, MAX_BODY_BYTES)

    def get_object(self) -> Any:
        try:
            row = super().get_object()
        except Http404:
            raise Http404(_("There is no such row.")) from None
        if self.action != "destroy":
            self.send_read([row])
        return row

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        self.send_read(page or [])
        return page

    def send_read(self, rows: Iterable[Model]) -> None:
        """Send `personal_data_read` for rows that the response shows."""
        if not self.has_personal_data:
            return
        pks: defaultdict[type[Model], list[Any]] = defaultdict(list)
        for row in rows:
            pks[type(row)].append(row.pk)
        for model in pks:
            send_personal_data_read(self.request.user, model, pks[model])


@extend_schema(exclude=True)
class NotFoundView(FrontSMSAPIView):
    """Any other URL below the API: 404 as a problem, with or without authentication."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404(_("There is no such address. All addresses end with a slash."))

"""Saved texts, to read."""

from typing import ClassVar

from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from django_front_sms.models import SavedText
from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers.input import SavedTextQuerySerializer
from django_front_sms.rest.serializers.output import SavedTextSerializer
from django_front_sms.rest.views.common import FrontSMSViewSet


class SavedTextViewSet(ListModelMixin, RetrieveModelMixin, FrontSMSViewSet):
    queryset = SavedText.objects.all()
    serializer_class = SavedTextSerializer
    query_serializer_class = SavedTextQuerySerializer
    has_personal_data = False
    include_shared_rows = True
    required_permissions: ClassVar = {"list": ("view_savedtext",), "retrieve": ("view_savedtext",)}

    @operation(
        operation_id="list_saved_texts",
        summary="Saved texts, newest first",
        parameters=[SavedTextQuerySerializer],
        responses={200: SavedTextSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @operation(operation_id="read_saved_text", summary="One saved text", responses={200: SavedTextSerializer})
    def retrieve(self, request: Request, pk: int) -> Response:
        return super().retrieve(request, pk)

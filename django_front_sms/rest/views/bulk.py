"""Bulk sends: one text to many numbers by Front's bulk API (§2.4)."""

from typing import ClassVar

from django.db.models import Count
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms import sending
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.rest import idempotency
from django_front_sms.rest.permissions import author, check_may_send
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers.input import BulkSendQuerySerializer, NewBulkSendSerializer, validated_body
from django_front_sms.rest.serializers.output import BulkSendDetailSerializer, BulkSendSerializer
from django_front_sms.rest.throttling import SEND_MANY
from django_front_sms.rest.views.common import FrontSMSViewSet


class BulkSendViewSet(ListModelMixin, FrontSMSViewSet):
    queryset = BulkSend.objects.all()
    serializer_class = BulkSendSerializer
    query_serializer_class = BulkSendQuerySerializer
    required_permissions: ClassVar = {
        "list": ("view_bulksend",),
        "create": ("add_bulksend",),
        "retrieve": ("view_bulksend",),
    }
    throttle_scopes: ClassVar = {"create": SEND_MANY}

    @operation(
        operation_id="list_bulks",
        summary="Bulk sends, newest first",
        parameters=[BulkSendQuerySerializer],
        responses={200: BulkSendSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @operation(
        operation_id="send_bulk",
        summary="Send one text to many numbers",
        description="At most 2,000 numbers; each distinct one gets the text once, and no delivery status ever comes.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewBulkSendSerializer,
        responses={201: BulkSendSerializer},
    )
    def create(self, request: Request) -> Response:
        options = idempotency.with_header_key(request, validated_body(NewBulkSendSerializer, request))
        check_may_send(request, options)
        bulk = sending.send_bulk_sms(**options, created_by=author(request))
        idempotency.check_may_view(request, bulk)
        self.send_read([bulk])
        address = reverse("front_sms_rest:bulk", args=[bulk.pk], request=request)
        return Response(BulkSendSerializer(bulk).data, status=201, headers={"Location": address})

    @operation(
        operation_id="read_bulk",
        summary="One bulk send, and the states of its messages",
        responses={200: BulkSendDetailSerializer},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        bulk = self.get_object()
        messages = OutboundMessage.objects.filter(bulk=bulk).order_by()
        bulk.states = dict(messages.values_list("state").annotate(Count("pk")))
        return Response(BulkSendDetailSerializer(bulk).data)

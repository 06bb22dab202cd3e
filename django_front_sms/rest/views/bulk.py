"""Many messages in one request: each with words of its own, or one text to all by Front's bulk API."""

from typing import ClassVar

from django.db.models import Count
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms import sending
from django_front_sms.models import BulkSend, OutboundMessage
from django_front_sms.rest.exceptions import BadHeader
from django_front_sms.rest.pagination import page
from django_front_sms.rest.permissions import author
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import (
    HEADER,
    BulkQuery,
    NewBulk,
    NewMessages,
    body,
    idempotency_key,
    query,
)
from django_front_sms.rest.throttling import SEND_MANY
from django_front_sms.rest.views.common import Endpoint, row
from django_front_sms.rest.views.messages import allowed, keyed


class ManyMessages(Endpoint):
    needs: ClassVar = {"POST": ("add_outboundmessage",)}
    scopes: ClassVar = {"POST": SEND_MANY}

    @operation(
        operation_id="send_many_messages",
        summary="Send many messages, all or none",
        description="At most 10,000. Each has an `idempotency_key` of its own; there is none for the whole.",
        request=NewMessages,
        responses={201: output.Messages},
    )
    def post(self, request: Request) -> Response:
        if idempotency_key(request) is not None:
            words = _("Many messages have no common key. Give each its own idempotency_key in the body.")
            raise BadHeader({HEADER: [ErrorDetail(words, "invalid")]})
        asked = [allowed(request, message) for message in body(NewMessages, request)["messages"]]
        rows = sending.send_many_sms(asked, created_by=author(request))
        return Response(output.Messages({"messages": rows}).data, status=201)


class Bulks(Endpoint):
    needs: ClassVar = {"GET": ("view_bulksend",), "POST": ("add_bulksend",)}
    scopes: ClassVar = {"POST": SEND_MANY}

    @operation(
        operation_id="list_bulks",
        summary="Bulk sends, newest first",
        parameters=[BulkQuery],
        responses={200: output.page_of(output.Bulk)},
    )
    def get(self, request: Request) -> Response:
        asked = query(BulkQuery, request)
        rows = BulkSend.objects.all()
        if "account" in asked:
            rows = rows.filter(account=asked["account"])
        return page(request, rows, output.Bulk, asked.get("cursor"), asked["page_size"])

    @operation(
        operation_id="send_bulk",
        summary="Send one text to many numbers",
        description="At most 10,000 numbers; each distinct one gets the text once, and no delivery status ever comes.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewBulk,
        responses={201: output.Bulk},
    )
    def post(self, request: Request) -> Response:
        asked = keyed(request, allowed(request, body(NewBulk, request)))
        bulk = sending.send_bulk_sms(**asked, created_by=author(request))
        where = reverse("front_sms_rest:bulk", args=[bulk.pk], request=request)
        return Response(output.Bulk(bulk).data, status=201, headers={"Location": where})


class Bulk(Endpoint):
    needs: ClassVar = {"GET": ("view_bulksend",)}

    @operation(operation_id="read_bulk", summary="One bulk send, and how it went", responses={200: output.BulkInFull})
    def get(self, request: Request, pk: int) -> Response:
        bulk = row(BulkSend.objects.all(), pk)
        counted = OutboundMessage.objects.filter(bulk=bulk).order_by().values_list("state").annotate(Count("pk"))
        bulk.states = dict(counted)
        return Response(output.BulkInFull(bulk).data)

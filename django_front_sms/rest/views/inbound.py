"""Inbound messages, the files of an MMS, and answers to them."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from django_front_sms.conversations import light
from django_front_sms.downloads import download
from django_front_sms.models import InboundMessage
from django_front_sms.rest.pagination import page
from django_front_sms.rest.permissions import author
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import InboundQuery, NewReply, body, query
from django_front_sms.rest.views.common import Endpoint, row
from django_front_sms.rest.views.messages import allowed, created, keyed
from django_front_sms.timeline import of_inbound


class InboundMessages(Endpoint):
    needs: ClassVar = {"GET": ("view_inboundmessage",)}

    @operation(
        operation_id="list_inbound",
        summary="Inbound messages, newest first",
        parameters=[InboundQuery],
        responses={200: output.page_of(output.Inbound)},
    )
    def get(self, request: Request) -> Response:
        asked = query(InboundQuery, request)
        return page(request, _found(asked), output.Inbound, asked.get("cursor"), asked["page_size"])


def _found(asked: dict[str, Any]) -> "QuerySet[InboundMessage]":
    lookups = {
        "account": "account",
        "sender": "sender",
        "received_from": "received_at__gte",
        "received_to": "received_at__lt",
    }
    return light().filter(**{lookups[name]: asked[name] for name in lookups if name in asked})


class Inbound(Endpoint):
    needs: ClassVar = {"GET": ("view_inboundmessage",)}

    @operation(operation_id="read_inbound", summary="One inbound message", responses={200: output.Inbound})
    def get(self, request: Request, pk: int) -> Response:
        return Response(output.Inbound(row(light(), pk), context={"request": request}).data)


class InboundTimeline(Endpoint):
    needs: ClassVar = {"GET": ("view_inboundmessage",)}

    @operation(
        operation_id="read_inbound_timeline",
        summary="How a message came, and what was made of it",
        responses={200: output.Timeline},
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(output.Timeline({"entries": of_inbound(row(light(), pk))}).data)


class InboundFile(Endpoint):
    needs: ClassVar = {"GET": ("view_inboundmessage", "view_mmsfile")}

    @operation(
        operation_id="download_file",
        summary="A file of an MMS",
        description="Its bytes, as an attachment unless they were verified to be a picture.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, (200, "image/*"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int, file_pk: int) -> FileResponse:
        return download(request, pk, file_pk)


class Reply(Endpoint):
    needs: ClassVar = {"POST": ("view_inboundmessage", "add_outboundmessage")}

    @operation(
        operation_id="reply_to_inbound",
        summary="Answer an inbound message",
        description="From the number that was written to. A message from a text or a short code cannot be answered.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewReply,
        responses={201: output.Message},
    )
    def post(self, request: Request, pk: int) -> Response:
        message = row(InboundMessage.objects.defer("raw").select_related("in_reply_to"), pk)
        asked = keyed(request, allowed(request, body(NewReply, request)))
        return created(request, message.reply(**asked, created_by=author(request)))

"""Outgoing messages: one, or a page of them; and what a client may do to one."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms import sending
from django_front_sms.models import OutboundMessage
from django_front_sms.rest.exceptions import BadHeader
from django_front_sms.rest.pagination import page
from django_front_sms.rest.permissions import author, require
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import (
    HEADER,
    MessageQuery,
    NewMessage,
    body,
    idempotency_key,
    query,
)
from django_front_sms.rest.views.common import Endpoint, row
from django_front_sms.timeline import of_outbound


def allowed(request: Request, asked: dict[str, Any]) -> dict[str, Any]:
    """The same, where the user may ask for it. Raises `PermissionDenied`."""
    if asked.get("price") is not None:
        require(request, "set_price_outboundmessage")
    if asked.get("ignore_opt_out"):
        require(request, "ignore_opt_out_outboundmessage")
    return asked


def keyed(request: Request, asked: dict[str, Any]) -> dict[str, Any]:
    """The same, with the header's idempotency key. Raises `BadHeader` where the body has another."""
    key = idempotency_key(request)
    if key is None:
        return asked
    if asked.get("idempotency_key") not in (None, key):
        words = _("The body has another idempotency_key. Send one of them.")
        raise BadHeader({HEADER: [ErrorDetail(words, "invalid")]})
    return {**asked, "idempotency_key": key}


def created(request: Request, message: OutboundMessage) -> Response:
    """A new message, and where it is."""
    where = reverse("front_sms_rest:message", args=[message.pk], request=request)
    return Response(output.Message(message).data, status=201, headers={"Location": where})


class Messages(Endpoint):
    needs: ClassVar = {"GET": ("view_outboundmessage",), "POST": ("add_outboundmessage",)}

    @operation(
        operation_id="list_messages",
        summary="Outgoing messages, newest first",
        parameters=[MessageQuery],
        responses={200: output.page_of(output.Message)},
    )
    def get(self, request: Request) -> Response:
        asked = query(MessageQuery, request)
        return page(request, _found(asked), output.Message, asked.get("cursor"), asked["page_size"])

    @operation(
        operation_id="send_message",
        summary="Send one message",
        parameters=[IDEMPOTENCY_KEY],
        request=NewMessage,
        responses={201: output.Message},
    )
    def post(self, request: Request) -> Response:
        asked = keyed(request, allowed(request, body(NewMessage, request)))
        return created(request, sending.send_sms(**asked, created_by=author(request)))


def _found(asked: dict[str, Any]) -> "QuerySet[OutboundMessage]":
    lookups = {
        "state": "state",
        "account": "account",
        "recipient": "recipient",
        "bulk": "bulk_id",
        "created_from": "created_at__gte",
        "created_to": "created_at__lt",
    }
    return OutboundMessage.objects.filter(**{lookups[name]: asked[name] for name in lookups if name in asked})


class Message(Endpoint):
    needs: ClassVar = {"GET": ("view_outboundmessage",)}

    @operation(operation_id="read_message", summary="One outgoing message", responses={200: output.Message})
    def get(self, request: Request, pk: int) -> Response:
        return Response(output.Message(row(OutboundMessage.objects.all(), pk)).data)


class MessageTimeline(Endpoint):
    needs: ClassVar = {"GET": ("view_outboundmessage",)}

    @operation(
        operation_id="read_message_timeline", summary="What happened to a message", responses={200: output.Timeline}
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(output.Timeline({"entries": of_outbound(row(OutboundMessage.objects.all(), pk))}).data)


class Cancel(Endpoint):
    needs: ClassVar = {"POST": ("view_outboundmessage", "cancel_outboundmessage")}

    @operation(
        operation_id="cancel_message",
        summary="Take a queued message back",
        description="It ends `cancelled`, or `unconfirmed` where an earlier attempt may have reached Front.",
        request=None,
        responses={200: output.Message},
    )
    def post(self, request: Request, pk: int) -> Response:
        message = row(OutboundMessage.objects.all(), pk)
        message.cancel(by=author(request))
        return Response(output.Message(message).data)


class Resend(Endpoint):
    needs: ClassVar = {"POST": ("view_outboundmessage", "resend_outboundmessage")}

    @operation(
        operation_id="resend_message",
        summary="Send the same once more, as a new message",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={201: output.Message},
    )
    def post(self, request: Request, pk: int) -> Response:
        message = row(OutboundMessage.objects.all(), pk)
        allowed(request, {"price": message.price, "ignore_opt_out": message.ignore_opt_out})
        again = message.resend(by=author(request), idempotency_key=idempotency_key(request))
        return created(request, again)

"""Outgoing messages: sending one or many, reading, cancelling and resending them."""

from typing import ClassVar

from django.utils.translation import gettext as _
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms import sending
from django_front_sms.db import routing
from django_front_sms.models import OutboundMessage
from django_front_sms.rest import idempotency
from django_front_sms.rest.permissions import author, check_may_send
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers.input import (
    MessageQuerySerializer,
    NewMessageSerializer,
    NewMessagesSerializer,
    PageQuerySerializer,
    validated_body,
)
from django_front_sms.rest.serializers.output import (
    MessageSerializer,
    MessagesSerializer,
    ThreadSerializer,
    TimelineSerializer,
)
from django_front_sms.rest.throttling import SEND_MANY
from django_front_sms.rest.views.common import FrontSMSViewSet
from django_front_sms.rest.views.conversations import VIEW_CONVERSATION, ConversationMixin
from django_front_sms.signals import send_personal_data_read
from django_front_sms.timeline import of_outbound

MAX_BYTES_OF_MANY = 2**20


class MessageViewSet(ConversationMixin, ListModelMixin, RetrieveModelMixin, FrontSMSViewSet):
    queryset = OutboundMessage.objects.all()
    serializer_class = MessageSerializer
    query_serializer_class = MessageQuerySerializer
    required_permissions: ClassVar = {
        "list": ("view_outboundmessage",),
        "create": ("add_outboundmessage",),
        "many": ("add_outboundmessage",),
        "retrieve": ("view_outboundmessage",),
        "timeline": ("view_outboundmessage",),
        "cancel": ("view_outboundmessage", "cancel_outboundmessage"),
        "resend": ("view_outboundmessage", "resend_outboundmessage"),
        "conversation": VIEW_CONVERSATION,
    }
    throttle_scopes: ClassVar = {"many": SEND_MANY}
    max_body_bytes: ClassVar = {"many": MAX_BYTES_OF_MANY}

    @operation(
        operation_id="list_messages",
        summary="Outgoing messages, newest first",
        parameters=[MessageQuerySerializer],
        responses={200: MessageSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @operation(operation_id="read_message", summary="One outgoing message", responses={200: MessageSerializer})
    def retrieve(self, request: Request, pk: int) -> Response:
        return super().retrieve(request, pk)

    @operation(
        operation_id="send_message",
        summary="Send one message",
        parameters=[IDEMPOTENCY_KEY],
        request=NewMessageSerializer,
        responses={201: MessageSerializer},
    )
    def create(self, request: Request) -> Response:
        options = idempotency.with_header_key(request, validated_body(NewMessageSerializer, request))
        check_may_send(request, options)
        return created_response(request, sending.send_sms(**options, created_by=author(request)))

    @operation(
        operation_id="send_many_messages",
        summary="Send many messages, all or none",
        description="At most 1,000. Each has an `idempotency_key` of its own; there is none for the whole request.",
        request=NewMessagesSerializer,
        responses={201: MessagesSerializer},
    )
    @action(detail=False, methods=["post"])
    def many(self, request: Request) -> Response:
        if idempotency.key_from_header(request) is not None:
            text = _("Many messages have no common key. Give each its own idempotency_key in the body.")
            raise idempotency.invalid_header(text)
        messages = validated_body(NewMessagesSerializer, request)["messages"]
        check_may_send(request, *messages)
        with routing.atomic():
            rows = sending.send_many_sms(messages, created_by=author(request))
            for index, row in enumerate(rows):
                idempotency.check_may_view(request, row, index)
        self.send_read(rows)
        return Response(MessagesSerializer({"messages": rows}).data, status=201)

    @operation(
        operation_id="read_message_timeline", summary="What happened to a message", responses={200: TimelineSerializer}
    )
    @action(detail=True)
    def timeline(self, request: Request, pk: int) -> Response:
        return Response(TimelineSerializer({"entries": of_outbound(self.get_object())}).data)

    @operation(
        operation_id="cancel_message",
        summary="Cancel a queued message",
        description="It ends `cancelled`, or `unconfirmed` if an earlier attempt may have reached Front.",
        request=None,
        responses={200: MessageSerializer},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        message = self.get_object()
        message.cancel(by=author(request))
        return Response(MessageSerializer(message).data)

    @operation(
        operation_id="resend_message",
        summary="Send the same once more, as a new message",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={201: MessageSerializer},
    )
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: int) -> Response:
        message = self.get_object()
        names = ("account", "price", "ignore_opt_out")
        check_may_send(request, {name: getattr(message, name) for name in names})
        key = idempotency.key_from_header(request)
        return created_response(request, message.resend(by=author(request), idempotency_key=key))

    @operation(
        operation_id="read_conversation_of_message",
        summary="The conversation that an outgoing message belongs to",
        parameters=[PageQuerySerializer],
        responses={200: ThreadSerializer},
    )
    @action(detail=True)
    def conversation(self, request: Request, pk: int) -> Response:
        return self.conversation_response(request)


def created_response(request: Request, message: OutboundMessage) -> Response:
    """201 with the message and its address; raises `InvalidMessage` if a repeated key found another user's."""
    idempotency.check_may_view(request, message)
    send_personal_data_read(request.user, OutboundMessage, [message.pk])
    address = reverse("front_sms_rest:message", args=[message.pk], request=request)
    return Response(MessageSerializer(message).data, status=201, headers={"Location": address})

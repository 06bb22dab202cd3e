"""Inbound messages, the files of an MMS, and replies."""

from typing import ClassVar

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from django_front_sms.conversations import light, mark_handled, unmark_handled
from django_front_sms.downloads import download
from django_front_sms.rest import idempotency
from django_front_sms.rest.permissions import author, check_may_send
from django_front_sms.rest.schema import IDEMPOTENCY_KEY, operation
from django_front_sms.rest.serializers.input import (
    InboundMessageQuerySerializer,
    NewReplySerializer,
    PageQuerySerializer,
    validated_body,
)
from django_front_sms.rest.serializers.output import (
    HandledConversationSerializer,
    InboundMessageSerializer,
    MessageSerializer,
    ThreadSerializer,
    TimelineSerializer,
)
from django_front_sms.rest.views.common import FrontSMSViewSet
from django_front_sms.rest.views.conversations import VIEW_CONVERSATION, ConversationMixin
from django_front_sms.rest.views.messages import created_response
from django_front_sms.timeline import of_inbound


class InboundMessageViewSet(ConversationMixin, ListModelMixin, RetrieveModelMixin, FrontSMSViewSet):
    queryset = light()
    serializer_class = InboundMessageSerializer
    query_serializer_class = InboundMessageQuerySerializer
    required_permissions: ClassVar = {
        "list": ("view_inboundmessage",),
        "retrieve": ("view_inboundmessage",),
        "timeline": ("view_inboundmessage",),
        "file": ("view_inboundmessage", "view_mmsfile"),
        "reply": ("view_inboundmessage", "add_outboundmessage"),
        "handled": ("view_inboundmessage", "add_outboundmessage"),
        "unmark_handled": ("view_inboundmessage", "add_outboundmessage"),
        "conversation": VIEW_CONVERSATION,
    }

    @operation(
        operation_id="list_inbound",
        summary="Inbound messages, newest first",
        parameters=[InboundMessageQuerySerializer],
        responses={200: InboundMessageSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @operation(operation_id="read_inbound", summary="One inbound message", responses={200: InboundMessageSerializer})
    def retrieve(self, request: Request, pk: int) -> Response:
        return super().retrieve(request, pk)

    @operation(
        operation_id="read_inbound_timeline",
        summary="How a message arrived, and what was done with it",
        responses={200: TimelineSerializer},
    )
    @action(detail=True)
    def timeline(self, request: Request, pk: int) -> Response:
        return Response(TimelineSerializer({"entries": of_inbound(self.get_object())}).data)

    @operation(
        operation_id="download_file",
        summary="A file of an MMS",
        description="Its bytes, as an attachment unless they were verified to be a picture.",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, (200, "image/*"): OpenApiTypes.BINARY},
    )
    @action(detail=True)
    def file(self, request: Request, pk: int, file_pk: int) -> FileResponse:
        return download(request, self.get_object().pk, file_pk)

    @operation(
        operation_id="reply_to_inbound",
        summary="Answer an inbound message",
        description="From the number that was written to. A message from a text or a short code cannot be answered.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewReplySerializer,
        responses={201: MessageSerializer},
    )
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, pk: int) -> Response:
        message = self.get_object()
        options = idempotency.with_header_key(request, validated_body(NewReplySerializer, request))
        check_may_send(request, {**options, "account": message.account})
        return created_response(request, message.reply(**options, created_by=author(request)))

    @operation(
        operation_id="mark_handled",
        summary="Mark a conversation as handled, up to this message",
        description="It counts as answered until the next inbound message.",
        request=None,
        responses={200: HandledConversationSerializer},
    )
    @action(detail=True, methods=["post"])
    def handled(self, request: Request, pk: int) -> Response:
        message = self._in_conversation()
        mark = mark_handled(message.account, message.sender, by=author(request), up_to=message.pk)
        return Response(HandledConversationSerializer(mark).data)

    @operation(
        operation_id="unmark_handled",
        summary="Undo the mark of a conversation as handled",
        description="A conversation without a mark stays as it is.",
        responses={204: None},
    )
    @handled.mapping.delete
    def unmark_handled(self, request: Request, pk: int) -> Response:
        message = self._in_conversation()
        unmark_handled(message.account, message.sender)
        return Response(status=204)

    @operation(
        operation_id="read_conversation_of_inbound",
        summary="The conversation that an inbound message belongs to",
        parameters=[PageQuerySerializer],
        responses={200: ThreadSerializer},
    )
    @action(detail=True)
    def conversation(self, request: Request, pk: int) -> Response:
        return self.conversation_response(request)

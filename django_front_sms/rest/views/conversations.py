"""Conversations: both directions as one thread.

No URL has a phone number in its path, because servers and Django log paths: a conversation is identified by one of its
messages. The filter `number` is in the query, which Django does not log.
"""

from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms.access import accounts_of
from django_front_sms.conversations import Cursor, Message, counterpart, handled, thread, threads, written_at
from django_front_sms.models import OutboundMessage
from django_front_sms.rest.pagination import invalid_cursor, link_to_page
from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers.input import (
    ConversationQuerySerializer,
    PageQuerySerializer,
    validated_query,
)
from django_front_sms.rest.serializers.output import ConversationPageSerializer, ThreadSerializer
from django_front_sms.rest.views.common import FrontSMSViewSet

VIEW_CONVERSATION = ("view_outboundmessage", "view_inboundmessage")


class ConversationViewSet(FrontSMSViewSet):
    required_permissions: ClassVar = {"list": VIEW_CONVERSATION}
    query_serializer_class = ConversationQuerySerializer
    pagination_class = None

    @operation(
        operation_id="list_conversations",
        summary="Conversations, latest activity first",
        parameters=[ConversationQuerySerializer],
        responses={200: ConversationPageSerializer},
    )
    def list(self, request: Request) -> Response:
        query = validated_query(ConversationQuerySerializer, request)
        found = threads(
            account=query.get("account"),
            accounts=accounts_of(request.user),
            prefixes=[query["number"]] if "number" in query else None,
            unanswered=query.get("unanswered", False),
            before=_cursor(query),
            limit=query["page_size"],
        )
        # `threads` matches the beginning only.
        matching = [each for each in found.rows if each.number == query.get("number", each.number)]
        self.send_read(each.latest for each in matching)
        results = [
            {
                "account": each.account,
                "number": each.number,
                "url": _address(request, each.latest),
                "latest": _item(each.latest),
            }
            for each in matching
        ]
        page = {"next": link_to_page(request, found.before) if found.before else None, "results": results}
        return Response(ConversationPageSerializer(page, context={"request": request}).data)


class ConversationMixin:
    """For viewsets of messages: the conversation that a message belongs to."""

    def conversation_response(self, request: Request) -> Response:
        query = validated_query(PageQuerySerializer, request)
        message = self._in_conversation()
        number = counterpart(message)
        found = thread(message.account, number, before=_cursor(query), limit=query["page_size"])
        self.send_read(found.rows)  # type: ignore[attr-defined]
        page = {
            "account": message.account,
            "number": number,
            "handled": handled(message.account, number),
            "next": link_to_page(request, found.before) if found.before else None,
            "results": [_item(each) for each in found.rows],
        }
        return Response(ThreadSerializer(page, context={"request": request}).data)

    def _in_conversation(self) -> Any:
        """The message of the request. Raises `Http404` if it has no number, being unreadable or erased."""
        message = self.get_object()  # type: ignore[attr-defined]
        if not counterpart(message):
            raise Http404(_("This message belongs to no conversation: it has no number."))
        return message


def _cursor(query: dict[str, Any]) -> Cursor | None:
    if "cursor" not in query:
        return None
    try:
        return Cursor.parse(query["cursor"])
    except ValueError:
        raise invalid_cursor() from None


def _item(message: Message) -> dict[str, Any]:
    outbound = isinstance(message, OutboundMessage)
    return {
        "direction": "outbound" if outbound else "inbound",
        "at": written_at(message),
        "outbound": message if outbound else None,
        "inbound": None if outbound else message,
    }


def _address(request: Request, message: Message) -> str:
    name = "message" if isinstance(message, OutboundMessage) else "inbound"
    return reverse(f"front_sms_rest:{name}-conversation", args=[message.pk], request=request)

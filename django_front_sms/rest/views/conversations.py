"""Conversations: both directions as one thread.

No number stands in the path of an address, because servers and Django log paths: a conversation is found by one of its
messages. The filter `number` stands in the query, which Django does not log.
"""

from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms.conversations import Cursor, Message, counterpart, thread, threads, written_at
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.rest import pagination
from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import ConversationQuery, Paged, query
from django_front_sms.rest.views.common import Endpoint, row

VIEW = ("view_outboundmessage", "view_inboundmessage")


def _cursor(asked: dict[str, Any]) -> Cursor | None:
    if "cursor" not in asked:
        return None
    try:
        return Cursor.parse(asked["cursor"])
    except ValueError:
        raise pagination.bad_cursor() from None


def _exchanged(message: Message) -> dict[str, Any]:
    ours = isinstance(message, OutboundMessage)
    return {
        "direction": "outbound" if ours else "inbound",
        "at": written_at(message),
        "outbound": message if ours else None,
        "inbound": None if ours else message,
    }


def _address(request: Request, message: Message) -> str:
    name = "message" if isinstance(message, OutboundMessage) else "inbound"
    return reverse(f"front_sms_rest:{name}-conversation", args=[message.pk], request=request)


class Conversations(Endpoint):
    needs: ClassVar = {"GET": VIEW}

    @operation(
        operation_id="list_conversations",
        summary="Conversations, the latest word first",
        parameters=[ConversationQuery],
        responses={200: output.ConversationPage},
    )
    def get(self, request: Request) -> Response:
        asked = query(ConversationQuery, request)
        found = threads(
            account=asked.get("account"),
            prefixes=[asked["number"]] if "number" in asked else None,
            unanswered=asked.get("unanswered", False),
            before=_cursor(asked),
            limit=asked["page_size"],
        )
        results = [
            {
                "account": each.account,
                "number": each.number,
                "url": _address(request, each.latest),
                "latest": _exchanged(each.latest),
            }
            for each in found.rows
            if each.number == asked.get("number", each.number)  # not one that only begins so
        ]
        following = pagination.link(request, str(found.before)) if found.before else None
        form = output.ConversationPage({"next": following, "results": results}, context={"request": request})
        return Response(form.data)


class Conversation(Endpoint):
    """The conversation that a message belongs to."""

    needs: ClassVar = {"GET": VIEW}
    model: Any = OutboundMessage
    number = "recipient"

    @operation(
        operation_id="read_conversation_of_message",
        summary="The conversation that an outgoing message belongs to",
        parameters=[Paged],
        responses={200: output.Thread},
    )
    def get(self, request: Request, pk: int) -> Response:
        asked = query(Paged, request)
        message = row(self.model.objects.only("account", self.number), pk)
        number = counterpart(message)
        if not number:  # it could not be read, or was erased
            raise Http404(_("This message belongs to no conversation: it has no number."))
        found = thread(message.account, number, before=_cursor(asked), limit=asked["page_size"])
        answer = {
            "account": message.account,
            "number": number,
            "next": pagination.link(request, str(found.before)) if found.before else None,
            "results": [_exchanged(each) for each in found.rows],
        }
        return Response(output.Thread(answer, context={"request": request}).data)


class ConversationOfInbound(Conversation):
    model = InboundMessage
    number = "sender"

    @operation(
        operation_id="read_conversation_of_inbound",
        summary="The conversation that an inbound message belongs to",
        parameters=[Paged],
        responses={200: output.Thread},
    )
    def get(self, request: Request, pk: int) -> Response:
        return super().get(request, pk)

"""A text as it would arrive."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import Draft, body
from django_front_sms.rest.throttling import READ
from django_front_sms.rest.views.common import Endpoint
from django_front_sms.sending import preview_sms


class Preview(Endpoint):
    needs: ClassVar = {"POST": ("add_outboundmessage",)}
    scopes: ClassVar = {"POST": READ}

    @operation(
        operation_id="preview",
        summary="How a text would arrive, and in how many segments",
        description="Nothing is stored or sent.",
        request=Draft,
        responses={200: output.Arrival},
    )
    def post(self, request: Request) -> Response:
        asked = body(Draft, request)
        return Response(output.Arrival(preview_sms(asked["text"], unicode=asked.get("unicode"))).data)

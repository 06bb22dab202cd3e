"""A text as it would arrive."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers.input import PreviewRequestSerializer, validated_body
from django_front_sms.rest.serializers.output import PreviewSerializer
from django_front_sms.rest.throttling import READ
from django_front_sms.rest.views.common import FrontSMSViewSet
from django_front_sms.sending import preview_sms


class PreviewViewSet(FrontSMSViewSet):
    required_permissions: ClassVar = {"create": ("add_outboundmessage",)}
    throttle_scopes: ClassVar = {"create": READ}

    @operation(
        operation_id="preview",
        summary="How a text would arrive, and in how many segments",
        description="Nothing is stored or sent.",
        request=PreviewRequestSerializer,
        responses={200: PreviewSerializer},
    )
    def create(self, request: Request) -> Response:
        options = validated_body(PreviewRequestSerializer, request)
        return Response(PreviewSerializer(preview_sms(options["text"], unicode=options.get("unicode"))).data)

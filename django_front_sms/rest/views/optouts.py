"""Opt-outs: numbers that get no more messages."""

from typing import ClassVar

from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms.conf import get_settings
from django_front_sms.models import OptOut
from django_front_sms.optouts import opt_out
from django_front_sms.rest.permissions import author, check_account
from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers.input import NewOptOutSerializer, OptOutQuerySerializer, validated_body
from django_front_sms.rest.serializers.output import OptOutSerializer
from django_front_sms.rest.views.common import FrontSMSViewSet


class OptOutViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, FrontSMSViewSet):
    queryset = OptOut.objects.all()
    serializer_class = OptOutSerializer
    query_serializer_class = OptOutQuerySerializer
    required_permissions: ClassVar = {
        "list": ("view_optout",),
        "create": ("add_optout",),
        "retrieve": ("view_optout",),
        "destroy": ("delete_optout",),
    }

    @operation(
        operation_id="list_opt_outs",
        summary="Opt-outs, newest first",
        parameters=[OptOutQuerySerializer],
        responses={200: OptOutSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        return super().list(request)

    @operation(
        operation_id="opt_out",
        summary="Send no more to a number",
        description="A repeated request returns the existing opt-out.",
        request=NewOptOutSerializer,
        responses={201: OptOutSerializer},
    )
    def create(self, request: Request) -> Response:
        options = validated_body(NewOptOutSerializer, request)
        account = options.get("account", "default")
        check_account(request, account)
        get_settings().account(account)  # raises UnknownAccount
        row = opt_out(**options, by=(user := author(request)))
        if row.created_by != user and not request.user.has_perm("front_sms.view_optout"):
            row.created_by = row.message = None  # an earlier opt-out, which this user may not view
        self.send_read([row])
        address = reverse("front_sms_rest:opt-out", args=[row.pk], request=request)
        return Response(OptOutSerializer(row).data, status=201, headers={"Location": address})

    @operation(operation_id="read_opt_out", summary="One opt-out", responses={200: OptOutSerializer})
    def retrieve(self, request: Request, pk: int) -> Response:
        return super().retrieve(request, pk)

    @operation(operation_id="opt_in", summary="Remove an opt-out", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        return super().destroy(request, pk)

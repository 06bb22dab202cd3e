"""Opt-outs: who wants no more messages."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from django_front_sms.conf import get_settings
from django_front_sms.models import OptOut
from django_front_sms.optouts import opt_out
from django_front_sms.rest.pagination import page
from django_front_sms.rest.permissions import author
from django_front_sms.rest.schema import operation
from django_front_sms.rest.serializers import output
from django_front_sms.rest.serializers.input import NewOptOut, OptOutQuery, body, query
from django_front_sms.rest.views.common import Endpoint, row


class OptOuts(Endpoint):
    needs: ClassVar = {"GET": ("view_optout",), "POST": ("add_optout",)}

    @operation(
        operation_id="list_opt_outs",
        summary="Opt-outs, newest first",
        parameters=[OptOutQuery],
        responses={200: output.page_of(output.OptedOut)},
    )
    def get(self, request: Request) -> Response:
        asked = query(OptOutQuery, request)
        rows = OptOut.objects.filter(**{name: asked[name] for name in ("account", "number") if name in asked})
        return page(request, rows, output.OptedOut, asked.get("cursor"), asked["page_size"])

    @operation(
        operation_id="opt_out",
        summary="Send no more to a number",
        description="Asked again, it gives the opt-out that is there.",
        request=NewOptOut,
        responses={201: output.OptedOut},
    )
    def post(self, request: Request) -> Response:
        asked = body(NewOptOut, request)
        get_settings().account(asked.get("account", "default"))  # raises UnknownAccount
        made = opt_out(**asked, by=author(request))
        where = reverse("front_sms_rest:opt-out", args=[made.pk], request=request)
        return Response(output.OptedOut(made).data, status=201, headers={"Location": where})


class OneOptOut(Endpoint):
    needs: ClassVar = {"GET": ("view_optout",), "DELETE": ("delete_optout",)}

    @operation(operation_id="read_opt_out", summary="One opt-out", responses={200: output.OptedOut})
    def get(self, request: Request, pk: int) -> Response:
        return Response(output.OptedOut(row(OptOut.objects.all(), pk)).data)

    @operation(operation_id="opt_in", summary="Undo an opt-out", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        row(OptOut.objects.all(), pk).delete()
        return Response(status=204)

"""Throttles: how many requests a user may make in each scope."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

READ, SEND, SEND_MANY = "front_sms_read", "front_sms_send", "front_sms_send_many"
RATES = {READ: "600/min", SEND: "300/min", SEND_MANY: "10/min"}
"""Requests of one user, unless `REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]` names the scope; None there lifts it."""


class ActionRateThrottle(ScopedRateThrottle):
    """Limits a user's requests in the scope of the action: the view's `throttle_scopes`, otherwise by the method."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        scopes = getattr(view, "throttle_scopes", {})
        default = READ if request.method in SAFE_METHODS else SEND
        self.scope = scopes.get(getattr(view, "action", None), default)
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super(ScopedRateThrottle, self).allow_request(request, view)

    def get_rate(self) -> str | None:
        rates: dict[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate: str | None = rates.get(str(self.scope), RATES[str(self.scope)])
        return rate

"""For comparison with the engine: a Celery task per message, acknowledged late and retried on any exception."""

import http.client
import json
import random
from typing import Any
from urllib.parse import urlsplit

from celery import Celery

from tests.faults.gateway import now
from tests.faults.plan import Plan
from tests.faults.points import point

TASK = "tests.faults.baseline.send"


def replace_engine(app: Celery, plan: Plan) -> None:
    """Register the task, and disable the engine."""
    from django_front_sms import outbox

    outbox.sweep = lambda: None  # type: ignore[assignment]
    outbox.run = lambda *args, **kwargs: 0  # type: ignore[assignment]
    options: dict[str, Any] = {"name": TASK, "bind": True, "acks_late": True, "ignore_result": True}
    if plan.baseline == "delay":  # Celery's own defaults: three more tries, three minutes apart
        options |= {"autoretry_for": (Exception,), "default_retry_delay": 180 * plan.scale}

        @app.task(**options)
        def send(self: Any, pk: int) -> None:
            _send(pk, self.request.retries + 1)

    else:  # autoretry_for with retry_backoff and jitter, which Celery counts in whole seconds: too coarse to scale

        @app.task(**options, max_retries=5)
        def send_with_backoff(self: Any, pk: int) -> None:
            try:
                _send(pk, self.request.retries + 1)
            except Exception as error:
                raise self.retry(
                    exc=error, countdown=plan.scale * random.uniform(0, min(2**self.request.retries, 600))
                ) from error


def _send(pk: int, number: int) -> None:
    from django_front_sms.models import OutboundMessage

    point("before attempt")
    message = OutboundMessage.objects.get(pk=pk)
    answer = _post(message, f"{pk}:{number}:{now():.3f}")
    rows = OutboundMessage.objects.filter(pk=pk)
    point("before settle")
    if answer["errorcode"] == 0:
        rows.update(state="sent", gateway_id=answer["id"], next_at=None)
    else:
        rows.update(state="rejected", error_code=answer["errorcode"], next_at=None)
    point("after settle")


def _post(message: Any, tag: str) -> dict[str, Any]:
    """Send a simple request, and return the parsed answer. Raises for a status other than 200."""
    from django.conf import settings

    account = settings.FRONT_SMS["ACCOUNTS"]["default"]
    address = urlsplit(account["GATEWAY_URL"])
    connection = http.client.HTTPConnection(address.netloc, timeout=settings.FRONT_SMS["TIMEOUT"])
    request = {
        "serviceid": account["SERVICE_ID"],
        "fromid": message.sender,
        "phoneno": "00" + message.recipient.removeprefix("+"),
        "txt": message.text,
        "password": tag,
    }
    try:
        point("before write")
        connection.request("POST", f"{address.path}push.php", json.dumps(request), {"Content-Type": "application/json"})
        point("after write")
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"HTTP {response.status}")
        answer: dict[str, Any] = json.loads(response.read())
        int(answer["id"]), int(answer["errorcode"])
        point("after read")
        return answer
    finally:
        connection.close()

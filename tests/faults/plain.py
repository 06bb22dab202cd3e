"""For comparison, what most sites do: a Celery task per message, acknowledged late, retried on any exception."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from celery import Celery

from tests.faults.gateway import now

TASK = "tests.faults.plain.send"


def register(app: Celery) -> Any:
    @app.task(
        name=TASK,
        bind=True,
        acks_late=True,
        ignore_result=True,
        autoretry_for=(Exception,),
        retry_backoff=True,
        retry_backoff_max=60,
        max_retries=5,
    )
    def send(self: Any, pk: int) -> None:
        _send(pk, self.request.retries + 1)

    return send


def _send(pk: int, number: int) -> None:
    from django_front_sms.models import OutboundMessage

    message = OutboundMessage.objects.get(pk=pk)
    answer = _post(message, f"{pk}:{number}:{now():.3f}")
    rows = OutboundMessage.objects.filter(pk=pk)
    if answer["errorcode"] == 0:
        rows.update(state="sent", gateway_id=answer["id"], next_at=None)
    else:
        rows.update(state="rejected", error_code=answer["errorcode"], next_at=None)


def _post(message: Any, tag: str) -> dict[str, Any]:
    """The request as most would write it: a status of 200, and the answer's own words."""
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
        connection.request("POST", f"{address.path}push.php", json.dumps(request), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"HTTP {response.status}")
        answer: dict[str, Any] = json.loads(response.read())
        int(answer["id"]), int(answer["errorcode"])
        return answer
    finally:
        connection.close()

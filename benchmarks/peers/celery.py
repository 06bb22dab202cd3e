"""A Celery task for each message, in the simplest form: load the row, make the POST, save the row."""

import json
import os

import urllib3
from celery import Celery

from benchmarks.processes import Cost, cpu_of_family, database_server
from benchmarks.sending import enqueue
from benchmarks.worker import queue, until, worker

_pool = urllib3.PoolManager(maxsize=64, block=True, retries=False)

app = Celery("peer")  # without this app's tasks: a sweep in its worker would send the messages by this app's dispatch
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = f"{os.environ['BENCHMARK_QUEUE']}-peer"


@app.task(ignore_result=True)
def send(key: int) -> None:
    from django.utils import timezone

    from django_front_sms.models import OutboundMessage

    row = OutboundMessage.objects.get(pk=key)
    fields = {"serviceid": 1, "phoneno": row.recipient, "fromid": row.sender, "txt": row.text, "unicode": row.unicode}
    answer = _pool.request("POST", os.environ["BENCHMARK_GATEWAY"] + "push.php", body=json.dumps(fields))
    row.gateway_id, row.state, row.sent_at = json.loads(answer.data)["id"], "sent", timezone.now()
    row.save(update_fields=["gateway_id", "state", "sent_at"])


def send_all(url: str, count: int, processes: int) -> Cost:
    """Measure from the first message to the last, without the start of the worker and the queueing."""
    from django.db.models import Max, Min

    from django_front_sms.models import OutboundMessage

    OutboundMessage.objects.all().delete()
    enqueue(count)
    server = database_server()
    sent = OutboundMessage.objects.filter(state="sent")
    with queue(app):
        for key in OutboundMessage.objects.values_list("pk", flat=True):
            send.delay(key)
        with worker(url, processes, "benchmarks.peers.celery:app") as first:
            began = cpu_of_family(first), cpu_of_family(server)
            until(lambda: sent.count() == count)
            ended = cpu_of_family(first), cpu_of_family(server)
    times = sent.aggregate(first=Min("sent_at"), last=Max("sent_at"))
    OutboundMessage.objects.all().delete()
    seconds = (times["last"] - times["first"]).total_seconds() * count / (count - 1)
    return Cost(seconds, ended[0] - began[0], ended[1] - began[1])

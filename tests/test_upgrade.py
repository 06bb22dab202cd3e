"""A site of 0.1 upgrades with its rows: none is lost, none changes its meaning, what was queued still goes out once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from django_front_sms import send_sms
from django_front_sms.models import DeliveryStatus, InboundMessage, OutboundMessage
from django_front_sms.tasks import dispatch
from django_front_sms.testing import LocmemClient, outbox

OF_0_1 = "0004_plain_index_of_missed_statuses_on_mysql"
MOMENT = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
# As 0.1 wrote it, of recipient, sender, text, unicode and price.
DIGEST = "d6063f1afc1bd2333dc3635314e342cc"

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(to: str | None) -> Any:
    """The app's models as they stand after migration `to`, or after the latest."""
    executor = MigrationExecutor(connection)
    target = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "front_sms"]
    if to:
        target = [("front_sms", to)]
    return executor.migrate(target).apps


@pytest.fixture
def site_of_0_1() -> Iterator[Any]:
    yield migrate(OF_0_1)
    migrate(None)


def fill(apps: Any) -> None:
    def make(model: str, **values: Any) -> Any:
        return apps.get_model("front_sms", model).objects.create(**values)

    def message(**values: Any) -> Any:
        common = {"account": "default", "recipient": "+4799999999", "sender": "Mitt Firma", "created_at": MOMENT}
        return make("OutboundMessage", **{**common, **values})

    message(text="queued", next_at=MOMENT, idempotency_key="order-17", payload_digest=DIGEST)
    accepted = message(text="delivered", state="delivered", gateway_id=2**40, next_at=None, delivered_at=MOMENT)
    attempt = {"message": accepted, "number": 1, "token": "t", "twin_key": "k", "wire_digest": "d"}
    make("SendAttempt", **attempt, wire_recipient="+4799999999", wire_sender="Mitt Firma", claimed_at=MOMENT)
    make(
        "DeliveryStatus", message=accepted, account="default", gateway_id=2**40, status=4, raw=b"status=4", look_at=None
    )
    message(text="unconfirmed", state="unconfirmed", risk_at=MOMENT, next_at=None)
    bulk = make("BulkSend", account="default", sender="Mitt Firma", text="to all", recipients=1)
    message(text="to all", state="sent", bulk=bulk, next_at=None)
    inbound = make(
        "InboundMessage", account="default", gateway_id=7, sender="+4799999999", recipient="26114", text="Ja",
        api="json", raw=b"{}", identity="i" * 32, content_digest="c" * 32, announced=True, look_at=None,
        in_reply_to=accepted,
    )  # fmt: skip
    make("MmsFile", message=inbound, name="view.jpg", content_type="image/jpeg", file="front_sms/view.jpg", size=8)
    make("OptOut", account="default", number="+4799999998", since=MOMENT)
    make("AccountMemory", key="a" * 32, account="default", paused_at=MOMENT, pause_code=7)


def counts(apps: Any) -> dict[str, int]:
    rows = [model for model in apps.get_app_config("front_sms").get_models() if not model._meta.proxy]
    return {model.__name__: model._default_manager.count() for model in rows}


def test_every_row_is_there_afterwards_and_says_what_it_said(site_of_0_1: Any) -> None:
    fill(site_of_0_1)
    before = counts(site_of_0_1)
    after = counts(migrate(None))
    assert {name: after[name] for name in before} == before
    assert sum(before.values()) == 11
    delivered = OutboundMessage.objects.get(text="delivered")
    assert (delivered.state, delivered.gateway_id, delivered.delivered_at) == ("delivered", 2**40, MOMENT)
    assert delivered.send_attempts.get().wire_sender == "Mitt Firma"
    assert delivered.replies.get().files.get().size == 8
    assert bytes(DeliveryStatus.objects.get().raw) == b"status=4"
    assert InboundMessage.objects.get().in_reply_to == delivered
    assert OutboundMessage.objects.get(bulk__text="to all").state == "sent"
    assert OutboundMessage.objects.unconfirmed().get().risk_at == MOMENT


def test_a_key_of_0_1_asked_for_again_still_sends_once(site_of_0_1: Any, settings: Any) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CLIENT": f"{LocmemClient.__module__}.{LocmemClient.__name__}"}
    outbox.clear()
    fill(site_of_0_1)
    migrate(None)
    old = OutboundMessage.objects.get(idempotency_key="order-17")
    again = send_sms("+4799999999", "queued", sender="Mitt Firma", idempotency_key="order-17")
    dispatch()
    assert again == old
    assert [sms.text for sms in outbox] == ["queued"]

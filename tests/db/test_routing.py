"""All rows are read from the database that they are written to, also with a router for reads."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections, models
from django.test import Client, override_settings

from django_front_sms import health, outbox, send_sms, signals
from django_front_sms.db.routing import atomic, connection, on_commit, write_alias
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import Event, InboundMessage, OptOut, OutboundMessage, primary
from django_front_sms.states import State
from django_front_sms.testing import FrontSMS
from tests.configuration import configure
from tests.factories import DeliveryStatusFactory, InboundMessageFactory

NUMBER = "+4799999999"


class ReplicaForReads:
    """The usual set-up: this app's rows are written to `default`, and read from a replica."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return "second" if model._meta.app_label == "front_sms" else None

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        return "default" if model._meta.app_label == "front_sms" else None

    def allow_relation(self, *rows: models.Model, **hints: Any) -> bool:
        return True


class AllInSecond:
    """A router for a site with all tables in another database than `default`."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return "second"

    db_for_write = db_for_read


@pytest.fixture
def second(db: None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A second database, migrated, and without a row: a copy of one that the first of these tests has migrated."""
    migrated, file = tmp_path_factory.getbasetemp() / "migrated.sqlite3", tmp_path / "second.sqlite3"
    if migrated.exists():
        shutil.copy(migrated, file)
    added = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    connections.settings["second"] = connections.configure_settings({"default": {}, "second": added})["second"]
    database = connections["second"]
    # Django allows a test only the databases that there were when it began.
    database.ensure_connection = lambda: database.connection or database.connect()
    try:
        if not migrated.exists():
            call_command("migrate", database="second", verbosity=0)
            shutil.copy(file, migrated)
        yield
    finally:
        database.close()
        del connections["second"], connections.settings["second"]


@contextmanager
def routed(router: type, **further: Any) -> Iterator[None]:
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.{router.__name__}"], **further):
        yield


@pytest.fixture
def frozen_replica(second: None) -> Iterator[None]:
    """Reads are routed to a replica that receives no changes."""
    with routed(ReplicaForReads):
        yield


@pytest.fixture
def elsewhere(second: None) -> Iterator[None]:
    """All tables are in the second database, and a query to `default` fails."""

    def refused(*args: Any) -> None:
        raise AssertionError("a query went to the database `default`")

    with routed(AllInSecond), pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections["default"], "cursor", refused)
        yield


@pytest.fixture(params=["frozen_replica", "elsewhere"])
def front(request: pytest.FixtureRequest, settings: Any) -> Iterator[FrontSMS]:
    configure(settings, SENDER="2012")
    request.getfixturevalue(request.param)
    with FrontSMS() as front:
        yield front


class TestTheMainJob:
    def test_a_message_is_sent_and_its_status_is_folded(self, front):
        message = send_sms(NUMBER, "Hei")
        front.run()
        message.refresh_from_db()
        assert (message.state, message.attempts, message.send_attempts.count()) == (State.SENT, 1, 1)
        front.push_status(message, 4)
        assert message.state == State.DELIVERED
        assert {status.message for status in message.statuses.all()} == {message}

    def test_a_reply_is_stored_matched_and_delivered_once(self, front):
        replies = []

        def hear(message, **kwargs):
            replies.append(message.in_reply_to)

        message = send_sms(NUMBER, "Kommer du?")
        front.run()
        signals.message_received.connect(hear)
        try:
            inbound = front.receive_sms(NUMBER, "Ja")
        finally:
            signals.message_received.disconnect(hear)
        assert (inbound.in_reply_to, replies) == (message, [message])
        assert not Event.objects.filter(next_at__isnull=False).exists()

    def test_a_repeated_idempotency_key_gives_the_earlier_row(self, front):
        first = send_sms(NUMBER, "Hei", idempotency_key="a")
        assert send_sms(NUMBER, "Hei", idempotency_key="a") == first

    def test_stop_is_obeyed(self, front):
        send_sms(NUMBER, "Hei")
        front.run()
        front.receive_sms(NUMBER, "STOP")
        assert OptOut.objects.count() == 1
        with pytest.raises(InvalidMessage) as caught:
            send_sms(NUMBER, "Hei igjen")
        assert caught.value.code == "opted_out"

    def test_decisions_and_limits_see_what_was_just_written(self, front):
        message = send_sms(NUMBER, "Hei")
        assert message.cancel() == State.CANCELLED
        assert message.decisions.get().message == message
        assert not outbox.has_due()

    def test_staff_see_it_in_the_admin(self, front):
        message = send_sms(NUMBER, "Hei på deg")
        front.run()
        inbound = front.receive_sms(NUMBER, "Hei tilbake")
        browser = Client()
        browser.force_login(User.objects.create_superuser("boss"))
        for path in (
            "outboundmessage/",
            f"outboundmessage/{message.pk}/change/",
            "inboundmessage/",
            f"inboundmessage/{inbound.pk}/change/",
            "conversation/",
            "dashboard/",
        ):
            assert browser.get(f"/admin/front_sms/{path}").status_code == 200
        assert NUMBER in browser.get("/admin/front_sms/outboundmessage/").content.decode()

    @pytest.mark.urls("tests.rest.urls")
    def test_clients_see_it_over_rest(self, front):
        browser = Client()
        browser.force_login(User.objects.create_superuser("boss"))
        sent = browser.post("/api/sms/messages/", {"to": NUMBER, "text": "Hei"}, "application/json").json()
        shown = browser.get(f"/api/sms/messages/{sent['id']}/").json()
        listed = browser.get("/api/sms/messages/").json()["results"]
        assert (shown["text"], [each["id"] for each in listed]) == ("Hei", [sent["id"]])

    def test_the_health_page_reads_it(self, front, rf):
        front.run()
        assert health.view(rf.get("/")).status_code == 200


class TestEveryRead:
    def test_each_model_reads_from_where_it_is_written(self, frozen_replica):
        for model in OutboundMessage._meta.app_config.get_models(include_auto_created=True):
            for manager in (model._default_manager, model._base_manager):
                assert isinstance(manager.all(), primary.PrimaryQuerySet), model
                assert manager.all().db == "default", model

    def test_related_managers_and_prefetching_read_from_where_they_are_written(self, frozen_replica):
        message = send_sms(NUMBER, "Hei")
        DeliveryStatusFactory(message=message)
        InboundMessageFactory(in_reply_to=message)
        assert (message.statuses.count(), message.replies.count()) == (1, 1)
        assert InboundMessage.objects.get().in_reply_to == message
        (fetched,) = OutboundMessage.objects.prefetch_related("statuses", "replies")
        assert (len(fetched.statuses.all()), len(fetched.replies.all())) == (1, 1)

    def test_using_overrides_the_router(self, frozen_replica):
        send_sms(NUMBER, "Hei")
        assert OutboundMessage.objects.using("second").count() == 0

    def test_transactions_are_opened_on_the_database_of_the_writes(self, elsewhere):
        done = []
        with atomic():
            assert write_alias() == connection().alias == "second"
            assert connections["second"].in_atomic_block
            on_commit(lambda: done.append(1))
            assert not done
        assert done

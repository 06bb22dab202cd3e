"""Connections that a worker keeps from job to job, and replaces where the server has ended them."""

import pytest
from celery import Celery, Task
from celery.app.trace import build_tracer
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from django_front_sms import tasks
from django_front_sms.db.connections import close_broken_connections
from django_front_sms.models import OutboundMessage


def end_the_connection() -> None:
    """The server ends the connection, which Django does not notice."""
    connection.ensure_connection()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    other.close()


@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_connection_from_job_to_job():
    connection.ensure_connection()
    kept = connection.connection
    connection.close_at = 0  # as with `CONN_MAX_AGE = 0`
    close_broken_connections()
    assert connection.connection is kept


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_is_replaced():
    end_the_connection()
    close_broken_connections()
    assert OutboundMessage.objects.count() == 0


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.dispatch, tasks.deliver_events, tasks.sweep, tasks.purge])
def test_a_celery_worker_that_keeps_connections_replaces_those_too(task: "Task"):
    end_the_connection()
    as_a_worker = build_tracer(task.name, task, app=task.app, propagate=True)
    as_a_worker("an-id", (), {}, {"is_eager": False})
    assert OutboundMessage.objects.count() == 0


@pytest.mark.postgresql
@pytest.mark.mysql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("tasks_of_one", "is_kept"), [(1000, True), (0, False)])
def test_celery_keeps_connections_where_the_guide_says_so(settings, tasks_of_one: int, is_kept: bool):
    settings.CELERY_DB_REUSE_MAX = tasks_of_one
    app = Celery("yoursite", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    connection.ensure_connection()
    kept = connection.connection
    DjangoWorkerFixup(app).close_database()  # what Celery calls before and after each task
    assert (connection.connection is kept) is is_kept

"""Fixtures for all tests: a broker and a media folder of their own, clocks that the test moves, recorded hints.

Missing servers are reported.
"""

import gc
import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import SimpleTestCase

from django_front_sms import events
from example_project.celery import app as celery_app
from tests.clock import FakeClock

REQUIRE_SERVICES = os.environ.get("REQUIRE_SERVICES") == "1"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"
_folders = itertools.count()
VENDORS = ("postgresql", "mysql", "sqlite")
HOMES = {"browser": "tests/browser/", "faults": "tests/faults/", "nginx": "tests/docs/"}  # where make looks for them


def missing(reason: str) -> None:
    """Skip the test, or fail it if `REQUIRE_SERVICES=1` promises that all servers are there."""
    if REQUIRE_SERVICES:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    celery_app.set_default()  # with the broker of tests.settings: no task goes to one that happens to run here


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Delete the rows of a transactional test on PostgreSQL, as Django does on MySQL: there are few, and TRUNCATE makes
    new files for each table and index."""

    def sql_flush(self: Any, style: Any, tables: Iterable[str], **options: bool) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]

    if connection.vendor == "postgresql":
        type(connection.ops).sql_flush = sql_flush


def pytest_collection_finish() -> None:
    """Leave the modules of all tests out of later garbage collections, which would look through them each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that `make test` leaves to another target is where that target finds it. `make test-services` leaves out
    the tests without a database or a server: `make test` has run them, and they would only be repeated."""
    for item in items:
        for mark, home in HOMES.items():
            if item.get_closest_marker(mark) and not item.nodeid.startswith(home):
                raise pytest.UsageError(f"{item.nodeid} is marked `{mark}`, so it belongs into {home}")
    if REQUIRE_SERVICES and connection.vendor != "sqlite":
        repeated = [item for item in items if not _uses_services(item)]
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if _uses_services(item)]


def _uses_services(item: pytest.Item) -> bool:
    """Whether a test may use the database, which pytest-django refuses to all others, or a server."""
    fixtures: list[str] = getattr(item, "fixturenames", [])
    is_django_test_case = issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
    marks = ("django_db", "redis", *VENDORS)
    databases = {"db", "transactional_db", "live_server"}
    return is_django_test_case or bool(databases & set(fixtures)) or any(map(item.get_closest_marker, marks))


@pytest.fixture(autouse=True)
def _right_database(request: pytest.FixtureRequest) -> None:
    """A test marked `postgresql`, `mysql` or `sqlite` runs where that is the database in use."""
    wanted = [vendor for vendor in VENDORS if request.node.get_closest_marker(vendor)]
    if wanted and connection.vendor not in wanted:
        pytest.skip(f"needs {' or '.join(wanted)}, and runs on {connection.vendor} (DATABASE_URL, make test-services)")


@pytest.fixture
def redis_url() -> str:
    """The address of a Redis server that answers: REDIS_URL, or the one on this machine."""
    import redis

    try:
        redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        missing(f"no Redis server answers at {REDIS_URL} ({error}); set REDIS_URL")
    return REDIS_URL


@pytest.fixture(autouse=True)
def _needs_redis(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("redis"):
        request.getfixturevalue("redis_url")


@pytest.fixture(autouse=True)
def media(settings) -> Path:
    """The folder for this test's MMS files, which the first file creates: most tests have none."""
    settings.MEDIA_ROOT = f"{settings.MEDIA_ROOT}/{next(_folders)}"
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that stands still unless the test moves it."""
    clock = FakeClock()
    monkeypatch.setattr("django_front_sms.db.clock.source", clock)
    monkeypatch.setattr("django_front_sms.jobs._swept", None)  # a time of the real clock, or of another test
    return clock


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were hinted at; none reaches a broker."""
    given: list[str] = []
    monkeypatch.setattr(events, "hint", given.append)
    monkeypatch.setattr(events.hints, "hint", given.append)
    return given

"""Fixtures for all tests: a broker and a media folder of their own, clocks that the test moves, recorded hints.

Missing servers are reported.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from django_front_sms import events
from example_project.celery import app as celery_app
from tests.clock import FakeClock

REQUIRE_SERVICES = os.environ.get("REQUIRE_SERVICES") == "1"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/9"
VENDORS = ("postgresql", "mysql", "sqlite")
HOMES = {"browser": "tests/browser/", "faults": "tests/faults/", "nginx": "tests/docs/"}  # where make looks for them


def missing(reason: str) -> None:
    """Skip the test, or fail it if `REQUIRE_SERVICES=1` promises that all servers are there."""
    if REQUIRE_SERVICES:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_configure(config: pytest.Config) -> None:
    celery_app.set_default()  # with the broker of tests.settings: no task goes to one that happens to run here


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that `make test` leaves to another target is where that target finds it."""
    for item in items:
        for mark, home in HOMES.items():
            if item.get_closest_marker(mark) and not item.nodeid.startswith(home):
                raise pytest.UsageError(f"{item.nodeid} is marked `{mark}`, so it belongs into {home}")


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
def media(settings, tmp_path: Path) -> Iterator[Path]:
    """The folder for this test's MMS files."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    yield tmp_path / "media"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock that stands still unless the test moves it."""
    clock = FakeClock()
    monkeypatch.setattr("django_front_sms.db.clock.source", clock)
    return clock


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were hinted at; none reaches a broker."""
    given: list[str] = []
    monkeypatch.setattr(events, "hint", given.append)
    monkeypatch.setattr(events.hints, "hint", given.append)
    return given

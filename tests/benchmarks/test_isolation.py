"""Each run of the benchmarks has a Redis database and a queue of its own."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from benchmarks import isolation
from benchmarks.isolation import CLAIM, ForeignKeys, NoFreeDatabase, isolated

pytestmark = pytest.mark.redis


@pytest.fixture
def free(redis_url: str) -> str:
    """The address of a database that is empty now."""
    with isolated(redis_url) as resources:
        return resources.redis_url


@pytest.fixture
def server(free: str) -> Iterator[Any]:
    """A client of that database; what the test left there is removed."""
    with redis.Redis.from_url(free, decode_responses=True) as client:
        yield client
        client.delete("a queue of another program", CLAIM)


def number(url: str) -> str:
    return urlsplit(url).path


def test_the_named_database_is_taken_if_it_is_empty(free: str) -> None:
    with isolated(free) as resources:
        assert resources.redis_url == free


def test_two_runs_take_two_databases_two_queues_and_two_folders(free: str) -> None:
    with isolated(free) as one, isolated(free) as other:
        assert number(one.redis_url) != number(other.redis_url)
        assert one.queue != other.queue and one.folder != other.folder
        assert one.environment()["BENCHMARK_DATABASE"] != other.environment()["BENCHMARK_DATABASE"]


def test_a_database_with_anything_in_it_is_left_alone(free: str, server: Any) -> None:
    server.lpush("a queue of another program", "a task")
    with isolated(free) as resources:
        assert resources.redis_url != free
    assert server.llen("a queue of another program") == 1


def test_the_claim_names_the_process_expires_and_is_gone_at_the_end(free: str, server: Any) -> None:
    with isolated(free):
        assert server.get(CLAIM) == str(os.getpid())
        assert 0 < server.ttl(CLAIM) <= isolation.CLAIM_LASTS
    assert server.dbsize() == 0


def test_the_keys_of_the_runs_queue_are_removed(free: str, server: Any) -> None:
    with isolated(free) as resources:
        server.lpush(resources.queue, "a task")
        server.sadd(f"_kombu.binding.{resources.queue}", "x")
        for kept_by_kombu in ("_kombu.binding_deadlines", "_kombu.binding.celery.pidbox", "unacked_mutex"):
            server.set(kept_by_kombu, "x")
    assert server.dbsize() == 0


def test_the_key_of_another_process_makes_the_run_fail_and_stays(free: str, server: Any) -> None:
    with pytest.raises(ForeignKeys, match=r"a queue of another program.*not valid"), isolated(free):
        server.lpush("a queue of another program", "a task")
    assert server.keys() == ["a queue of another program"]


def test_without_an_empty_database_the_error_says_what_to_do(free: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_order", lambda first, count: [first])
    with isolated(free), pytest.raises(NoFreeDatabase, match=r"FLUSHDB.*REDIS_URL="), isolated(free):
        pass


def test_database_0_is_taken_only_where_it_is_named() -> None:
    assert isolation._order(14, 16) == [14, 15, *range(1, 14)]
    assert isolation._order(0, 3) == [0, 1, 2]


def test_the_resources_are_named_in_the_environment(free: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
    with isolated(free) as resources:
        assert resources.environment().items() <= os.environ.items()
        assert "CELERY_BROKER_URL" not in os.environ, "Celery would prefer it to the broker of the run"
        assert resources.folder.is_dir()
    assert os.environ["CELERY_BROKER_URL"] == "redis://127.0.0.1:6379/0"
    assert "BENCHMARK_QUEUE" not in os.environ and not resources.folder.exists()

"""Transactions of the engine: their isolation, and their repetition after a deadlock."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from django_front_sms.db.transactions import TRIES, nested_transaction, short_transaction
from django_front_sms.models import AccountState
from tests.isolation import has_snapshot_isolation
from tests.parallel import run_parallel

DECORATORS = [short_transaction, nested_transaction]
Decorator = Callable[[Callable[[], int]], Callable[[], int]]

pytestmark = [pytest.mark.postgresql, pytest.mark.mysql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def repeatable_read() -> Iterator[None]:
    """The site has chosen REPEATABLE READ, with MariaDB's snapshot isolation where the server knows it."""
    before = connection.settings_dict["OPTIONS"]
    options = {"isolation_level": "repeatable read"}
    if connection.vendor == "mysql" and has_snapshot_isolation():
        options["init_command"] = "SET SESSION innodb_snapshot_isolation = ON"
    if connection.vendor == "postgresql":
        options = {"options": "-c default_transaction_isolation=repeatable\\ read"}
    connection.close()
    connection.settings_dict["OPTIONS"] = {**before, **options}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = before


def _account(key: str):
    AccountState.objects.create(key=key, account=key)
    return AccountState.objects.filter(key=key)


def _add_ten_elsewhere(key: str) -> None:
    def add() -> None:
        AccountState.objects.filter(key=key).update(claims=F("claims") + 10)
        connection.close()

    thread = threading.Thread(target=add)
    thread.start()
    thread.join(30)


@pytest.mark.usefixtures("repeatable_read")
@pytest.mark.parametrize("decorator", DECORATORS)
def test_what_another_process_commits_meanwhile_is_seen_and_nothing_is_repeated(decorator: Decorator):
    row = _account("a")
    seen = []

    @decorator
    def work() -> int:
        seen.append(row.get().claims)
        _add_ten_elsewhere("a")
        seen.append(row.get().claims)
        return row.update(claims=F("claims") + 1)

    assert work() == 1
    assert seen == [0, 10]
    assert row.get().claims == 11


@pytest.mark.usefixtures("repeatable_read")
def test_a_transaction_of_the_site_keeps_its_isolation():
    row = _account("a")
    _add_ten_elsewhere("a")
    short_transaction(lambda: row.update(claims=F("claims") + 1))()
    with transaction.atomic():
        assert row.get().claims == 11
        _add_ten_elsewhere("a")
        assert row.get().claims == 11
    assert row.get().claims == 21


@pytest.mark.parametrize("decorator", DECORATORS)
def test_after_a_deadlock_the_transaction_that_was_rolled_back_is_repeated(decorator: Decorator):
    rows = [_account("a"), _account("b")]
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def opposite(order: list) -> Callable[[], int]:
        first_try = True

        @decorator
        def work() -> int:
            nonlocal first_try
            order[0].update(claims=F("claims") + 1)
            tries.append("a try")
            if first_try:
                first_try = False
                both_hold_one.wait(30)
            return order[1].update(claims=F("claims") + 1)

        return work

    run_parallel(opposite(rows), opposite(rows[::-1]))
    assert [row.get().claims for row in rows] == [2, 2]
    assert len(tries) > 2, "there was no deadlock"


@pytest.mark.parametrize("decorator", DECORATORS)
def test_the_last_try_raises_the_error(decorator: Decorator, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    row = _account("a")
    tries: list[str] = []

    @decorator
    def work() -> int:
        tries.append("a try")
        row.update(claims=F("claims") + 1)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("DO $$ BEGIN RAISE 'deadlock' USING ERRCODE = '40P01'; END $$")
            else:
                cursor.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'deadlock'")
        return 1

    with pytest.raises(OperationalError, match="deadlock"):
        work()
    assert len(tries) == TRIES
    assert row.get().claims == 0

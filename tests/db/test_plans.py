"""How PostgreSQL reads in transactions of the engine. MariaDB estimates rows by the index, SQLite always takes it."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from django_front_sms.db.transactions import nested_transaction, short_transaction

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def never_analyzed() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE never_analyzed (id integer, key text) WITH (autovacuum_enabled = off)")
        cursor.execute(
            "INSERT INTO never_analyzed SELECT number, md5(number::text) FROM generate_series(1, 3000) number"
        )
        cursor.execute("CREATE INDEX ON never_analyzed (key)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE never_analyzed")


def _plan_for_many_keys() -> str:
    keys = [str(number) for number in range(300)]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT id FROM never_analyzed WHERE key = ANY(%s)", [keys])
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.usefixtures("never_analyzed")
@pytest.mark.parametrize("decorator", [short_transaction, nested_transaction])
def test_a_table_that_was_never_analyzed_is_read_by_its_index(
    decorator: Callable[[Callable[[], str]], Callable[[], str]],
):
    assert "Seq Scan" in _plan_for_many_keys()
    assert "Seq Scan" not in decorator(_plan_for_many_keys)()
    assert "Seq Scan" in _plan_for_many_keys()  # the site's own transactions keep its settings

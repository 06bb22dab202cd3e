"""Functions run at the same time, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def run_parallel(*works: Callable[[], Any]) -> list[Any]:
    """Run all functions at the same time; return their results, or raise the first exception."""
    gate = threading.Barrier(len(works))
    results: list[Any] = []
    failures: list[BaseException] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(30)
            results.append(work())
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if failures:
        raise failures[0]
    assert len(results) == len(works), "one of them did not come to an end"
    return results

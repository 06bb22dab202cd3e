"""Work done by several processes at once, and what it cost: time, CPU of the workers and of PostgreSQL, statements."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """`seconds` from the start until the last was done; CPU seconds of all workers, and of the database's processes."""

    seconds: float
    worker: float = 0.0
    database: float = 0.0
    statements: int = 0
    memory: int = 0  # KiB that the largest worker held at its end


def together(processes: int, work: Callable[[], Any]) -> Cost:
    """Do `work` in so many processes, forked from this one, starting at the same moment."""
    from django.db import connections

    connections.close_all()  # no connection may be shared with a child
    context = multiprocessing.get_context("fork")
    gate, told = context.Barrier(processes + 1), context.Queue()
    children = [context.Process(target=_work, args=(work, gate, told)) for _ in range(processes)]
    for child in children:
        child.start()
    gate.wait(60)
    began = time.perf_counter()
    costs: list[Cost] = [told.get(timeout=3600) for _ in children]
    took = time.perf_counter() - began
    for child in children:
        child.join()
    return Cost(
        took,
        sum(cost.worker for cost in costs),
        sum(cost.database for cost in costs),
        sum(cost.statements for cost in costs),
        max(cost.memory for cost in costs),
    )


def _work(work: Callable[[], Any], gate: Any, told: Any) -> None:
    from django.db import connection

    statements = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += len(params) if many else 1
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    database = connection.connection.info.backend_pid if connection.vendor == "postgresql" else None
    gate.wait(60)
    ours, theirs = time.process_time(), cpu_of(database)
    with connection.execute_wrapper(count):
        work()
    told.put(Cost(0, time.process_time() - ours, cpu_of(database) - theirs, statements, memory()))
    connection.close()


def cpu_of(pid: int | None) -> float:
    """CPU seconds that a process of this machine has used; 0 where it cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory() -> int:
    """KiB of memory that this process holds now."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

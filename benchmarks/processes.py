"""Run a function in several processes, and measure time, CPU of the processes and of PostgreSQL, and statements."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """`seconds` from the start until the last process was done; CPU seconds of all workers, and of the database server.

    `busy`: the share of all CPU time of the machine that was used in that time, by any process.
    """

    seconds: float
    worker: float = 0.0
    database: float = 0.0
    statements: int = 0
    memory: int = 0  # KiB that the largest worker held at its end
    busy: float = 0.0


def run_in_processes(processes: int, work: Callable[[], Any]) -> Cost:
    """Run `work` in several processes, forked from this one, that start at the same moment."""
    from django.db import connections

    server = database_server()
    connections.close_all()  # no connection may be shared with a child
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(processes + 1), context.Queue()
    children = [context.Process(target=_work, args=(work, gate, results)) for _ in range(processes)]
    for child in children:
        child.start()
    database, (at_work, idle) = cpu_of_family(server), _machine()
    gate.wait(60)
    began = time.perf_counter()
    costs: list[Cost] = [results.get(timeout=3600) for _ in children]
    took = time.perf_counter() - began
    database, at_work, idle = cpu_of_family(server) - database, _machine()[0] - at_work, _machine()[1] - idle
    for child in children:
        child.join()
    return Cost(
        took,
        sum(cost.worker for cost in costs),
        database,
        sum(cost.statements for cost in costs),
        max(cost.memory for cost in costs),
        at_work / (at_work + idle),
    )


def _work(work: Callable[[], Any], gate: Any, results: Any) -> None:
    from django.db import connection

    statements = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += len(params) if many else 1
        return execute(sql, params, many, context)

    connection.ensure_connection()
    gate.wait(60)
    began = time.process_time()
    with connection.execute_wrapper(count):
        work()
    results.put(Cost(0, time.process_time() - began, statements=statements, memory=memory()))
    connection.close()


def database_server() -> int | None:
    """The main process of the database server; None if it is not PostgreSQL on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    connection.ensure_connection()
    try:
        return int(_stat(connection.connection.info.backend_pid)[1])
    except OSError:
        return None


def cpu_of_family(pid: int | None) -> float:
    """CPU seconds of a process and its children, including finished ones; 0 if the process is not visible."""
    try:
        own = _stat(pid)
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            living = children.read().split()
    except OSError:
        return 0.0
    return sum(map(int, own[11:15])) / _TICKS + sum(cpu_of_family(int(child)) for child in living)


def _stat(pid: int | None) -> list[str]:
    """The fields of /proc/PID/stat from the state on: [1] is the parent, [11:15] the CPU of it and its children."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()


def _machine() -> tuple[int, int]:
    """The busy and the idle time of all cores together, since the machine started."""
    with open("/proc/stat") as stat:
        user, nice, system, idle, waiting, *others = map(int, stat.readline().split()[1:9])
    return user + nice + system + sum(others), idle + waiting


def memory() -> int:
    """The present memory of this process, in KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

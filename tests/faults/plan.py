"""The parameters of one run: its duration, its messages and its faults."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal, Self

Database = Literal["postgresql", "sqlite", "mariadb"]
# Celery's, `front_sms worker`, or Django's tasks with the backend of django-tasks-db
Pool = Literal["prefork", "threads", "gevent", "command", "tasks"]
EnvironmentFault = Literal[
    "",
    "read-only",
    "full-disk",
    "no-descriptors",
    "no-connections",
    "statement-timeout",
    "ended-sessions",
    "clock-steps",
    "hidden-clock-steps",
    "no-memory",
    "no-threads",
    "failover-sync",
    "failover-hosts",
    "failover-async",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`scale` 1 means Front's real 120 s; at 0.1 every time is a tenth. `seconds` is the duration of the faults in real
    time. `fault_rate` is the share of requests with a fault of the gateway, `ambiguous_rate` the share of texts that it
    accepts at first, and then gives no clear answer to until the duplicate window has passed."""

    name: str = "run"
    seed: int = 1
    database: Database = "postgresql"
    transport: Literal["json", "get", "both"] = "json"
    pool: Pool = "prefork"  # only prefork has child processes; with the others each kill ends the whole worker
    messages: int = 120
    kills: int = 20
    seconds: float = 60
    scale: float = 0.1
    fault_rate: float = 0.35
    ambiguous_rate: float = 0.02
    twins: float = 0.15
    mixed: bool = True  # all kinds of messages, delivery statuses, inbound messages, and decisions by a person
    disturb: bool = True  # freezes, clock steps and faults of servers besides the kills
    environment_fault: EnvironmentFault = ""  # a fault of the database or the machine
    environment_fault_count: int = 0
    removed: str = ""  # a rule of `removed.py`, or several joined by +
    baseline: str = ""  # "backoff" or "delay": a Celery task per message with such retries, instead of the engine
    settle_timeout: float = 240  # seconds after the last fault in which everything must settle

    @property
    def inbound(self) -> int:
        """Return the number of inbound messages."""
        return self.messages // 6 if self.mixed else 0

    @property
    def least_gateway_faults(self) -> float:
        """More requests than this must have a fault of the gateway: without faults a run proves nothing."""
        return self.messages / 10

    @property
    def window(self) -> float:
        return 120 * self.scale

    @property
    def timeout(self) -> float:
        return 10 * self.scale

    @property
    def margin(self) -> float:
        return 15 * self.scale

    @property
    def lease(self) -> float:
        return 1.5 * self.timeout + self.margin

    @property
    def loses_commits(self) -> bool:
        return self.environment_fault == "failover-async"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

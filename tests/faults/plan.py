"""One run: how long it lasts, what it sends, and what it is put through."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal, Self

Database = Literal["postgresql", "sqlite", "mariadb"]
# Celery's, `front_sms worker`, or Django's tasks with the backend of django-tasks-db
Pool = Literal["prefork", "threads", "gevent", "command", "tasks"]
Ordeal = Literal[
    "",
    "read-only",
    "full-disk",
    "no-descriptors",
    "no-connections",
    "statement-timeout",
    "ended-sessions",
    "clock-steps",
    "no-memory",
    "no-threads",
    "failover-sync",
    "failover-hosts",
    "failover-async",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`scale` 1 means Front's real 120 s; at 0.1 every time is a tenth. `seconds` is how long faults go on, in real
    time. `trouble` is the share of requests that the gateway answers badly, `stubborn` the share of messages that it
    accepts at once and then leaves without a clear answer until the window is over."""

    name: str = "run"
    seed: int = 1
    database: Database = "postgresql"
    transport: Literal["json", "get", "both"] = "json"
    pool: Pool = "prefork"  # only prefork has children, so elsewhere each kill is the whole worker's
    messages: int = 120
    kills: int = 20
    seconds: float = 60
    scale: float = 0.1
    trouble: float = 0.35
    stubborn: float = 0.02
    twins: float = 0.15
    mixed: bool = True  # all kinds of messages, delivery statuses, inbound messages, and a person who decides
    disturb: bool = True  # servers, freezes and clocks besides the kills
    ordeal: Ordeal = ""  # what the surroundings refuse, again and again
    ordeals: int = 0  # how often
    removed: str = ""  # a rule of `removed.py`, or several with a + between
    plain: str = ""  # "backoff" or "delay": a Celery task per message, retried that way, instead of the engine
    patience: float = 240  # seconds for everything to settle when the faults are over

    @property
    def inbound(self) -> int:
        """How many inbound messages come."""
        return self.messages // 6 if self.mixed else 0

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
        return self.ordeal == "failover-async"

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

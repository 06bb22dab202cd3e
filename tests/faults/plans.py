"""The runs that are made: a short slice for each change, and the long ones whose figures are published."""

from collections.abc import Mapping
from dataclasses import replace

from tests.faults.plan import Plan

# ---- The slice: each a minute or two

SLICE = Plan(name="PostgreSQL", seed=1, messages=140, kills=24, seconds=50, stubborn=0.05)
KILL_SLICES = [
    Plan(name="SQLite", database="sqlite", seed=2, messages=60, kills=12, seconds=25, disturb=False),
    Plan(name="MariaDB", database="mariadb", transport="get", seed=3, messages=60, kills=12, seconds=25, disturb=False),
]
# Killed and stopped, warm and cold, in Celery's other pools: the one with threads, the one with greenlets.
POOL_SLICES = [
    Plan(name=f"pool: {pool}", pool=pool, seed=7, messages=60, kills=12, seconds=25) for pool in ("threads", "gevent")
]

# Killed and stopped: the worker without Celery.
COMMAND_SLICES = [
    Plan(name=f"front_sms worker, {name}", pool="command", database=name, seed=8, messages=60, kills=12, seconds=25)
    for name in ("postgresql", "sqlite")
]
# No kills and a gateway that answers well: each answer that is lost is the engine's fault.
ORDEALS = [
    Plan(
        name=ordeal,
        ordeal=ordeal,
        seed=9,
        messages=400,
        kills=0,
        ordeals=16,
        seconds=30,
        trouble=0,
        stubborn=0,
        twins=0,
        mixed=False,
        disturb=False,
    )
    for ordeal in ("read-only", "full-disk", "no-descriptors")
]
# One kind of fault each, which the ones above mix or do not have: only in the long run.
MORE_ORDEALS = [
    replace(ORDEALS[0], name=ordeal, ordeal=ordeal, scale=0.5)
    for ordeal in ("no-connections", "statement-timeout", "ended-sessions", "clock-steps", "no-memory", "no-threads")
]
# The primary is lost three times; its standby goes on, and gets a new standby.
FAILOVERS = [
    replace(ORDEALS[0], name=ordeal, ordeal=ordeal, ordeals=3, seconds=45, scale=0.5)
    for ordeal in ("failover-sync", "failover-hosts", "failover-async")
]
FAILOVER_SLICE = replace(FAILOVERS[0], name="failover", messages=120, ordeals=1, seconds=16)

# ---- Rules taken away, and how that must show

CONTROL = Plan(
    name="all rules in place",
    seed=5,
    messages=60,
    kills=0,
    seconds=20,
    mixed=False,
    disturb=False,
    trouble=0.5,
    stubborn=0.5,
    twins=0.4,
    patience=120,
)
SHOWS_AS = {
    "twin lock": ("twins in the window", "falsely sent"),
    "first attempt": ("doubled",),
    "5xx is ambiguous": ("falsely rejected",),
    "margin": ("doubled",),
    "end of the window": ("doubled",),
    "rescue": ("lost",),
    "an answer is its own message's": ("ids crossed",),
    "4 beats -1": ("wrong status",),
    "an event for each change": ("missing event",),
    "one event for each change": ("doubled event",),
    "stored, then acknowledged": ("inbound lost",),
    "an inbound message's identity": ("inbound doubled",),
}
# All of these at once still show each its own crime; the slice makes that one run of them.
TOGETHER = tuple(SHOWS_AS)[5:]
_MIXED = replace(
    CONTROL, mixed=True, transport="both", messages=120, kills=20, trouble=0.2, stubborn=0.0, twins=0.15, patience=120
)
WITHOUT = {rule: replace(CONTROL, name=f"without: {rule}", removed=rule, patience=30) for rule in SHOWS_AS}
WITHOUT["5xx is ambiguous"] = replace(WITHOUT["5xx is ambiguous"], stubborn=0.0, trouble=0.9)
WITHOUT |= {rule: replace(_MIXED, name=f"without: {rule}", removed=rule) for rule in TOGETHER}
WITHOUT["rescue"] = replace(WITHOUT["rescue"], patience=40)  # it never settles
WITHOUT_SEVERAL = replace(_MIXED, name="without several rules at once", patience=40, removed="+".join(TOGETHER))


def is_found_out(removed: str, crimes: Mapping[str, int]) -> bool:
    """Whether a run without these rules shows each crime that they prevent."""
    return all(crimes[crime] for rule in removed.split("+") for crime in SHOWS_AS[rule])


# ---- The long runs

LONG = [
    Plan(name=f"engine, seed {seed}", seed=seed, transport="both", messages=700, kills=120, seconds=400)
    for seed in (101, 102)
]
LONG_KILLS = [replace(plan, messages=300, kills=50, seconds=150, disturb=True) for plan in KILL_SLICES]
LONG_COMMAND = [replace(plan, messages=300, kills=50, seconds=150) for plan in COMMAND_SLICES]
LONG_POOLS = [replace(plan, messages=300, kills=50, seconds=150) for plan in POOL_SLICES]
PLAIN = [
    replace(
        LONG[0], mixed=False, name=f"plain task, {how}", plain=how, patience=480
    )  # Redis' visibility time-out is 360 s here
    for how in ("backoff", "delay")
]

# ---- The campaign: an hour on two cores, three runs at a time. The one in real time takes all of it.

HOUR = Plan(
    name="PostgreSQL, real 120 s, seed 200",
    seed=200,
    transport="both",
    messages=900,
    kills=120,
    seconds=3500,
    scale=1,
    patience=1800,
)
_LONGEST = [
    Plan(
        name=f"PostgreSQL, seed {seed}",
        seed=seed,
        transport="both",
        messages=1600,
        kills=200,
        seconds=720,
        patience=600,
    )
    for seed in (201, 202, 203, 204)
]
_WORKERS = [
    replace(
        _LONGEST[0],
        name=f"PostgreSQL, {name}, seed {seed}",
        seed=seed,
        pool=pool,
        messages=1000,
        kills=130,
        seconds=500,
    )
    for name, pool, seed in (
        ("threads", "threads", 205),
        ("gevent", "gevent", 206),
        ("front_sms worker", "command", 207),
        ("django.tasks", "tasks", 208),
    )
]
_DATABASES = [
    replace(_LONGEST[0], name=f"{name}, seed {seed}", seed=seed, database=database, messages=700, kills=80, seconds=320)
    for name, database, seed in (("SQLite", "sqlite", 209), ("MariaDB", "mariadb", 210))
]
CAMPAIGN = [HOUR, *_LONGEST, *_WORKERS, *_DATABASES]

"""The runs: a short selection for each change, and the long runs whose results are published."""

from collections.abc import Mapping
from dataclasses import replace

from tests.faults.plan import Plan

# ---- The short selection: a minute or two each

SLICE = Plan(name="PostgreSQL", seed=1, messages=140, kills=24, seconds=50, ambiguous_rate=0.05)
KILL_SLICES = [
    Plan(name="SQLite", database="sqlite", seed=2, messages=60, kills=12, seconds=25, disturb=False),
    Plan(name="MariaDB", database="mariadb", transport="get", seed=3, messages=60, kills=12, seconds=25, disturb=False),
]
# Celery's pools of threads and of greenlets.
POOL_SLICES = [
    Plan(name=f"pool: {pool}", pool=pool, seed=7, messages=60, kills=12, seconds=25) for pool in ("threads", "gevent")
]

# The worker without Celery.
COMMAND_SLICES = [
    Plan(name=f"front_sms worker, {name}", pool="command", database=name, seed=8, messages=60, kills=12, seconds=25)
    for name in ("postgresql", "sqlite")
]
# Without kills and faults of the gateway, the engine must not lose an answer.
ENVIRONMENT_FAULTS = [
    Plan(
        name=fault,
        environment_fault=fault,
        seed=9,
        messages=400,
        kills=0,
        environment_fault_count=16,
        seconds=30,
        fault_rate=0,
        ambiguous_rate=0,
        twins=0,
        mixed=False,
        disturb=False,
    )
    for fault in ("read-only", "full-disk", "no-descriptors")
]
# One kind of fault each: only in the long run.
MORE_ENVIRONMENT_FAULTS = [
    replace(ENVIRONMENT_FAULTS[0], name=fault, environment_fault=fault, scale=0.5)
    for fault in ("no-connections", "statement-timeout", "ended-sessions", "clock-steps", "no-memory", "no-threads")
]
# The primary is lost three times; the standby is promoted, and gets a new standby.
FAILOVERS = [
    replace(
        ENVIRONMENT_FAULTS[0], name=fault, environment_fault=fault, environment_fault_count=3, seconds=45, scale=0.5
    )
    for fault in ("failover-sync", "failover-hosts", "failover-async")
]
FAILOVER_SLICE = replace(FAILOVERS[0], name="failover", messages=120, environment_fault_count=1, seconds=16)

# ---- Runs without a rule, and the violations that they must show

CONTROL = Plan(
    name="all rules in place",
    seed=5,
    messages=60,
    kills=0,
    seconds=20,
    mixed=False,
    disturb=False,
    fault_rate=0.5,
    ambiguous_rate=0.5,
    twins=0.4,
    settle_timeout=120,
)
# The database's clock steps back while nothing looks at it: only the boot-time clock of the machine shows it.
HIDDEN_STEP = replace(
    CONTROL,
    name="hidden-clock-steps",
    seed=9,
    environment_fault="hidden-clock-steps",
    environment_fault_count=1,
    seconds=30,
    twins=0,
)
HIDDEN_STEPS = replace(HIDDEN_STEP, environment_fault_count=4, messages=240, seconds=120)
EXPECTED_VIOLATIONS = {
    "twin lock": ("twins in the window", "falsely sent"),
    "first attempt": ("doubled",),
    "5xx is ambiguous": ("falsely rejected",),
    "margin": ("doubled",),
    "end of the window": ("doubled",),
    "boot-time clock": ("doubled",),
    "rescue": ("lost",),
    "an answer is its own message's": ("ids crossed",),
    "4 beats -1": ("wrong status",),
    "an event for each change": ("missing event",),
    "one event for each change": ("doubled event",),
    "stored, then acknowledged": ("inbound lost",),
    "an inbound message's identity": ("inbound doubled",),
}
# Each of these rules shows its own violation, so the short selection removes them all in one run.
REMOVED_TOGETHER = tuple(EXPECTED_VIOLATIONS)[6:]
_MIXED = replace(
    CONTROL,
    mixed=True,
    transport="both",
    messages=120,
    kills=20,
    fault_rate=0.2,
    ambiguous_rate=0.0,
    twins=0.15,
    settle_timeout=120,
)
WITHOUT = {
    rule: replace(CONTROL, name=f"without: {rule}", removed=rule, settle_timeout=30) for rule in EXPECTED_VIOLATIONS
}
WITHOUT["5xx is ambiguous"] = replace(WITHOUT["5xx is ambiguous"], ambiguous_rate=0.0, fault_rate=0.9)
WITHOUT["boot-time clock"] = replace(HIDDEN_STEP, name="without: boot-time clock", removed="boot-time clock")
WITHOUT |= {rule: replace(_MIXED, name=f"without: {rule}", removed=rule) for rule in REMOVED_TOGETHER}
WITHOUT["rescue"] = replace(WITHOUT["rescue"], settle_timeout=40)  # it never settles
WITHOUT_SEVERAL = replace(
    _MIXED, name="without several rules at once", settle_timeout=40, removed="+".join(REMOVED_TOGETHER)
)


def has_expected_violations(removed: str, violations: Mapping[str, int]) -> bool:
    """Return whether a run without these rules has each violation that they prevent."""
    return all(violations[violation] for rule in removed.split("+") for violation in EXPECTED_VIOLATIONS[rule])


# ---- The long runs

LONG = [
    Plan(name=f"engine, seed {seed}", seed=seed, transport="both", messages=700, kills=120, seconds=400)
    for seed in (101, 102)
]
LONG_KILLS = [replace(plan, messages=300, kills=50, seconds=150, disturb=True) for plan in KILL_SLICES]
LONG_COMMAND = [replace(plan, messages=300, kills=50, seconds=150) for plan in COMMAND_SLICES]
LONG_POOLS = [replace(plan, messages=300, kills=50, seconds=150) for plan in POOL_SLICES]
BASELINE = [
    # The settle timeout exceeds Redis' visibility timeout, which is 360 s here.
    replace(LONG[0], mixed=False, name=f"plain task, {how}", baseline=how, settle_timeout=480)
    for how in ("backoff", "delay")
]

# ---- The campaign: an hour on two cores, three runs at a time. The run in real time takes the whole hour.

HOUR = Plan(
    name="PostgreSQL, real 120 s, seed 200",
    seed=200,
    transport="both",
    messages=900,
    kills=120,
    seconds=3500,
    scale=1,
    settle_timeout=1800,
)
_LONGEST = [
    Plan(
        name=f"PostgreSQL, seed {seed}",
        seed=seed,
        transport="both",
        messages=1600,
        kills=200,
        seconds=720,
        settle_timeout=600,
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

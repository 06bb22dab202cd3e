"""Health pages for monitoring (`view`) and load balancers (`ready`): JSON, with status 200 or 503.

    path("health/front-sms/", health.view)
    path("ready/front-sms/", health.ready)

`view` fails if sending has stopped, `ready` only if this process cannot serve requests. A load balancer that used
`view` would remove every web server when an account is paused.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from django_front_sms.conf import get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.db.routing import connection
from django_front_sms.models import OutboundMessage
from django_front_sms.monitoring import alerts

Checks = dict[str, dict[str, Any]]
"""For each check `ok`, and the facts that it follows from."""


@require_safe
@never_cache
@login_not_required
def view(request: HttpRequest) -> JsonResponse:
    """Check everything that sending and receiving need."""
    return _answer(migrations, sending)


@require_safe
@never_cache
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """Check the requirements of this process: the database, and its tables as of this version."""
    return _answer(migrations)


def _answer(*checks: Callable[[datetime], Checks]) -> JsonResponse:
    found: Checks = {}
    try:
        now = database_now()
        found["database"] = {"ok": True}
        for check in checks:
            found |= check(now)
    except Error as error:  # the exception's name alone: its message can name hosts and users
        found["database"] = {"ok": False, "error": type(error).__name__}
    ok = all(part["ok"] for part in found.values())
    return JsonResponse({"ok": ok, "checks": found}, status=200 if ok else 503)


def migrations(now: datetime) -> Checks:
    """Whether all migrations of this app have run."""
    executor = MigrationExecutor(connection())
    ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "front_sms"]
    missing = [migration.name for migration, _ in executor.migration_plan(ours) if migration.app_label == "front_sms"]
    return {"migrations": {"ok": not missing, "missing": missing}}


def sending(now: datetime) -> Checks:
    """Whether a worker runs, due messages leave, and no account is paused; seconds are durations."""
    states = alerts.account_states()
    active = {name for name, alert in alerts.current(now, states=states).items() if alert.count}
    seen = alerts.worker(states, now).seen_at
    oldest = OutboundMessage.objects.oldest_due(now)
    codes = {state.key: state.pause_code for state in states if state.paused_at is not None}
    known = get_settings().accounts
    paused = {name: codes[account.gateway] for name, account in known.items() if account.gateway in codes}
    return {
        "worker": {
            "ok": "worker_silent" not in active,
            "silent_seconds": (now - seen).total_seconds() if seen else None,
        },
        "queue": {
            "ok": "overdue" not in active,
            "oldest_due_seconds": (now - oldest).total_seconds() if oldest else 0.0,
        },
        "accounts": {"ok": "paused" not in active, "paused": paused},
    }

"""Whether all is well, for monitoring (`view`) and for load balancers (`ready`): JSON, 200 or 503.

    path("health/front-sms/", health.view)
    path("ready/front-sms/", health.ready)

`view` says no where sending stands still; `ready` only where this process could not serve. A load balancer that asked
`view` would take every web server away because Front paused an account.
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
from django_front_sms.models import AccountState, OutboundMessage
from django_front_sms.monitoring import alerts
from django_front_sms.states import State

Found = dict[str, Any]
Check = Callable[[datetime], Found]
"""Gives `ok`, and what it was told by. Raises what the database raises."""


@require_safe
@never_cache
@login_not_required
def view(request: HttpRequest) -> JsonResponse:
    """Everything that has to work for messages to go out and come in."""
    return _answer({"migrations": migrations, "worker": worker, "queue": queue, "accounts": accounts})


@require_safe
@never_cache
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """What this process needs: the database, and its tables as this version wants them."""
    return _answer({"migrations": migrations})


def _answer(checks: dict[str, Check]) -> JsonResponse:
    found: dict[str, Found] = {}
    try:
        now = database_now()
        found["database"] = {"ok": True}
        for name, check in checks.items():
            found[name] = check(now)
    except Error as error:  # the kind alone: a database's own words can name hosts and users
        found["database"] = {"ok": False, "error": type(error).__name__}
    ok = all(part["ok"] for part in found.values())
    return JsonResponse({"ok": ok, "checks": found}, status=200 if ok else 503)


def migrations(now: datetime) -> Found:
    """Whether all migrations of this app have run."""
    executor = MigrationExecutor(connection())
    ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "front_sms"]
    missing = [migration.name for migration, _ in executor.migration_plan(ours) if migration.app_label == "front_sms"]
    return {"ok": not missing, "missing": missing}


def worker(now: datetime) -> Found:
    """Whether a worker was seen lately: each looks at every account every ten seconds."""
    found = alerts.worker(alerts.accounts(), now)
    silent = (now - found.seen_at).total_seconds() if found.seen_at else None
    return {"ok": not found.is_silent, "silent_seconds": silent}


def queue(now: datetime) -> Found:
    """Whether what is due leaves; what waits because its account is paused is told of there."""
    due = OutboundMessage.objects.filter(state=State.QUEUED, next_at__lte=now)
    running = due.exclude(account__in=_paused())
    oldest = running.order_by("next_at").values_list("next_at", "created_at").first()
    age = (now - max(filter(None, oldest))).total_seconds() if oldest else 0.0
    return {"ok": age <= alerts.OVERDUE_AFTER.total_seconds(), "oldest_due_seconds": age}


def accounts(now: datetime) -> Found:
    """Whether all accounts send."""
    paused = _paused()
    return {"ok": not paused, "paused": paused}


def _paused() -> dict[str, int | None]:
    """The accounts that are paused, each with the code of Front's that it is paused for."""
    memories = AccountState.objects.filter(paused_at__isnull=False).values_list("key", "pause_code")
    codes = dict(memories)
    known = get_settings().accounts
    return {name: codes[account.gateway] for name, account in known.items() if account.gateway in codes}

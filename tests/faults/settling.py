"""The time after the last fault: until no message is open, and all pushes and events are processed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.faults.environment import Environment


class Settling:
    """`seconds`: from the end of the last fault until the last message was settled; None if a message stayed open.
    Messages that a schedule or quiet hours hold back beyond the last fault are not counted."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.began = time.monotonic()
        self.calm_at = datetime.now(UTC)
        self.seconds: float | None = None

    def wait(self, tick: Callable[[], None]) -> bool:
        """Wait, and return whether everything settled in time."""
        plan = self.environment.plan
        if not self._until(tick, self._is_settled, 4 * plan.scale):
            return False
        time.sleep(plan.timeout + plan.margin)  # the gateway may process requests late
        return not plan.mixed or self._until(tick, self._is_idle, 1)

    def _until(self, tick: Callable[[], None], is_over: Callable[[], bool], every: float) -> bool:
        from django.db import DatabaseError, InterfaceError, connection

        while time.monotonic() < self.began + self.environment.plan.settle_timeout:
            checked = time.monotonic()
            while time.monotonic() < checked + every:
                tick()
            try:
                if is_over():
                    return True
            except (DatabaseError, InterfaceError):
                connection.close()
        return False

    def _is_settled(self) -> bool:
        from django_front_sms.models import OutboundMessage

        is_open = OutboundMessage.objects.filter(state__in=("queued", "sending"))
        held_back: dict[str, Any] = {"scheduled_at__gt": self.calm_at}
        counted = is_open.exclude(**held_back)
        if self.environment.quiet_until > self.calm_at:
            counted = counted.exclude(account="quiet")
        is_over = not is_open.exists()
        if self.seconds is None and (is_over or not counted.exists()):
            self.seconds = time.monotonic() - self.began
        return is_over

    def _is_idle(self) -> bool:
        from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage

        ids = OutboundMessage.objects.filter(gateway_id__isnull=False).values("gateway_id")
        return (
            (self.environment.folder / "pending").read_text() == "0"
            and not DeliveryStatus.objects.filter(process_at__isnull=False, gateway_id__in=ids).exists()
            and not InboundMessage.objects.filter(process_at__isnull=False).exists()
            and not Event.objects.pending().exists()
        )

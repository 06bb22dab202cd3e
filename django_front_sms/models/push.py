"""Rows that store Front's pushes, and that a worker then processes."""

from datetime import datetime
from typing import Self

from django.db.models import Q

from django_front_sms.models.primary import PrimaryQuerySet, Row


class PushQuerySet(PrimaryQuerySet[Row]):
    """Rows with `process_at`, the time at which a worker processes them (null: processed), and `problem`."""

    def pending(self) -> Self:
        """Rows that a worker still has to process."""
        return self.filter(process_at__isnull=False)

    def due(self, now: datetime) -> Self:
        """Pending rows whose time has come, the longest waiting first."""
        return self.filter(process_at__lte=now).order_by("process_at", "pk")

    def processed(self) -> Self:
        """Rows that need no more processing, or were given up."""
        return self.filter(process_at__isnull=True)

    def with_problem(self) -> Self:
        """Rows that could not be read in full, or contradict others."""
        return self.filter(~Q(problem=""))

    def without_problem(self) -> Self:
        """Rows that were read in full."""
        return self.filter(problem="")

"""A simulated person who cancels messages and decides about unconfirmed ones, at random."""

import random
from collections import Counter
from collections.abc import Sequence

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, connection

from django_front_sms import outbox
from django_front_sms.exceptions import NotPossible

DECISIONS = {"mark_sent": 3, "send_anyway": 5, "give_up": 2}
CANCELS = 0.05  # probability at each write of messages
DECIDES = 0.25


class Person:
    def __init__(self, seed: int, committed: Sequence[int]) -> None:
        self.dice = random.Random(f"person {seed}")
        self.committed = committed
        self.done: Counter[str] = Counter()

    def act(self, *, decides: bool) -> None:
        """At random, cancel a message that was just written, or decide about an unconfirmed one."""
        try:
            if self.dice.random() < CANCELS:
                self._cancel_one()
            if decides and self.dice.random() < DECIDES:
                self._decide_one()
        except (NotPossible, ObjectDoesNotExist):  # a fail-over may have lost the row
            self.done["was too late"] += 1
        except (DatabaseError, InterfaceError):
            connection.close()

    def _cancel_one(self) -> None:
        from django_front_sms.models import OutboundMessage

        if self.committed:
            OutboundMessage.objects.get(pk=self.dice.choice(self.committed[-20:])).cancel()
            self.done["cancel"] += 1

    def _decide_one(self) -> None:
        from django_front_sms.models import OutboundMessage

        waiting = list(OutboundMessage.objects.filter(state="unconfirmed", given_up=False).order_by("pk")[:50])
        if waiting:
            decision = self.dice.choices(list(DECISIONS), list(DECISIONS.values()))[0]
            getattr(outbox, decision)(self.dice.choice(waiting))
            self.done[decision] += 1

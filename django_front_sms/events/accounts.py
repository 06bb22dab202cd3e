"""Events by account, for users who may see some accounts only."""

from collections.abc import Collection

from django.db.models import BigIntegerField, Case, Exists, Model, OuterRef, Q, QuerySet, When
from django.db.models.functions import Cast, Substr

from django_front_sms.models import DeliveryStatus, Event, InboundMessage, OutboundMessage

_SUBJECTS: dict[str, type[Model]] = {"out": OutboundMessage, "in": InboundMessage, "status": DeliveryStatus}


def of_accounts(events: "QuerySet[Event]", accounts: Collection[str]) -> "QuerySet[Event]":
    """Those of `events` whose subject is one of these accounts, or a row of one of them."""
    condition = Q(subject__in=[f"account:{name}" for name in accounts])
    for prefix, model in _SUBJECTS.items():
        # A CASE, because a database may compute the key before it compares the prefix.
        key = Cast(Substr("subject", len(prefix) + 2), BigIntegerField())
        events = events.alias(**{f"{prefix}_key": Case(When(subject__startswith=f"{prefix}:", then=key))})
        rows = model._default_manager.filter(pk=OuterRef(f"{prefix}_key"), account__in=accounts)
        condition |= Q(Exists(rows))
    return events.filter(condition)

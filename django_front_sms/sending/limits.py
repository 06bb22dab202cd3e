"""`RATE_LIMITS`: how many messages a site accepts for sending, against SMS pumping and runaway loops.

Counted over the rows of the last period when new ones are asked for; refused before anything is stored. Two callers at
the very same moment may each see room for the last one: this is a brake, not a lock.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from django_front_sms.conf import FrontSMSSettings, Limit
from django_front_sms.db.bulk import in_chunks
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage

_AT_ONCE = 1000  # numbers in one query


def check(drafts: Sequence[OutboundMessage], conf: FrontSMSSettings) -> None:
    """Raise `InvalidMessage`, `rate_limited`, where these are too many with those before; `index`: the first."""
    for index, reason in refused(drafts, conf).items():
        raise InvalidMessage(reason, "rate_limited", index=index)


def refused(drafts: Sequence[OutboundMessage], conf: FrontSMSSettings) -> dict[int, str]:
    """The places of those among `drafts` that are too many with those before, and why."""
    reasons: dict[int, str] = {}
    for key, written in conf.rate_limits.items():
        limit = Limit.parse(written)
        rest = {place: message for place, message in enumerate(drafts) if place not in reasons}
        if key == "per_recipient":
            reasons |= _per_recipient(rest, limit)
        elif key == "per_account":
            reasons |= _per_account(rest, limit)
    return reasons


def _per_recipient(drafts: Mapping[int, OutboundMessage], limit: Limit) -> dict[int, str]:
    counts = Counter[str]()
    numbers = sorted({message.recipient for message in drafts.values()})
    for some in in_chunks(numbers, _AT_ONCE):
        recent = _recent(limit).filter(recipient__in=some).order_by()
        counts.update(dict(recent.values_list("recipient").annotate(Count("pk"))))
    keys = {place: message.recipient for place, message in drafts.items()}
    return _beyond(limit, counts, keys, _("to this number"))


def _per_account(drafts: Mapping[int, OutboundMessage], limit: Limit) -> dict[int, str]:
    keys = {place: message.account for place, message in drafts.items()}
    counts = Counter({account: _recent(limit).filter(account=account).count() for account in {*keys.values()}})
    return _beyond(limit, counts, keys, _("from this account"))


def _recent(limit: Limit) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(created_at__gt=timezone.now() - limit.period)


def _beyond(limit: Limit, counts: Counter[str], keys: Mapping[int, str], of_what: str) -> dict[int, str]:
    reason = _("Too many messages %(of_what)s: at most %(count)d in %(period)s (RATE_LIMITS). Try again later.") % {
        "of_what": of_what,
        "count": limit.count,
        "period": limit.period,
    }
    places: dict[int, str] = {}
    for place, key in keys.items():
        counts[key] += 1
        if counts[key] > limit.count:
            places[place] = reason
    return places

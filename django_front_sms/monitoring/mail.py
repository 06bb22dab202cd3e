"""Mail about alerts (`ALERTS`): one when an alert has been active for `AFTER` minutes, and one when it is over.

Each account, rate limit and kind of event has alerts of its own. Workers call `send_due` in each sweep. A row for each
active alert decides which of several workers sends the mail.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import mail_admins, mail_managers, send_mail
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.conf import AlertSettings, get_settings
from django_front_sms.db.clock import database_now
from django_front_sms.models import ActiveAlert, Event
from django_front_sms.monitoring import alerts
from django_front_sms.monitoring.alerts import Alert

logger = logging.getLogger(__name__)

TITLES = {
    "paused": gettext_lazy("sending is paused"),
    "overdue": gettext_lazy("messages are overdue"),
    "unconfirmed": gettext_lazy("messages wait for a decision"),
    "events_given_up": gettext_lazy("receivers failed"),
    "counter_gaps": gettext_lazy("inbound messages are missing"),
    "pushes_too_large": gettext_lazy("Front's queue has stopped"),
    "unreadable_inbound": gettext_lazy("inbound messages could not be read in full"),
    "unreadable_statuses": gettext_lazy("delivery statuses have a problem"),
    "without_status": gettext_lazy("messages have no delivery status"),
    "rate_limit": gettext_lazy("a rate limit is nearly used up"),
}
"""The subjects, by alert. A worker cannot report that no worker runs: `worker_silent` has none."""

_OF_ONE = ("paused", "rate_limit")  # their subject is all that there is to count


def send_due() -> int:
    """Send the mail that is due; returns how many were sent."""
    wanted = get_settings().alerts
    if wanted is None:
        return 0
    now = database_now()
    active = alerts.active_by_subject(now)
    rows = {(row.name, row.subject): row for row in ActiveAlert.objects.all()}
    sent = sum(_end(row, wanted) for key, row in rows.items() if key not in active)
    return sent + sum(_begin(key, alert, rows.get(key), now, wanted) for key, alert in active.items())


def _begin(key: tuple[str, str], alert: Alert, row: ActiveAlert | None, now: datetime, wanted: AlertSettings) -> bool:
    if row is None:
        name, subject = key
        row, _created = ActiveAlert.objects.get_or_create(name=name, subject=subject, defaults={"since": now})
    if row.mailed_at is not None or row.since > now - wanted.after:
        return False
    ours = ActiveAlert.objects.filter(pk=row.pk)
    if not ours.filter(mailed_at=None).update(mailed_at=now):  # another worker sends it
        return False
    if _send(row, wanted, is_over=False, count=alert.count, since=alert.since or row.since):
        return True
    ours.update(mailed_at=None)
    return False


def _end(row: ActiveAlert, wanted: AlertSettings) -> bool:
    deleted, _by_model = ActiveAlert.objects.filter(pk=row.pk).delete()
    if not deleted or row.mailed_at is None:
        return False
    if _send(row, wanted, is_over=True, since=row.since):
        return True
    kept = {"since": row.since, "mailed_at": row.mailed_at}
    ActiveAlert.objects.get_or_create(name=row.name, subject=row.subject, defaults=kept)
    return False


def _send(row: ActiveAlert, wanted: AlertSettings, *, is_over: bool, since: datetime, count: int = 0) -> bool:
    """Send one mail in the site's language. Returns False where it cannot be sent: the next sweep tries again."""
    with translation.override(settings.LANGUAGE_CODE):
        subject, body = _written(row, is_over=is_over, since=since, count=count)
    try:
        if wanted.to == "managers":
            mail_managers(subject, body)
        elif wanted.to == "admins":
            mail_admins(subject, body)
        else:
            send_mail(settings.EMAIL_SUBJECT_PREFIX + subject, body, None, list(wanted.to))
    except Exception as error:  # a mail backend may raise any exception
        logger.error("Mail about an alert could not be sent (%s). The next sweep will try again.", type(error).__name__)
        return False
    return True


def _written(row: ActiveAlert, *, is_over: bool, since: datetime, count: int) -> tuple[str, str]:
    title, about = str(TITLES.get(row.name, row.name)), _about(row)
    when = date_format(localtime(since), "DATETIME_FORMAT")
    facts = {"title": f"{title} ({about})" if about else title, "since": when, "count": count}
    if is_over:
        return _("Front SMS: over: %(title)s") % facts, _("This alert, which began %(since)s, is over.") % facts
    lines = [
        (_("Since: %(since)s.") if row.name in _OF_ONE else _("Number: %(count)d. Since: %(since)s.")) % facts,
        _("See the dashboard of the admin, or run: manage.py front_sms status"),
        _("One more mail follows when this is over."),
    ]
    return _("Front SMS: %(title)s") % facts, "\n\n".join(lines)


def _about(row: ActiveAlert) -> str:
    """What an alert is about, in words; an account is left out if the site has no other."""
    if row.name == "events_given_up":
        return str(dict(Event.Kind.choices).get(row.subject, row.subject))
    limit, account = "", row.subject
    if row.name == "rate_limit":
        limit, _space, account = row.subject.partition(" ")
    is_only = list(get_settings().accounts) == [account]
    return ", ".join(filter(None, [limit, "" if is_only else account]))

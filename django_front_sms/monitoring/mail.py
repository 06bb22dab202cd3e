"""Mail about alerts (`ALERTS`): one when an alert has been active for `AFTER` minutes, and one when it is over.

Workers call `send_due` in each sweep. A row for each active alert decides which of several workers sends the mail.
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
from django_front_sms.models import ActiveAlert
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


def send_due() -> int:
    """Send the mail that is due; returns how many were sent."""
    wanted = get_settings().alerts
    if wanted is None:
        return 0
    now = database_now()
    found = {**alerts.current(now), "rate_limit": alerts.nearly_used_limits(now)}
    active = {name: found[name] for name in TITLES if found[name].count}
    rows = {row.name: row for row in ActiveAlert.objects.all()}
    sent = sum(_end(row, wanted) for name, row in rows.items() if name not in active)
    return sent + sum(_begin(name, alert, rows.get(name), now, wanted) for name, alert in active.items())


def _begin(name: str, alert: Alert, row: ActiveAlert | None, now: datetime, wanted: AlertSettings) -> bool:
    if row is None:
        row, _created = ActiveAlert.objects.get_or_create(name=name, defaults={"since": now})
    if row.mailed_at is not None or row.since > now - wanted.after:
        return False
    ours = ActiveAlert.objects.filter(pk=row.pk)
    if not ours.filter(mailed_at=None).update(mailed_at=now):  # another worker sends it
        return False
    if _send(name, wanted, is_over=False, count=alert.count, since=alert.since or row.since):
        return True
    ours.update(mailed_at=None)
    return False


def _end(row: ActiveAlert, wanted: AlertSettings) -> bool:
    deleted, _by_model = ActiveAlert.objects.filter(pk=row.pk).delete()
    if not deleted or row.mailed_at is None:
        return False
    if _send(row.name, wanted, is_over=True, since=row.since):
        return True
    ActiveAlert.objects.get_or_create(name=row.name, defaults={"since": row.since, "mailed_at": row.mailed_at})
    return False


def _send(name: str, wanted: AlertSettings, *, is_over: bool, since: datetime, count: int = 0) -> bool:
    """Send one mail in the site's language. Returns False where it cannot be sent: the next sweep tries again."""
    with translation.override(settings.LANGUAGE_CODE):
        subject, body = _written(name, is_over=is_over, since=since, count=count)
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


def _written(name: str, *, is_over: bool, since: datetime, count: int) -> tuple[str, str]:
    facts = {"title": TITLES.get(name, name), "since": date_format(localtime(since), "DATETIME_FORMAT"), "count": count}
    if is_over:
        return _("Front SMS: over: %(title)s") % facts, _("This alert, which began %(since)s, is over.") % facts
    lines = [
        _("Number: %(count)d. Since: %(since)s.") % facts,
        _("See the dashboard of the admin, or run: manage.py front_sms status"),
        _("One more mail follows when this is over."),
    ]
    return _("Front SMS: %(title)s") % facts, "\n\n".join(lines)

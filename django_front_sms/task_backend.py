"""The jobs as tasks of Django's own task framework (Django 6.0 and later), for `FRONT_SMS["WORKER"] = "tasks"`.

They run on the backend that `TASKS["default"]` names. `events.hints` enqueues them by their dotted path.
"""

from django.tasks import task

from django_front_sms import events, jobs


@task
def dispatch() -> int:
    """Send what is due for some seconds, then enqueue the next dispatch; returns the number of attempts."""
    return jobs.dispatch(jobs.CLAIM_FOR, hand_over=lambda: events.publish("dispatch"))


@task
def sweep() -> None:
    """Rescue, expire, fold; then wake a worker for what is due."""
    jobs.sweep(jobs.GIVE_WAY_AFTER)


@task
def deliver_events() -> int:
    """Fold statuses, process inbound messages, and deliver events to their receivers; returns the number of events."""
    return jobs.deliver_events_in_task()


@task
def purge() -> dict[str, int]:
    """Remove personal data older than `RETENTION_DAYS`; returns the number of rows of each kind."""
    return jobs.purge(jobs.GIVE_WAY_AFTER)

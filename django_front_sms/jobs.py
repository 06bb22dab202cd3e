"""The jobs of a worker as functions, which Celery's tasks, Django's tasks and `front_sms worker` call.

Each runs for all accounts. The rows are the queue, so a job that is lost, late or run twice does no harm.
"""

from collections.abc import Callable

from django_front_sms import events, inbox, outbox, retention
from django_front_sms.db.clock import Moment, Turn
from django_front_sms.monitoring import mail
from django_front_sms.redaction import redacted_errors
from django_front_sms.schedule import SWEEP_EVERY

CLAIM_FOR = 5.0  # seconds until a dispatch gives way to a new one
GIVE_WAY_AFTER = 1.0  # seconds until a long job sends messages that are due first
SWEEP_AGAIN = 1.0  # seconds from one sweep of a process to the next
_swept: Moment | None = None  # the last sweep of this process


@redacted_errors
def dispatch(seconds: float | None = None, hand_over: Callable[[], bool] = lambda: True) -> int:
    """Send what is due, then sweep; returns the number of attempts. `seconds` and `hand_over` as `outbox.run` has them.

    In this order, because one-time codes should not wait for a sweep, which takes as long as a claim. What the sweep
    makes due is sent by this dispatch, or by the next one if this one has a limit of `seconds`. With a limit, it does
    not sweep if this process did so within the last second."""
    attempts = outbox.run() if seconds is None else outbox.run(seconds, hand_over=hand_over)
    # Only after a change: otherwise, what is due waits for a slot that another worker holds, and hints would never end.
    if (seconds is None or _is_sweep_older_than(SWEEP_AGAIN)) and _sweep() and outbox.has_due():
        if seconds is None:
            attempts += outbox.run()
        else:
            events.hint("dispatch")
    if events.has_due():
        events.hint("deliver_events")
    return attempts


def dispatch_and_continue() -> bool:
    """Send what is due in the middle of a long job of the same process. Sweep as well, because the tasks of the sweep
    wait for a process too, and expire meanwhile."""
    if outbox.has_due() or _is_sweep_older_than(SWEEP_EVERY):
        dispatch(CLAIM_FOR, hand_over=lambda: events.publish("dispatch"))
    return False


@redacted_errors
def sweep(seconds: float | None = None) -> None:
    """Rescue, expire, fold; then wake a worker for what is due, and send mail about alerts. After `seconds`, it leaves
    the rest of the statuses and inbound messages to a delivery of events. With a limit, it does not rescue and expire
    if this process did so within the last second: tasks of a sweep can pile up."""
    if seconds is None or _is_sweep_older_than(SWEEP_AGAIN):
        _sweep()
    turn = Turn(seconds)
    outbox.fold_statuses(turn)
    inbox.process(turn)
    if outbox.has_due():
        events.hint("dispatch")
    if turn.is_over() or events.has_due():
        events.hint("deliver_events")
    mail.send_due()


@redacted_errors
def deliver_events(seconds: float | None = None, hand_over: Callable[[], bool] = lambda: True) -> int:
    """Fold statuses, process inbound messages, and deliver events to their receivers; returns the number of events.
    After `seconds`, `hand_over` is called, and the run ends if it returns True."""
    turn = Turn(seconds, hand_over)
    outbox.fold_statuses(turn)
    inbox.process(turn)
    return events.deliver(turn)


def deliver_events_in_task(*, may_send: bool = True) -> int:
    """`deliver_events` for a task: sends what is due after each second, and ends after `CLAIM_FOR` seconds.

    Receivers may be slow and events many. Without this, all processes of a worker could deliver events for hours, and
    one-time codes, and the tasks of other apps, would wait for them."""
    began = Moment.now()

    def hand_over() -> bool:
        if may_send:
            dispatch_and_continue()
        return began.elapsed() >= CLAIM_FOR and events.publish("deliver_events")

    return deliver_events(GIVE_WAY_AFTER, hand_over)


@redacted_errors
def purge(seconds: float | None = None) -> dict[str, int]:
    """Remove personal data older than `RETENTION_DAYS`; returns the number of rows of each kind. Each time that
    `seconds` have passed, messages that are due are sent first."""
    turn = Turn(seconds, dispatch_and_continue)

    def give_way(kind: str, count: int) -> None:
        turn.is_over()

    return dict(retention.purge(progress=give_way).counts)


def _sweep() -> int:
    global _swept
    _swept = Moment.now()
    return outbox.sweep()


def _is_sweep_older_than(seconds: float) -> bool:
    """Whether the last sweep of this process was at least these seconds ago, or there was none."""
    return _swept is None or _swept.elapsed() >= seconds

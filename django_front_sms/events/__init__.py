"""Events: rows that say what happened, their delivery to receivers of signals, and the hints that wake a worker.

records.py     the rows, written in the transaction of the change
delivery.py    handing them to the receivers of their signal
hints.py       waking a worker
"""

from django_front_sms.events.delivery import deliver, deliver_again, has_due
from django_front_sms.events.hints import hint, publish

__all__ = ["deliver", "deliver_again", "has_due", "hint", "publish"]

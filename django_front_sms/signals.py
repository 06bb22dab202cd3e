"""The signals of this app (also listed in the reference of signals).

All are sent in a worker, after commit, at least once, with `sender` the model class and a stable `event_id` (a string):
a receiver that must act only once remembers the ids that it has seen. A receiver that raises is called again later;
the others are not.
"""

from django.dispatch import Signal

message_received = Signal()  # message: InboundMessage
reply_received = Signal()  # message: InboundMessage, in_reply_to: OutboundMessage
state_changed = Signal()  # message: OutboundMessage, old: str, new: str
status_received = Signal()  # status: DeliveryStatus
counter_gap = Signal()  # account: str, missing: list[int]
sending_paused = Signal()  # account: str, error_code: int

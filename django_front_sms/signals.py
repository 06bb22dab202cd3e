"""The signals of this app. Each is sent with `sender` the model class.

All but `personal_data_read` are sent by a worker, after commit, at least once, with a stable `event_id` (a string): a
receiver that must act only once remembers the ids that it has seen. A receiver that raises is called again later; the
others are not. `personal_data_read` is sent in the request that shows the rows.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.dispatch import Signal

message_received = Signal()  # message: InboundMessage
reply_received = Signal()  # message: InboundMessage, in_reply_to: OutboundMessage
state_changed = Signal()  # message: OutboundMessage, old: str, new: str
status_received = Signal()  # status: DeliveryStatus
counter_gap = Signal()  # account: str, missing: list[int]
sending_paused = Signal()  # account: str, error_code: int
personal_data_read = Signal()  # user: Any, model: type[Model], pks: list[int]


def send_personal_data_read(user: Any, model: type[Model], pks: Iterable[int]) -> None:
    """Send `personal_data_read`: a response to `user` contains texts, numbers or files of the rows `pks` of `model`.

    If a receiver raises, Django logs the exception, and the request continues. Without receivers nothing is sent.
    """
    keys = list(pks) if personal_data_read.has_listeners(model) else []
    if keys:
        personal_data_read.send_robust(model, user=user, model=model, pks=keys)

"""What this app remembers. Rows, their queries, constraints and indexes: no HTTP and no signals here."""

from django_front_sms.models.conversation import Conversation
from django_front_sms.models.counting import CounterGap, CounterMemory
from django_front_sms.models.desk import Desk
from django_front_sms.models.event import Event
from django_front_sms.models.incoming import InboundMessage, MmsFile, RefusedPush
from django_front_sms.models.memory import AccountMemory
from django_front_sms.models.optout import OptOut
from django_front_sms.models.outgoing import (
    BulkSend,
    Decision,
    DeliveryStatus,
    OnDuplicate,
    OutboundMessage,
    Outcome,
    Priority,
    SendAttempt,
    Wait,
)

__all__ = [
    "AccountMemory",
    "BulkSend",
    "Conversation",
    "CounterGap",
    "CounterMemory",
    "Decision",
    "DeliveryStatus",
    "Desk",
    "Event",
    "InboundMessage",
    "MmsFile",
    "OnDuplicate",
    "OptOut",
    "OutboundMessage",
    "Outcome",
    "Priority",
    "RefusedPush",
    "SendAttempt",
    "Wait",
]

"""The models: rows, their queries, constraints and indexes, without HTTP and signals."""

from django_front_sms.models.account import AccountState
from django_front_sms.models.alert import ActiveAlert
from django_front_sms.models.conversation import HandledConversation
from django_front_sms.models.counter import CounterGap, InboundCounter
from django_front_sms.models.delivery import Decision, DeliveryStatus, SendAttempt
from django_front_sms.models.draft import ComposerDraft
from django_front_sms.models.event import Event
from django_front_sms.models.inbound import InboundMessage, MmsFile, RefusedPush
from django_front_sms.models.optout import OptOut
from django_front_sms.models.outbound import BulkSend, OnDuplicate, OutboundMessage, Priority, Wait
from django_front_sms.models.proxies import Conversation, Dashboard
from django_front_sms.models.rate_counter import RateCounter
from django_front_sms.models.saved_text import SavedText

__all__ = [
    "AccountState",
    "ActiveAlert",
    "BulkSend",
    "ComposerDraft",
    "Conversation",
    "CounterGap",
    "Dashboard",
    "Decision",
    "DeliveryStatus",
    "Event",
    "HandledConversation",
    "InboundCounter",
    "InboundMessage",
    "MmsFile",
    "OnDuplicate",
    "OptOut",
    "OutboundMessage",
    "Priority",
    "RateCounter",
    "RefusedPush",
    "SavedText",
    "SendAttempt",
    "Wait",
]

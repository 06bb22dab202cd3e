"""The admin: one file for each model, packages for the composer, conversations, dashboard and export."""

from django_front_sms.admin.accounts import AccountAdmin
from django_front_sms.admin.bulk import BulkSendAdmin
from django_front_sms.admin.composer.write_action import write_sms
from django_front_sms.admin.conversations.views import ConversationAdmin
from django_front_sms.admin.counter_gaps import CounterGapAdmin
from django_front_sms.admin.dashboard.views import DashboardAdmin
from django_front_sms.admin.delivery_statuses import DeliveryStatusAdmin
from django_front_sms.admin.events import EventAdmin
from django_front_sms.admin.inbound import InboundMessageAdmin
from django_front_sms.admin.optout import OptOutAdmin
from django_front_sms.admin.outbound import OutboundMessageAdmin
from django_front_sms.admin.refused_pushes import RefusedPushAdmin
from django_front_sms.admin.saved_texts import SavedTextAdmin

__all__ = [
    "AccountAdmin",
    "BulkSendAdmin",
    "ConversationAdmin",
    "CounterGapAdmin",
    "DashboardAdmin",
    "DeliveryStatusAdmin",
    "EventAdmin",
    "InboundMessageAdmin",
    "OptOutAdmin",
    "OutboundMessageAdmin",
    "RefusedPushAdmin",
    "SavedTextAdmin",
    "write_sms",
]

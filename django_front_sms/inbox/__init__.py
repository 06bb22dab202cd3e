"""What Front brought, kept exactly once and byte for byte; whatever follows from it is done later, in a worker."""

from django_front_sms.inbox.announce import process
from django_front_sms.inbox.store import store_inbound, store_status

__all__ = ["process", "store_inbound", "store_status"]

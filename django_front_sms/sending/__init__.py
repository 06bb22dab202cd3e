"""Sending: the public functions and their parts.

api.py          send_sms, send_many_sms, preview_sms, resend, reply
bulk.py         send_bulk_sms
validation.py   input as an unsaved row, or `InvalidMessage`
limits.py       RATE_LIMITS
store.py        storing rows, once for each idempotency key
"""

from django_front_sms.sending.api import asend_sms, preview_sms, reply, resend, send_many_sms, send_sms
from django_front_sms.sending.bulk import send_bulk_sms

__all__ = ["asend_sms", "preview_sms", "reply", "resend", "send_bulk_sms", "send_many_sms", "send_sms"]

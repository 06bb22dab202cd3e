"""What happened to a message, oldest first, in plain words: for the admin, a terminal, or whoever else asks.

Plain data, a handful of queries whatever the length of the story, and never the message's text.
"""

from django_front_sms.timeline.entry import Entry, Level, explain
from django_front_sms.timeline.inbound import of_inbound
from django_front_sms.timeline.outbound import of_outbound, status_in_words
from django_front_sms.timeline.reasons import paused_accounts, standing

__all__ = [
    "Entry",
    "Level",
    "explain",
    "of_inbound",
    "of_outbound",
    "paused_accounts",
    "standing",
    "status_in_words",
]

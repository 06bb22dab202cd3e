"""The timeline of a message: its events, oldest first, as texts for the admin, a terminal and the site's code.

Entries never contain the message's text. A timeline takes a fixed number of queries.
"""

from django_front_sms.timeline.entry import Entry, Level, explain
from django_front_sms.timeline.inbound import of_inbound
from django_front_sms.timeline.outbound import of_outbound, status_in_words
from django_front_sms.timeline.problems import problem
from django_front_sms.timeline.reasons import paused_accounts, status_without_timeline

__all__ = [
    "Entry",
    "Level",
    "explain",
    "of_inbound",
    "of_outbound",
    "paused_accounts",
    "problem",
    "status_in_words",
    "status_without_timeline",
]

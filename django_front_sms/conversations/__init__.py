"""Conversations: the messages between an account and a number in both directions, and which wait for an answer."""

from django_front_sms.conversations.pages import (
    Cursor,
    Message,
    Page,
    Thread,
    counterpart,
    light,
    thread,
    threads,
    written_at,
)
from django_front_sms.conversations.unanswered import (
    Unanswered,
    handled,
    is_unanswered,
    mark_handled,
    oldest_unanswered,
    unanswered_count,
    unmark_handled,
)

__all__ = [
    "Cursor",
    "Message",
    "Page",
    "Thread",
    "Unanswered",
    "counterpart",
    "handled",
    "is_unanswered",
    "light",
    "mark_handled",
    "oldest_unanswered",
    "thread",
    "threads",
    "unanswered_count",
    "unmark_handled",
    "written_at",
]

"""Removal of personal data: by age (`RETENTION_DAYS`), or because a person asks for it.

    anonymize.py     which fields of a row are emptied, and which stay for statistics
    files.py         files of MMS, in the database and in the storage
    purge.py         everything older than `RETENTION_DAYS`
    erase.py         everything about one number, with a receipt
    search.py        searches texts and bodies for a number, in every spelling
    admin_log.py     the log entries of Django's admin

Rows are emptied, not deleted: states, segments, prices, times and codes stay, so that statistics stay correct and the
rules against sending or storing a message twice still apply. `docs/howto/privacy.md` says what stays.
"""

from django_front_sms.retention.erase import Receipt, erase
from django_front_sms.retention.purge import Purged, due, purge

__all__ = ["Purged", "Receipt", "due", "erase", "purge"]

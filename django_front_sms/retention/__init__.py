"""Personal data and how it leaves: by age (`RETENTION_DAYS`), or because a person asks for it.

    anonymize.py     what is taken out of a row, and what stays for the figures
    files.py         files of MMS, in the storage too
    purge.py         everything that is old enough
    erase.py         everything about one number, with a receipt
    search.py        where a number is, in every spelling
    admin_log.py     the admin's own history

Rows are emptied in place and never deleted: states, segments, prices, times and codes stay, so figures stay true, and
the rules of sending and of storing once go on to hold. `docs/howto/privacy.md` says what stays.
"""

from django_front_sms.retention.erase import Receipt, erase
from django_front_sms.retention.purge import Purged, due, purge

__all__ = ["Purged", "Receipt", "due", "erase", "purge"]

"""What Front brought, kept exactly once and byte for byte; whatever follows from it is done later, in a worker.

store.py      storing a push, in the request
process.py    what an inbound message answers, and its events
counters.py   gaps in Front's counter
reread.py     reading stored pushes again after an upgrade
mms/          the files of an MMS: storing them, their order, and which may be shown
"""

from django_front_sms.inbox.mms.pictures import picture_type
from django_front_sms.inbox.mms.slides import files_of, slides_of
from django_front_sms.inbox.process import process
from django_front_sms.inbox.reread import read_again
from django_front_sms.inbox.store import store_inbound, store_status

__all__ = ["files_of", "picture_type", "process", "read_again", "slides_of", "store_inbound", "store_status"]

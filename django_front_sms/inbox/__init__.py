"""What Front brought, kept exactly once and byte for byte; whatever follows from it is done later, in a worker.

store.py      keeping it, in the request
files.py      the files of an MMS, into storage
announce.py   what it answers, and its events
counters.py   holes in Front's count
again.py      reading it once more after an upgrade
slides.py     an MMS as its sender arranged it
pictures.py   which files may be shown
"""

from django_front_sms.inbox.again import read_again
from django_front_sms.inbox.announce import process
from django_front_sms.inbox.pictures import picture_type
from django_front_sms.inbox.slides import files_of, slides_of
from django_front_sms.inbox.store import store_inbound, store_status

__all__ = ["files_of", "picture_type", "process", "read_again", "slides_of", "store_inbound", "store_status"]

"""Inbound messages and delivery statuses: stored once by the webhooks, processed later by a worker.

store.py      stores a push, in the request
insert.py     inserts its rows, in a simpler form where the database refuses the content
refusals.py   notes for staff about pushes that were refused
process.py    finds the message that an inbound message answers, and writes its events
counters.py   finds gaps in Front's counter
reread.py     reads stored pushes again after an upgrade
mms/          stores the files of an MMS, orders them, and decides which may be shown
"""

from django_front_sms.inbox.mms.pictures import picture_type
from django_front_sms.inbox.mms.slides import files_of, slides_of
from django_front_sms.inbox.process import process
from django_front_sms.inbox.reread import read_again
from django_front_sms.inbox.store import store_inbound, store_status

__all__ = ["files_of", "picture_type", "process", "read_again", "slides_of", "store_inbound", "store_status"]

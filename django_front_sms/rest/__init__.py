"""The REST API: `path("api/sms/", include("django_front_sms.rest.urls"))`, with the extra `rest`.

urls.py          the addresses
endpoint.py      what all of them have in common
access.py        who may, and how often
parsing.py       reading a body
fields.py        what clients may write where
requests.py      bodies and queries that clients send
answers.py       what they get
problems.py      errors, as RFC 9457 has them
pages.py         cursor pages
schema.py        OpenAPI
messages.py  many.py  inbound.py  conversations.py  optouts.py  previews.py   the endpoints
"""

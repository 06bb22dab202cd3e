"""The REST API: `path("api/sms/", include("django_front_sms.rest.urls"))`, with the extra `rest`.

urls.py            the URLs
views/             the viewsets, and their base classes
serializers/       bodies and queries (`input`), responses (`output`) and their fields
filters.py         account access and query parameters
pagination.py      cursor pages
permissions.py     who may call an action
throttling.py      how often a user may call it
idempotency.py     the header `Idempotency-Key`
parsers.py         reading a body
exceptions.py      errors, as RFC 9457 describes them
schema.py          OpenAPI
"""

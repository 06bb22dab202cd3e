"""The webhooks: `path("front-sms/", include("django_front_sms.urls"))`. `signing.webhook_path` gives their paths.

The trailing slash is optional: without it, Django would respond to a POST with an error. Every other path below the
include gets a 404 here, because Django would log it, and it may contain a token.
"""

from django.urls import path, re_path

from django_front_sms import webhooks

app_name = "front_sms"
urlpatterns = [
    path("<str:token>/status/", webhooks.status, name="status"),
    path("<str:token>/inbound/", webhooks.inbound, name="inbound"),
    path("<str:token>/status", webhooks.status),
    path("<str:token>/inbound", webhooks.inbound),
    re_path(r"", webhooks.not_found),
]

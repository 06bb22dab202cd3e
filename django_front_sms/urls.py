"""The webhooks: `path("front-sms/", include("django_front_sms.urls"))`; `signing.webhook_path` gives their paths."""

from django.urls import path

from django_front_sms import webhooks

app_name = "front_sms"
urlpatterns = [
    path("<str:token>/status/", webhooks.status, name="status"),
    path("<str:token>/inbound/", webhooks.inbound, name="inbound"),
]

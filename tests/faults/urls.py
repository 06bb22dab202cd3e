"""The webhooks."""

from django.urls import include, path

urlpatterns = [path("front-sms/", include("django_front_sms.urls"))]

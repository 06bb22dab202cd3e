"""URLs of a site whose one admin site has two models of this app."""

from django.contrib import admin
from django.urls import include, path

from django_front_sms.admin import InboundMessageAdmin, OutboundMessageAdmin
from django_front_sms.models import InboundMessage, OutboundMessage

few = admin.AdminSite(name="few")
few.register(OutboundMessage, OutboundMessageAdmin)
few.register(InboundMessage, InboundMessageAdmin)

urlpatterns = [path("few/", few.urls), path("front-sms/", include("django_front_sms.urls"))]

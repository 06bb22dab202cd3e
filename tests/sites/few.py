"""URLs of a site whose admin sites have a few models of this app: `few` messages, `fewer` all but outgoing ones."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.utils.module_loading import import_string

from django_front_sms.admin import BulkSendAdmin, ConversationAdmin, InboundMessageAdmin, OutboundMessageAdmin
from django_front_sms.models import BulkSend, Conversation, InboundMessage, OutboundMessage

AdminSite = admin.site.__class__  # that of the theme: some have one, and need it

few = AdminSite(name="few")
few.register(OutboundMessage, OutboundMessageAdmin)
few.register(InboundMessage, InboundMessageAdmin)

fewer = AdminSite(name="fewer")
fewer.register(InboundMessage, InboundMessageAdmin)
fewer.register(Conversation, ConversationAdmin)
fewer.register(BulkSend, BulkSendAdmin)

urlpatterns = [
    path("few/", few.urls),
    path("fewer/", fewer.urls),
    path("front-sms/", include("django_front_sms.urls")),
    *(import_string(settings.URLS_OF_OTHER_APPS) if hasattr(settings, "URLS_OF_OTHER_APPS") else []),
]

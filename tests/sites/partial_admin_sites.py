"""URLs of two admin sites that have some of the models: messages alone, and conversations without outbound messages."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.utils.module_loading import import_string

from django_front_sms.admin import BulkSendAdmin, ConversationAdmin, InboundMessageAdmin, OutboundMessageAdmin
from django_front_sms.models import BulkSend, Conversation, InboundMessage, OutboundMessage

AdminSite = admin.site.__class__  # that of the theme: some have one, and need it

messages_site = AdminSite(name="messages")
messages_site.register(OutboundMessage, OutboundMessageAdmin)
messages_site.register(InboundMessage, InboundMessageAdmin)

conversations_site = AdminSite(name="conversations")
conversations_site.register(InboundMessage, InboundMessageAdmin)
conversations_site.register(Conversation, ConversationAdmin)
conversations_site.register(BulkSend, BulkSendAdmin)

urlpatterns = [
    path("messages/", messages_site.urls),
    path("conversations/", conversations_site.urls),
    path("front-sms/", include("django_front_sms.urls")),
    *(import_string(settings.URLS_OF_OTHER_APPS) if hasattr(settings, "URLS_OF_OTHER_APPS") else []),
]

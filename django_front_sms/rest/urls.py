"""The addresses: `path("api/sms/", include("django_front_sms.rest.urls"))`."""

from django.urls import path, re_path

from django_front_sms.rest.views import bulk, conversations, inbound, messages, optouts, preview
from django_front_sms.rest.views.common import Nowhere

app_name = "front_sms_rest"
urlpatterns = [
    path("messages/", messages.Messages.as_view(), name="messages"),
    path("messages/many/", bulk.ManyMessages.as_view(), name="many-messages"),
    path("messages/<int:pk>/", messages.Message.as_view(), name="message"),
    path("messages/<int:pk>/timeline/", messages.MessageTimeline.as_view(), name="message-timeline"),
    path("messages/<int:pk>/cancel/", messages.Cancel.as_view(), name="cancel"),
    path("messages/<int:pk>/resend/", messages.Resend.as_view(), name="resend"),
    path("messages/<int:pk>/conversation/", conversations.Conversation.as_view(), name="message-conversation"),
    path("bulk/", bulk.Bulks.as_view(), name="bulks"),
    path("bulk/<int:pk>/", bulk.Bulk.as_view(), name="bulk"),
    path("inbound/", inbound.InboundMessages.as_view(), name="inbound-messages"),
    path("inbound/<int:pk>/", inbound.Inbound.as_view(), name="inbound"),
    path("inbound/<int:pk>/timeline/", inbound.InboundTimeline.as_view(), name="inbound-timeline"),
    path("inbound/<int:pk>/reply/", inbound.Reply.as_view(), name="reply"),
    path("inbound/<int:pk>/files/<int:file_pk>/", inbound.InboundFile.as_view(), name="inbound-file"),
    path("inbound/<int:pk>/conversation/", conversations.ConversationOfInbound.as_view(), name="inbound-conversation"),
    path("conversations/", conversations.Conversations.as_view(), name="conversations"),
    path("opt-outs/", optouts.OptOuts.as_view(), name="opt-outs"),
    path("opt-outs/<int:pk>/", optouts.OneOptOut.as_view(), name="opt-out"),
    path("preview/", preview.Preview.as_view(), name="preview"),
    re_path("", Nowhere.as_view()),
]

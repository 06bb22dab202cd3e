"""The URLs: `path("api/sms/", include("django_front_sms.rest.urls"))`."""

from django.urls import path, re_path

from django_front_sms.rest.views.bulk import BulkSendViewSet
from django_front_sms.rest.views.common import NotFoundView
from django_front_sms.rest.views.conversations import ConversationViewSet
from django_front_sms.rest.views.inbound import InboundMessageViewSet
from django_front_sms.rest.views.messages import MessageViewSet
from django_front_sms.rest.views.optouts import OptOutViewSet
from django_front_sms.rest.views.preview import PreviewViewSet
from django_front_sms.rest.views.saved_texts import SavedTextViewSet

message, inbound, bulk, opt_out = MessageViewSet, InboundMessageViewSet, BulkSendViewSet, OptOutViewSet

app_name = "front_sms_rest"
# Explicit, without a router: a router would call these `message-list`, `message-detail`, and so on.
urlpatterns = [
    path("messages/", message.as_view({"get": "list", "post": "create"}), name="messages"),
    path("messages/many/", message.as_view({"post": "many"}), name="many-messages"),
    path("messages/<int:pk>/", message.as_view({"get": "retrieve"}), name="message"),
    path("messages/<int:pk>/timeline/", message.as_view({"get": "timeline"}), name="message-timeline"),
    path("messages/<int:pk>/cancel/", message.as_view({"post": "cancel"}), name="cancel"),
    path("messages/<int:pk>/resend/", message.as_view({"post": "resend"}), name="resend"),
    path("messages/<int:pk>/conversation/", message.as_view({"get": "conversation"}), name="message-conversation"),
    path("bulk/", bulk.as_view({"get": "list", "post": "create"}), name="bulks"),
    path("bulk/<int:pk>/", bulk.as_view({"get": "retrieve"}), name="bulk"),
    path("inbound/", inbound.as_view({"get": "list"}), name="inbound-messages"),
    path("inbound/<int:pk>/", inbound.as_view({"get": "retrieve"}), name="inbound"),
    path("inbound/<int:pk>/timeline/", inbound.as_view({"get": "timeline"}), name="inbound-timeline"),
    path("inbound/<int:pk>/reply/", inbound.as_view({"post": "reply"}), name="reply"),
    path("inbound/<int:pk>/handled/", inbound.as_view({"post": "handled", "delete": "unmark_handled"}), name="handled"),
    path("inbound/<int:pk>/files/<int:file_pk>/", inbound.as_view({"get": "file"}), name="inbound-file"),
    path("inbound/<int:pk>/conversation/", inbound.as_view({"get": "conversation"}), name="inbound-conversation"),
    path("conversations/", ConversationViewSet.as_view({"get": "list"}), name="conversations"),
    path("opt-outs/", opt_out.as_view({"get": "list", "post": "create"}), name="opt-outs"),
    path("opt-outs/<int:pk>/", opt_out.as_view({"get": "retrieve", "delete": "destroy"}), name="opt-out"),
    path("saved-texts/", SavedTextViewSet.as_view({"get": "list"}), name="saved-texts"),
    path("saved-texts/<int:pk>/", SavedTextViewSet.as_view({"get": "retrieve"}), name="saved-text"),
    path("preview/", PreviewViewSet.as_view({"post": "create"}), name="preview"),
    re_path("", NotFoundView.as_view()),
]

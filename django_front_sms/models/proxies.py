"""Screens of the admin without a table."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from django_front_sms.models.inbound import InboundMessage
from django_front_sms.models.outbound import OutboundMessage


class Conversation(InboundMessage):
    """Messages in both directions between one number and one account; read by `django_front_sms.conversations`.

    Users who may view inbound and outgoing messages may view it.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering: ClassVar = ["-pk"]


class Dashboard(OutboundMessage):
    """Alerts and statistics; read from `django_front_sms.monitoring`.

    Users who may view outgoing messages may view it.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboard")
        ordering: ClassVar = ["-pk"]

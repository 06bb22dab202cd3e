"""What people and a site wrote to each other, as a screen of its own: it has no table, only a place in the admin."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from django_front_sms.models.incoming import InboundMessage


class Conversation(InboundMessage):
    """`django_front_sms.conversations` reads them; whoever may see messages in both directions may see them."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering: ClassVar = ["-pk"]

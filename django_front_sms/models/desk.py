"""The desk, as a screen of its own: it has no table, only a place in the admin."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from django_front_sms.models.outgoing import OutboundMessage


class Desk(OutboundMessage):
    """`django_front_sms.figures` fills it; whoever may see outgoing messages may see it."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("desk")
        verbose_name_plural = _("desk")
        ordering: ClassVar = ["-pk"]

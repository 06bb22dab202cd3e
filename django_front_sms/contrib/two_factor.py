"""django-two-factor-auth: tokens by SMS."""

from typing import Any

from django.utils.translation import gettext as _

from django_front_sms.contrib.codes import CodeSender


class Gateway(CodeSender):
    """`TWO_FACTOR_SMS_GATEWAY = "django_front_sms.contrib.two_factor.Gateway"`, or a subclass with other options.

    A device repeats its token within 30 seconds. The repetition is not sent again; the first SMS has the same token.
    """

    def text(self, device: Any, token: str) -> str:
        """The text for a token of `device`."""
        return _("Your code is %(code)s.") % {"code": token}

    def send_sms(self, device: Any, token: str) -> None:
        """Send `token` to the number of `device`."""
        self.send_code(device.number, self.with_webotp(self.text(device, token), token))

"""django-allauth: the SMS that its account adapter sends."""

from typing import Any

from django.utils.translation import gettext as _

from django_front_sms.contrib.codes import CodeSender


class SMSAdapterMixin(CodeSender):
    """The three SMS of allauth's account adapter: `class Adapter(SMSAdapterMixin, DefaultAccountAdapter)`.

    The adapter's methods that store and look up phone numbers remain the site's own.
    """

    def verification_text(self, user: Any, code: str) -> str:
        """The text for a verification code; `user` may be None while somebody signs up."""
        return _("Your code is %(code)s.") % {"code": code}

    def unknown_account_text(self) -> str:
        """The text for a number that no account has, when a login code was requested for it."""
        return _("There is no account with this phone number. If you did not try to log in, ignore this message.")

    def account_already_exists_text(self) -> str:
        """The text for a number that has an account already, when somebody signs up with it."""
        return _("There is an account with this phone number already. Log in instead of signing up.")

    def send_verification_code_sms(self, user: Any, phone: str, code: str, **kwargs: Any) -> None:
        self.send_code(phone, self.with_webotp(self.verification_text(user, code), code))

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self.send_code(phone, self.unknown_account_text())

    def send_account_already_exists_sms(self, phone: str, **kwargs: Any) -> None:
        self.send_code(phone, self.account_already_exists_text())

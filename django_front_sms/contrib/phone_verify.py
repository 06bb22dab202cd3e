"""django-phone-verify: security codes by SMS. `Backend` is created on first use: its base class is in phone_verify."""

import functools
from collections.abc import Iterable
from typing import Any

from django_front_sms.contrib.codes import CodeSender
from django_front_sms.exceptions import FrontSMSError


class _Sender(CodeSender):
    """Sending, without the base class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exception_class: type[Exception] = FrontSMSError  # phone_verify catches and logs it
        self._security_code = ""

    def generate_message(self, security_code: str, context: Any = None) -> str | None:
        """None: phone_verify makes the text, from `PHONE_VERIFICATION["MESSAGE"]`. `send_sms` is given that text only,
        and WebOTP needs the code, so it is kept until then."""
        self._security_code = security_code
        return None

    def send_sms(self, number: Any, message: str) -> None:
        """Send `message` to `number`."""
        code = self._security_code
        self.send_code(number, self.with_webotp(message, code) if code and code in message else message)

    def send_bulk_sms(self, numbers: Iterable[Any], message: str) -> None:
        """Send `message` to each of `numbers`, as messages of their own."""
        for number in numbers:
            self.send_sms(number, message)


@functools.cache
def _backend() -> type[Any]:
    from phone_verify.backends.base import BaseBackend

    class Backend(_Sender, BaseBackend):  # type: ignore[misc]  # phone_verify has no types
        """`PHONE_VERIFICATION["BACKEND"] = "django_front_sms.contrib.phone_verify.Backend"`, or a subclass with other
        options; takes no `OPTIONS`. A subclass that overrides `generate_message` calls this one first."""

    return Backend


def __getattr__(name: str) -> Any:
    if name == "Backend":
        return _backend()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The exceptions of this app, all of them subclasses of `FrontSMSError`."""

import copyreg
from typing import Any

from django.core.exceptions import ValidationError


class FrontSMSError(Exception):
    """The root of this app's exceptions."""


class InvalidMessage(FrontSMSError, ValidationError):
    """A message that cannot be sent as requested; nothing was stored.

    `code` names the error, `index` the message's position in `send_many_sms` (from 0; None elsewhere), and
    `invalid` the numbers that were refused, in the order given (bulk only; empty elsewhere).
    """

    def __init__(self, message: Any, code: str, *, index: int | None = None, invalid: list[str] | None = None) -> None:
        ValidationError.__init__(self, message, code=code)
        self.code: str = code
        self.index = index
        self.invalid = invalid or []

    def __str__(self) -> str:
        return self.message % self.params if self.params else str(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        # Its `args` are Django's: a process pool that recreated it from those would hang, or break.
        return copyreg.__newobj__, (type(self),), self.__dict__  # type: ignore[attr-defined]  # its types lack it


class NotPossible(FrontSMSError):
    """An action that is not possible in the present state of the row."""


class NotRepliable(InvalidMessage):
    """An inbound message whose sender is a text: there is no number to answer to."""

    def __init__(self, message: Any) -> None:
        super().__init__(message, "not_repliable")


class UnknownAccount(InvalidMessage):
    """No such account in `FRONT_SMS["ACCOUNTS"]`."""

    def __init__(self, message: Any) -> None:
        super().__init__(message, "unknown_account")

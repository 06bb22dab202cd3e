"""What this app raises: everything is a `FrontSMSError`."""

import copyreg
from typing import Any

from django.core.exceptions import ValidationError


class FrontSMSError(Exception):
    """The root of this app's exceptions."""


class InvalidMessage(FrontSMSError, ValidationError):
    """A message that cannot be sent as it was asked for; nothing was stored.

    `code` names the fault, `index` the message's place in `send_many_sms` (from 0; None elsewhere), and
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
        # Its `args` are Django's: a process pool that made it anew from those would hang, or break.
        return copyreg.__newobj__, (type(self),), self.__dict__  # type: ignore[attr-defined]  # its types lack it


class NotPossible(FrontSMSError):
    """What was asked of a message is not possible in the state that it is in."""


class NotRepliable(InvalidMessage):
    """An inbound message whose sender is a text: there is no number to answer to."""

    def __init__(self, message: Any) -> None:
        super().__init__(message, "not_repliable")


class UnknownAccount(InvalidMessage):
    """No such account in `FRONT_SMS["ACCOUNTS"]`."""

    def __init__(self, message: Any) -> None:
        super().__init__(message, "unknown_account")

"""The gateway's codes: who must act on each error (§2.2), and the delivery statuses (§2.3).

Front may add codes at any time, so unknown numbers are accepted as values.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Blame(StrEnum):
    """Who has to change something before the message can be sent."""

    NOBODY = "nobody"
    MESSAGE = "message"
    RECIPIENT = "recipient"
    ACCOUNT = "account"
    US = "us"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


class ErrorCode(IntEnum):
    """`errorcode` in an answer to a message (§2.2)."""

    OK = 0
    INVALID_RECIPIENT = 1
    FORBIDDEN_IP = 2
    INVALID_SENDER = 3
    INVALID_PRICE = 4
    NO_CREDIT = 5
    PRICING_NOT_ALLOWED = 6
    ACCOUNT_BLOCKED = 7
    MISSING_SERVICE_ID = 8
    MISSING_RECIPIENT = 9
    MISSING_TEXT = 10
    MISSING_SENDER = 11
    INVALID_PRICED_RECIPIENT = 12
    WRONG_PASSWORD = 13
    TEXT_TOO_LONG = 14
    PRICED_TEXT_TOO_LONG = 15
    NOT_GSM = 16
    DUPLICATE = 17
    HTTPS_REQUIRED = 18
    INVALID_ENCODING = 19
    INVALID_UNICODE_FLAG = 20
    BLACKLISTED = 21


class StatusCode(IntEnum):
    """`status` in a delivery status push (§2.3)."""

    AT_OPERATOR = -1
    DELIVERED = 4
    FAILED = 5


class _Meaning(NamedTuple):
    blame: Blame
    sentence: str


_MEANINGS = {
    ErrorCode.OK: _Meaning(Blame.NOBODY, "Front accepted the message."),
    ErrorCode.INVALID_RECIPIENT: _Meaning(
        Blame.RECIPIENT, "The recipient is not a mobile number that Front can reach: correct the number."
    ),
    ErrorCode.FORBIDDEN_IP: _Meaning(
        Blame.ACCOUNT, "Front does not know the address this server calls from: register the IP address with Front."
    ),
    ErrorCode.INVALID_SENDER: _Meaning(
        Blame.MESSAGE, "The sender is not one that Front registered for this account: use a registered sender."
    ),
    ErrorCode.INVALID_PRICE: _Meaning(
        Blame.MESSAGE, "The price is not a valid rate: give whole kroner in øre, from 100 to 20000."
    ),
    ErrorCode.NO_CREDIT: _Meaning(Blame.ACCOUNT, "The account has no messages left: buy more from Front."),
    ErrorCode.PRICING_NOT_ALLOWED: _Meaning(
        Blame.MESSAGE, "This account may not send priced messages: remove the price, or ask Front to allow it."
    ),
    ErrorCode.ACCOUNT_BLOCKED: _Meaning(
        Blame.ACCOUNT, "The account is blocked or the service id is wrong: check the service id, then call Front."
    ),
    ErrorCode.MISSING_SERVICE_ID: _Meaning(
        Blame.US, "The request carried no service id: this is a bug here, please report it."
    ),
    ErrorCode.MISSING_RECIPIENT: _Meaning(
        Blame.US, "The request carried no recipient: this is a bug here, please report it."
    ),
    ErrorCode.MISSING_TEXT: _Meaning(Blame.US, "The request carried no text: this is a bug here, please report it."),
    ErrorCode.MISSING_SENDER: _Meaning(
        Blame.US, "The request carried no sender: this is a bug here, please report it."
    ),
    ErrorCode.INVALID_PRICED_RECIPIENT: _Meaning(
        Blame.RECIPIENT, "The recipient cannot be charged: priced messages reach Norwegian subscribers only."
    ),
    ErrorCode.WRONG_PASSWORD: _Meaning(
        Blame.ACCOUNT, "Front refused the password: correct the account's password in the settings."
    ),
    ErrorCode.TEXT_TOO_LONG: _Meaning(
        Blame.MESSAGE, "The text is longer than Front takes, 1024 characters: shorten it."
    ),
    ErrorCode.PRICED_TEXT_TOO_LONG: _Meaning(
        Blame.MESSAGE, "The text is too long for a priced message, 160 characters: shorten it."
    ),
    ErrorCode.NOT_GSM: _Meaning(
        Blame.MESSAGE, "The text has characters outside the GSM alphabet: remove them, or allow Unicode."
    ),
    ErrorCode.DUPLICATE: _Meaning(
        Blame.DUPLICATE,
        "Front had the same sender, recipient and text within the last 120 seconds: wait before repeating it.",
    ),
    ErrorCode.HTTPS_REQUIRED: _Meaning(
        Blame.ACCOUNT, "The account demands encryption: use a gateway URL that begins with https."
    ),
    ErrorCode.INVALID_ENCODING: _Meaning(
        Blame.US, "Front did not know the encoding of the request: this is a bug here, please report it."
    ),
    ErrorCode.INVALID_UNICODE_FLAG: _Meaning(
        Blame.US, "The unicode flag was neither true nor false: this is a bug here, please report it."
    ),
    ErrorCode.BLACKLISTED: _Meaning(
        Blame.RECIPIENT, "Front has blacklisted the recipient as unreachable or abused: do not send to it again."
    ),
}

ACCOUNT_CODES = frozenset(int(code) for code, meaning in _MEANINGS.items() if meaning.blame is Blame.ACCOUNT)
"""Codes that every message of the account would get: sending pauses until a person has acted."""


def _meaning(code: int) -> _Meaning:
    try:
        return _MEANINGS[ErrorCode(code)]
    except ValueError:
        return _Meaning(Blame.UNKNOWN, f"Front answered with code {code}, which is newer than this package: ask Front.")


def blame(code: int) -> Blame:
    """Who must act on an `errorcode`; `Blame.UNKNOWN` for a code that manual v2.25 does not list."""
    return _meaning(code).blame


def describe(code: int) -> str:
    """One English sentence for an `errorcode`: what is wrong and what to do. Unknown codes get one too."""
    return _meaning(code).sentence

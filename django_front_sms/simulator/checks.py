"""The gateway's checks of a submission: codes 1-21 of §2.2, in a fixed order.

The manual gives no order. This one checks the format of the request first, then the customer, then the message, and
last the conditions that depend on time."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network

from django_front_sms.gateway import gsm
from django_front_sms.gateway.codes import ErrorCode
from django_front_sms.gateway.numbers import PRICED_SENDER

from .accounts import Account, is_own_number
from .rules import Rules

MAX_TEXT = 1024  # §2.1, characters
PRICES = range(100, 20_001, 100)  # §2.1: whole kroner from 1 to 200, in øre
ENCODINGS = {"iso-8859-1": "iso-8859-1", "utf8": "utf-8", "utf-8": "utf-8"}  # §2.1
_RECIPIENT = re.compile(r"(?:00|\+)([1-9][0-9]{6,14})")
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Submission:
    """A request of a customer, read but not checked.

    `parameters` are those of §2.1 or §2.4 by their wire names: strings in GET, any JSON value in POST. `address` is the
    client's address, `secure` whether the request came over https.
    """

    parameters: Mapping[str, object] = field(repr=False)
    bulk: bool = False
    address: str = "127.0.0.1"
    secure: bool = False


@dataclass(frozen=True)
class Case:
    """A submission together with what the gateway knows about its customer and its recipients."""

    submission: Submission
    account: Account | None
    https_only: bool
    blacklist: Collection[str]
    is_duplicate: Callable[[Case, str], bool] = field(repr=False)
    rules: Rules = field(default_factory=Rules)

    def given(self, name: str) -> str:
        """Return the parameter as a stripped string; empty if it is missing, null, a list or an object."""
        value = self.submission.parameters.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value).strip() if isinstance(value, str | int | float) else ""

    @cached_property
    def text(self) -> str:
        value = self.submission.parameters.get("txt")
        return value if isinstance(value, str) else self.given("txt")

    @cached_property
    def fromid(self) -> str:
        return self.given("fromid")

    @cached_property
    def written(self) -> tuple[str, ...]:
        """The recipients as the customer wrote them (§2.4: a bulk has a list)."""
        if not self.submission.bulk:
            return (self.given("phoneno"),) if self.given("phoneno") else ()
        value = self.submission.parameters.get("phoneno")
        return tuple(str(number) for number in value) if isinstance(value, list) else ()

    @cached_property
    def valid(self) -> tuple[str, ...]:
        """The valid recipients in E.164, in order and with repetitions."""
        return tuple(number for written in self.written if (number := self._recipient(written)))

    def _recipient(self, written: str) -> str | None:
        number = recipient(written)
        return number if self.rules.plus_numbers or not written.strip().startswith("+") else None

    @cached_property
    def reachable(self) -> tuple[str, ...]:
        """The valid recipients that are not blacklisted, without repetitions."""
        return tuple(number for number in dict.fromkeys(self.valid) if number not in self.blacklist)

    @cached_property
    def fresh(self) -> tuple[str, ...]:
        """The reachable recipients that did not get the same message within the duplicate window."""
        return tuple(number for number in self.reachable if not self.is_duplicate(self, number))

    @property
    def invalid(self) -> tuple[str, ...]:
        """The numbers that a bulk answer lists as invalid, as they were written; empty for a single message."""
        if not self.submission.bulk:
            return ()
        fine = frozenset(self.reachable if self.rules.bulk_names_blacklisted else self.valid)
        return tuple(written for written in dict.fromkeys(self.written) if self._recipient(written) not in fine)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """The numbers that a bulk answer lists as duplicates: repeated, or not fresh."""
        reachable, left = frozenset(self.reachable), set(self.fresh)
        found: dict[str, None] = {}
        for written in self.written:
            number = self._recipient(written)
            if number in left:
                left.discard(number)
            elif number in reachable:
                found[written] = None
        return tuple(found)

    @cached_property
    def unicode(self) -> bool:
        return _FLAGS.get(self.given("unicode"), False)

    @cached_property
    def price(self) -> int | None:
        """The price in øre; 0 for a free message, None for an invalid price. Bulk has no price (§2.4)."""
        given = "" if self.submission.bulk else self.given("price")
        if not re.fullmatch("[0-9]{0,9}", given):
            return None
        price = int(given or 0)
        return price if price == 0 or price in PRICES else None

    @cached_property
    def preview(self) -> gsm.Preview:
        return gsm.preview(self.text, unicode=self.unicode, replacement=self.rules.replacement)

    @property
    def sender(self) -> str:
        """The sender on the phone: 2401 for a priced message (§2.1)."""
        return PRICED_SENDER if self.price else self.fromid

    def cost(self) -> int:
        """Return the number of segments that the account pays for."""
        recipients = len(self.fresh) if self.submission.bulk else 1
        return self.preview.segments * recipients

    def verdict(self) -> ErrorCode:
        """Return the first code that applies, OK if none does."""
        return next((code for code, applies in CHECKS if applies(self)), ErrorCode.OK)


def recipient(written: str) -> str | None:
    """Return the number in E.164, None if it is not an international number (§2.1).

    It must begin with 00 or +. Spaces are allowed, as the manual writes `0047 99999999`. Any length of seven to fifteen
    digits is accepted, because the manual's own examples have 8, 9 or 10 digits after 0047.
    """
    found = _RECIPIENT.fullmatch(written.replace(" ", ""))
    return f"+{found[1]}" if found else None


def _wrong_flag(case: Case) -> bool:
    return case.submission.parameters.get("unicode") is not None and case.given("unicode") not in _FLAGS


def _wrong_password(case: Case) -> bool:
    expected = case.account.password if case.account else None
    return expected is not None and case.submission.parameters.get("password") != expected


def _foreign_address(case: Case) -> bool:
    allowed = case.account.allowed_ips if case.account else None
    return allowed is not None and not _is_among(case.submission.address, allowed)


def _is_among(address: str, allowed: Collection[str]) -> bool:
    """Return whether `address` is one of the allowed addresses or in an allowed network. Mapped IPv4 counts as IPv4."""
    address = address.removeprefix("::ffff:")
    if address in allowed:
        return True
    try:
        return any(ip_address(address) in ip_network(entry, strict=False) for entry in allowed if "/" in entry)
    except ValueError:
        return False


def _foreign_sender(case: Case) -> bool:
    registered = case.account is not None and case.account.has_number(case.fromid)
    return not registered and not (case.rules.free_own_numbers and is_own_number(case.fromid))


def _no_credit(case: Case) -> bool:
    balance = case.account.balance if case.account else None
    return balance is not None and balance < case.cost()


CHECKS: tuple[tuple[ErrorCode, Callable[[Case], bool]], ...] = (
    (ErrorCode.HTTPS_REQUIRED, lambda case: case.https_only and not case.submission.secure),
    (ErrorCode.MISSING_SERVICE_ID, lambda case: not case.given("serviceid")),
    (ErrorCode.MISSING_RECIPIENT, lambda case: not case.written),
    (ErrorCode.MISSING_TEXT, lambda case: not case.text.strip()),
    (ErrorCode.MISSING_SENDER, lambda case: not case.fromid),
    (ErrorCode.INVALID_ENCODING, lambda case: case.given("encoding") not in ("", *ENCODINGS)),
    (ErrorCode.INVALID_UNICODE_FLAG, _wrong_flag),
    (ErrorCode.ACCOUNT_BLOCKED, lambda case: case.account is None or case.account.blocked),
    (ErrorCode.WRONG_PASSWORD, _wrong_password),
    (ErrorCode.FORBIDDEN_IP, _foreign_address),
    (ErrorCode.INVALID_RECIPIENT, lambda case: not case.valid),
    (ErrorCode.INVALID_SENDER, _foreign_sender),
    (ErrorCode.TEXT_TOO_LONG, lambda case: len(case.text) > MAX_TEXT),
    (ErrorCode.INVALID_PRICE, lambda case: case.price is None),
    (ErrorCode.PRICING_NOT_ALLOWED, lambda case: bool(case.price and case.account and not case.account.priced)),
    (ErrorCode.INVALID_PRICED_RECIPIENT, lambda case: bool(case.price) and not case.valid[0].startswith("+47")),
    (ErrorCode.PRICED_TEXT_TOO_LONG, lambda case: bool(case.price) and case.preview.segments > 1),
    (ErrorCode.NOT_GSM, lambda case: case.submission.bulk and not case.unicode and bool(case.preview.replaced)),
    (ErrorCode.BLACKLISTED, lambda case: not case.reachable),
    (ErrorCode.NO_CREDIT, _no_credit),
    (ErrorCode.DUPLICATE, lambda case: not case.submission.bulk and not case.fresh),
)

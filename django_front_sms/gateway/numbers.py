"""Senders and recipients: phone numbers, short codes, PSK numbers and text senders.

This app stores phone numbers in E.164 (`+4799999999`); Front writes them with `00` (§2.1). `parse_recipient` and
`check_sender` validate input. Numbers in Front's pushes are never refused: `normalize` converts them to one form.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

NumberErrorCode = Literal["invalid_recipient", "invalid_sender", "region_not_allowed"]

MAX_TEXT_SENDER = 11  # §1.1: characters
PSK_SHORT_CODE = "26114"  # §1.1: a PSK number is this short code and nine digits
PRICED_SENDER = "2401"  # §2.1: the sender of every priced message
_MAX_DIGITS = 15  # E.164

_WRITTEN_NUMBER = re.compile(r"\(?[+＋]?[\d\s()./\-\u2010-\u2015\u2212]+")
_DIGITS = re.compile(r"(?:\+|00)?([0-9]+)")
_ZERO_ZERO_FORM = re.compile(r" ?00([1-9][0-9]*)")
_LOST_PLUS_FORM = re.compile(r" ([1-9][0-9]*)")
_SPACED_NUMBER = re.compile(r"[+0-9\s]+")
_NORWEGIAN_MACHINE = "5[89][0-9]{10}"  # M2M
_NORWEGIAN = re.compile(f"(?:47)?([2-9][0-9]{{7}}|{_NORWEGIAN_MACHINE})")
_SUB_NUMBER = "[0-9]{9}"  # of a PSK number (§2.5.2)


class NumberError(ValueError):
    """A recipient or sender that cannot be used. The message shows no full number; `code` says what is wrong."""

    def __init__(self, message: str, code: NumberErrorCode = "invalid_recipient") -> None:
        super().__init__(message)
        self.code: NumberErrorCode = code


def as_text(number: object) -> str:
    """`number` as text: a number object of `phonenumbers`, or a subclass such as `phonenumber_field.PhoneNumber`, in
    E.164 and never by its `str()`, which leaves out the country code in some settings."""
    if isinstance(number, PhoneNumber):
        if number.country_code is None or number.national_number is None:  # an object made of what could not be parsed
            return str(number.raw_input or "")
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return str(number)


def parse_recipient(value: object, *, region: str = "NO", allowed_regions: Collection[str] | None = None) -> str:
    """Return the E.164 form of a number that a person wrote, or of a number object; raise `NumberError` where there is
    none.

    `region` (ISO 3166) completes numbers without a country code; a leading `00` always means international, as on
    the wire. Spaces and the usual punctuation are ignored, letters are refused.

    The number must be *possible* as a fixed or mobile line: its country has numbers of that length. Longer ones, up to
    the 15 digits of E.164, are taken where they have a country code, and the 12 digits of Norwegian machines (M2M)
    without. It need not be *valid*: numbering plans change faster than the tables of a package, and Front refuses
    invalid numbers itself (codes 1 and 21). In `allowed_regions`, a number that is only possible belongs to the main
    region of its country code.
    """
    written = as_text(value)
    number = _parse(written, region)
    if not _is_possible(number, is_complete=_has_country_code(written)):
        raise NumberError(f"{mask(written)} cannot be a phone number, its length is wrong: check it.")
    if allowed_regions is not None:
        home = _home(number)
        if home not in {name.upper() for name in allowed_regions}:
            raise NumberError(
                f"{mask(written)} belongs to {home}, where sending is not allowed: see ALLOWED_REGIONS.",
                "region_not_allowed",
            )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _visible(value: str) -> str:
    # Contact lists wrap pasted numbers in invisible direction marks.
    return "".join(char for char in value if unicodedata.category(char) != "Cf").strip()


def _has_country_code(written: str) -> bool:
    return _visible(written).lstrip("(").startswith(("+", "＋", "00"))


def _parse(value: str, region: str) -> PhoneNumber:
    visible = _visible(value)
    if not _WRITTEN_NUMBER.fullmatch(visible):
        raise NumberError(f"{mask(value)} is not a phone number: write digits, with a country code such as +47 first.")
    if visible.startswith("00"):
        visible = "+" + visible[2:]
    try:
        return phonenumbers.parse(visible, region.upper())
    except NumberParseException:
        raise NumberError(f"{mask(value)} is not a phone number: check it and its country code.") from None


def _is_possible(number: PhoneNumber, *, is_complete: bool) -> bool:
    """Whether the number is possible; `is_complete`: it was written with its country code."""
    kind = PhoneNumberType.FIXED_LINE_OR_MOBILE
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, kind)
    if reason == ValidationResult.IS_POSSIBLE:
        return True
    digits = phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]
    if re.fullmatch(f"47{_NORWEGIAN_MACHINE}", digits):
        return True
    return is_complete and reason == ValidationResult.TOO_LONG and len(digits) <= _MAX_DIGITS


def is_international(e164: str, region: str) -> bool:
    """Whether a number has another country code than `region` (ISO 3166)."""
    return not e164.startswith(f"+{phonenumbers.country_code_for_region(region.upper())}")


def _home(number: PhoneNumber) -> str:
    region = phonenumbers.region_code_for_number(number)
    return region or phonenumbers.region_code_for_country_code(number.country_code or 0)


def to_wire(e164: str) -> str:
    """Return `004799999999` for `+4799999999` (§2.1); other values, without a plus, are returned unchanged."""
    return "00" + e164[1:] if e164.startswith("+") else e164


def from_wire(number: str) -> str:
    """Return `+47…` for `0047…` and ` 47…` (a plus lost in a query).

    Short codes, PSK numbers, texts and everything else are returned unchanged. No value is refused.
    """
    match = _ZERO_ZERO_FORM.fullmatch(number) or _LOST_PLUS_FORM.fullmatch(number)
    return "+" + match[1] if match else number


def normalize(number: str, psk_short_code: str = "") -> str:
    """Return the normalised form of a number or sender that Front sent: each phone and each sender has only one.

    Phone numbers are in E.164. 8 digits, or the 12 of a Norwegian machine, are a Norwegian number, also after 47. Text
    is in NFC, without invisible format characters. With `psk_short_code`, PSK numbers are that and nine digits without
    a plus, also where only the nine digits are given: for the site's own numbers. No value is refused.
    """
    visible = from_wire("".join(char for char in number if unicodedata.category(char) != "Cf")).strip()
    if _SPACED_NUMBER.fullmatch(visible):
        visible = from_wire("".join(visible.split()))
    norwegian = _NORWEGIAN.fullmatch(visible)
    if norwegian:
        return f"+47{norwegian[1]}"
    text = unicodedata.normalize("NFC", visible)
    return complete_psk(text, psk_short_code) if psk_short_code else text


def spellings(number: str, psk_short_code: str = PSK_SHORT_CODE) -> list[str]:
    """Return the spellings of a sender that `normalize` converts to `number`."""
    if number.startswith("+"):
        digits = number[1:]
        return [number, f"00{digits}", digits, digits.removeprefix("47")]
    sub_number = number.removeprefix(psk_short_code)
    if number != sub_number and re.fullmatch(_SUB_NUMBER, sub_number):
        return [number, f"+{number}", f"00{number}", sub_number]
    return [number]


def written_forms(e164: str) -> set[str]:
    """The digits of a number with its country code and, where that is known, without; no form begins with a zero."""
    digits = e164.removeprefix("+")
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    code = next((digits[:length] for length in (1, 2, 3) if int(digits[:length] or 0) in codes), "")
    return {digits, digits.removeprefix(code).lstrip("0")}


def complete_psk(number: str, short_code: str = PSK_SHORT_CODE) -> str:
    """Return a PSK number as its short code and nine digits; anything else is returned unchanged.

    A sub-number of exactly nine digits gets its short code back (§2.5.2), and a plus before the short code goes.
    """
    if re.fullmatch(_SUB_NUMBER, number):
        return short_code + number
    return number[1:] if re.fullmatch(rf"\+{re.escape(short_code)}{_SUB_NUMBER}", number) else number


def check_sender(value: str) -> str:
    """Return `value` unchanged, because it must equal what Front registered; raise NumberError if it is no sender.

    A sender is a text of at most 11 printable characters (§1.1), or digits: a short code, a PSK number or a phone
    number, at most 15 of them, with or without `+` or `00` before.
    """
    digits = _DIGITS.fullmatch(value)
    if digits:
        if len(digits[1]) > _MAX_DIGITS:
            raise NumberError(f"The sender has more than {_MAX_DIGITS} digits: check it.", "invalid_sender")
        return value
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise NumberError(
            "The sender is empty, or has spaces around it or control characters: write it as Front registered it.",
            "invalid_sender",
        )
    if len(value) > MAX_TEXT_SENDER:
        raise NumberError(
            f"The sender is a text of more than {MAX_TEXT_SENDER} characters: shorten it to what Front registered.",
            "invalid_sender",
        )
    return value


def mask(number: str) -> str:
    """A number for logs: `+47•••••99`. Short codes, texts and garbage show even less."""
    number = from_wire(number)
    start = number[:3] if re.match(r"\+[0-9]{8}", number) else ""
    end = number[-2:] if re.search(r"[0-9]{7}\Z", number) else ""
    return f"{start}•••••{end}"

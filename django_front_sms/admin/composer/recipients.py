"""The recipients of a composed message: each number that was entered is checked separately."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

import phonenumbers
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from django_front_sms import access, contacts, optouts
from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.db.bulk import in_chunks
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage
from django_front_sms.sending import limits
from django_front_sms.sending.validation import check_recipient

_SEPARATORS = re.compile(r"[,;\t]")  # within a line; numbers themselves have spaces in them
_NUMBER = re.compile(r"(?<!\w)[+＋]?\d[\d\s()./-]{5,}\d(?!\w)")  # within other words
_MOBILE_PREFIXES = ("+474", "+479")  # Norwegian mobile numbers: no remark
LISTED = 200  # numbers that a page names one by one
_CHUNK = 1000  # numbers in one query
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A number as it was entered, and its line (from 1). `reason`: why it gets no message, or no second one. `text`:
    the individual text for this number; None: the text of the form."""

    line: int
    written: str
    reason: str = ""
    name: str = ""
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A recipient who was sent the same text within a day."""

    number: str
    name: str
    message: OutboundMessage
    in_window: bool


@dataclass(slots=True)
class Recipients:
    """`accepted` has each number once, in E.164 and in the order in which they were written."""

    accepted: dict[str, Entry] = field(default_factory=dict)
    refused: list[Entry] = field(default_factory=list)
    repeated: list[Entry] = field(default_factory=list)

    @property
    def listed(self) -> list[tuple[str, str]]:
        """The first numbers, each with the name of its contact if known."""
        some = [*self.accepted][:LISTED]
        names = contacts.labels(some)
        return [(number, names.get(number) or self.accepted[number].name) for number in some]

    @property
    def others(self) -> int:
        """How many accepted numbers are not in `listed`."""
        return max(len(self.accepted) - LISTED, 0)

    @property
    def remarks(self) -> list[Entry]:
        """The accepted numbers that may cost more than others, or may not be able to receive SMS."""
        found = ((number, entry) for number, entry in self.accepted.items() if not number.startswith(_MOBILE_PREFIXES))
        return [replace(entry, reason=reason) for number, entry in found if (reason := _remark(number))]

    def add(self, number: str, entry: Entry) -> None:
        first = self.accepted.setdefault(number, entry)
        if first is not entry:
            self.repeated.append(replace(entry, reason=number))

    def refuse(self, number: str, reason: str) -> None:
        self.refused.append(replace(self.accepted.pop(number), reason=reason))

    def explain_repeated(self) -> None:
        """Explain what happens to numbers that were entered more than once; those that are refused get no message."""
        self.repeated = [self._explained(entry) for entry in self.repeated]

    def _explained(self, entry: Entry) -> Entry:
        first = self.accepted.get(entry.reason)
        if first is None:
            return replace(entry, reason=_("A repetition of a number that gets no message."))
        words = _("The same number as in line %(line)s; it gets one message.")
        if entry.text != first.text:
            words = _("The same number as in line %(line)s; only the text of that line is sent.")
        return replace(entry, reason=words % {"line": first.line})


def entries(pasted: str) -> Iterator[Entry]:
    """The numbers in a list: one on each line, or separated by commas, semicolons or tabs."""
    for line, content in enumerate(pasted.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        for part in _SEPARATORS.split(content):
            if part.strip():
                yield Entry(line, part.strip())


def read(written: Iterable[Entry]) -> Recipients:
    """Check the format and the region of each number. A name may precede or follow the number."""
    conf = get_settings()
    recipients = Recipients()
    for entry in written:
        number, name, reason = _number_in(entry.written, conf)
        if reason:
            recipients.refused.append(replace(entry, reason=reason))
        else:
            recipients.add(number, replace(entry, name=entry.name or name))
    return recipients


def _number_in(written: str, conf: FrontSMSSettings) -> tuple[str, str, str]:
    """The number, the name beside it, and the reason if there is no valid number."""
    try:
        return check_recipient(written, conf), "", ""
    except InvalidMessage as error:
        code = error.code
    found = _NUMBER.findall(written)
    if len(found) == 1 and any(char.isalpha() for char in written):
        try:
            return check_recipient(found[0], conf), written.replace(found[0], " ").strip(" :()-"), ""
        except InvalidMessage as error:
            written, code = found[0], error.code
    return "", "", _why_not(written, code, conf)


def _why_not(written: str, code: str, conf: FrontSMSSettings) -> str:
    if code == "region_not_allowed":
        regions = ", ".join(conf.allowed_regions or [])
        return _("Its country is not one that this site sends to (%(regions)s).") % {"regions": regions}
    return why_no_number(written)


def why_no_number(written: str) -> str:
    """Why a phone number cannot be read, for staff."""
    if any(char.isalpha() for char in written):
        return _("The number contains letters. Write digits only, with a country code such as +47 first where needed.")
    return _("The number has too few or too many digits, or an unknown country code. Check it.")


def _remark(number: str) -> str:
    """A remark about the cost or the reachability of a number, for staff; empty if there is none."""
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    if region and region != get_settings().default_region:
        return _country_words(region, get_language() or "en")
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return _("A landline: most of them cannot receive SMS, and the SMS costs the same.")
    return ""


@cache
def _country_words(region: str, language: str) -> str:
    return _("A foreign number (%(region)s): Front may charge more for it.") % {"region": region}


def refuse_unsendable(
    recipients: Recipients, *, account: str, sender: str, ignore_opt_out: bool, known: Collection[str] = frozenset()
) -> None:
    """Refuse numbers that opted out of `sender`, or would exceed `RATE_LIMITS`, except those that are `known`."""
    new = [number for number in recipients.accepted if number not in known]
    wanted = {"account": account, "sender": sender, "ignore_opt_out": ignore_opt_out}
    messages = [OutboundMessage(recipient=number, **wanted) for number in new]
    opted_out = {new[place] for place in optouts.refused(messages)}
    for number in opted_out:
        recipients.refuse(number, _("This number opted out of messages from this sender."))
    messages = [message for message in messages if message.recipient not in opted_out]
    for place, reason in limits.refused(messages, get_settings()).items():
        recipients.refuse(messages[place].recipient, reason)
    recipients.refused.sort(key=lambda entry: entry.line)
    recipients.explain_repeated()


def sent_earlier(user: Any, account: str, texts: dict[str, str]) -> list[Earlier]:
    """Recipients who were sent the same text within a day, the latest first. `texts` has the text for each number.

    For users who may not view outbound messages, only their own messages are included. Sensitive messages are not: a
    user could guess their texts.
    """
    now = timezone.now()
    window = now - timedelta(seconds=get_settings().duplicate_window)
    recent = OutboundMessage.objects.filter(account=account, created_at__gte=now - _A_DAY, sensitive=False)
    rows = access.visible(recent, user)
    if not user.has_perm("front_sms.view_outboundmessage"):
        rows = rows.filter(created_by=user)
    found: dict[str, OutboundMessage] = {}
    for numbers in in_chunks(list(texts), _CHUNK):
        same = rows.filter(recipient__in=numbers).select_related("created_by").order_by("pk")
        found |= {row.recipient: row for row in same if row.text == texts[row.recipient]}
    names = contacts.labels(found)
    latest = sorted(found.items(), key=lambda item: item[1].created_at, reverse=True)
    return [Earlier(number, names.get(number, ""), row, row.created_at >= window) for number, row in latest]

"""Whom a composed message goes to: every number that was pasted, checked on its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from django_front_sms import optouts
from django_front_sms.conf import FrontSMSSettings, get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OutboundMessage
from django_front_sms.sending import limits
from django_front_sms.sending.validation import check_recipient

_BETWEEN = re.compile(r"[,;\t]")  # within a line; numbers themselves have spaces in them
_LISTED = 200  # numbers that a page names one by one


@dataclass(frozen=True, slots=True)
class Entry:
    """A number as somebody wrote it, the line that it stands in (from 1), and why it gets nothing, or nothing more."""

    line: int
    written: str
    reason: str = ""


@dataclass(slots=True)
class Recipients:
    """`accepted` is in E.164, each once and in order; `refused` and `repeated` say why."""

    accepted: dict[str, Entry] = field(default_factory=dict)
    refused: list[Entry] = field(default_factory=list)
    repeated: list[Entry] = field(default_factory=list)

    @property
    def listed(self) -> list[str]:
        return [*self.accepted][:_LISTED]

    @property
    def others(self) -> int:
        """How many accepted numbers are not in `listed`."""
        return max(len(self.accepted) - _LISTED, 0)

    def refuse(self, number: str, reason: str) -> None:
        entry = self.accepted.pop(number)
        self.refused.append(Entry(entry.line, entry.written, reason))


def entries(pasted: str) -> Iterator[Entry]:
    """What stands in a list of numbers: one a line, or parted by commas, semicolons or tabs."""
    for line, content in enumerate(pasted.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        for part in _BETWEEN.split(content):
            if part.strip():
                yield Entry(line, part.strip())


def read(pasted: str) -> Recipients:
    """The numbers in `pasted`, by their form and region alone."""
    conf = get_settings()
    recipients = Recipients()
    for entry in entries(pasted):
        try:
            number = check_recipient(entry.written, conf)
        except InvalidMessage as error:
            recipients.refused.append(Entry(entry.line, entry.written, _why_not(entry.written, error.code, conf)))
            continue
        first = recipients.accepted.setdefault(number, entry)
        if first is not entry:
            reason = _("The same number as in line %(line)s; it gets one message.") % {"line": first.line}
            recipients.repeated.append(Entry(entry.line, entry.written, reason))
    return recipients


def _why_not(written: str, code: str, conf: FrontSMSSettings) -> str:
    if code == "region_not_allowed":
        regions = ", ".join(conf.allowed_regions or [])
        return _("Its country is not one that this site sends to (%(regions)s).") % {"regions": regions}
    if any(char.isalpha() for char in written):
        return _("It has letters: write digits, with a country code such as +47 first.")
    return _("It has too few or too many digits, or no such country code: check it.")


def refuse_unwilling(
    recipients: Recipients, *, account: str, sender: str, ignore_opt_out: bool, known: frozenset[str] = frozenset()
) -> None:
    """Refuse who opted out of `sender`, and who would get too many (`RATE_LIMITS`); `known` got theirs already."""
    new = [number for number in recipients.accepted if number not in known]
    wanted = {"account": account, "sender": sender, "ignore_opt_out": ignore_opt_out}
    messages = [OutboundMessage(recipient=number, **wanted) for number in new]
    unwilling = {new[place] for place in optouts.refused(messages)}
    for number in unwilling:
        recipients.refuse(number, _("This number opted out of messages from this sender."))
    messages = [message for message in messages if message.recipient not in unwilling]
    for place, reason in limits.refused(messages, get_settings()).items():
        recipients.refuse(messages[place].recipient, reason)
    recipients.refused.sort(key=lambda entry: entry.line)

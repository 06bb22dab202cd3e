"""The preview of a text, in words and as a bubble, and the data that `composer.js` needs for a live preview."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_front_sms import quiet_hours
from django_front_sms.conf import get_settings
from django_front_sms.gateway import gsm
from django_front_sms.gateway.typography import GSM_EQUIVALENTS, simplify

_MILLIONTHS = 1_000_000  # scripts count in whole numbers
_NAMED = 8  # characters that a sentence names
_SYMBOLS = ("So", "Sk", "Cf", "Me")  # categories of emoji, and of characters that join and colour them


def simplified(text: str) -> str:
    """`text` with typographic characters in their GSM form, and without emoji. Letters stay as they are."""
    kept: list[str] = []
    for char in simplify(text):
        if gsm.is_gsm(char) or not (unicodedata.category(char) in _SYMBOLS or "\ufe00" <= char <= "\ufe0f"):
            kept.append(char)
        elif kept and kept[-1] == " ":
            kept.pop()  # the space before an emoji is removed too
    return "".join(kept)


def sentence(text: str, unicode: bool | None) -> str:
    """The number of SMS that a text takes, and the characters that raise it; empty for an empty text."""
    if not text:
        return ""
    shown = gsm.preview(text, unicode=unicode, replacement=get_settings().replacement)
    count = ngettext("%(n)s SMS", "%(n)s SMS", shown.segments) % {"n": shown.segments}
    foreign = gsm.foreign(text)
    named = " ".join(name(char) for char in foreign[:_NAMED]) + (" …" if len(foreign) > _NAMED else "")
    if foreign and unicode is False:
        replaced = _("Front replaces %(characters)s by “%(replacement)s”.")
        return f"{count}. {replaced % {'characters': named, 'replacement': get_settings().replacement}}"
    if foreign:
        return f"{count} {_('because of %(characters)s') % {'characters': named}}."
    left = ngettext("%(n)s character left", "%(n)s characters left", shown.units_left) % {"n": shown.units_left}
    return f"{count}, {left}."


def shorter(text: str, unicode: bool | None) -> int:
    """The number of SMS that the text would take as `simplified` returns it, if that is less; else 0."""
    now = gsm.preview(text, unicode=unicode, replacement=get_settings().replacement).segments
    then = gsm.preview(simplified(text), unicode=unicode, replacement=get_settings().replacement).segments
    return then if then < now else 0


def bubble(text: str, unicode: bool | None) -> SafeString:
    """`text` as it arrives. Characters outside GSM, or what the gateway replaces them by, are marked."""
    text = gsm.well_formed(text)
    foreign = gsm.foreign(text)
    if not foreign:
        return format_html("{}", text)
    pieces = re.split(f"([{re.escape(''.join(foreign))}])", text)
    return format_html_join("", "{}", ((_marked(piece, unicode) if piece in foreign else piece,) for piece in pieces))


def _marked(char: str, unicode: bool | None) -> SafeString:
    shown = get_settings().replacement if unicode is False else char
    return format_html('<mark title="{}">{}</mark>', name(char), shown)


def name(char: str) -> str:
    """The character, or its name if it is invisible."""
    return _invisible().get(char) or char


def _invisible() -> dict[str, str]:
    space, nothing = _("wide or narrow space"), _("invisible character")
    names = {char: space for char, text in GSM_EQUIVALENTS.items() if text == " "}
    names |= {char: nothing for char, text in GSM_EQUIVALENTS.items() if text == ""}
    breaks = {char: _("line separator") for char, text in GSM_EQUIVALENTS.items() if text == "\n"}
    joiners = {"\ufe0f": "", "\u200d": ""}
    return {**names, **breaks, **joiners, "\t": _("tab"), "\u00a0": _("no-break space"), "\u00ad": _("soft hyphen")}


def quiet_until(account: str, at: Any = None) -> str:
    """The end of quiet hours that delay a normal message of `account` due at `at` (default: now); empty if none do."""
    accounts = get_settings().accounts
    if account not in accounts:
        return ""
    end = quiet_hours.ends_at(accounts[account].quiet_hours, at or timezone.now())
    local = timezone.localtime(end) if end else None
    return f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M}" if local else ""


def config(accounts: Iterable[str]) -> dict[str, Any]:
    """The data for `composer.js`; `accounts` are those to choose from. Prices are in millionths of a krone."""
    conf = get_settings()
    price = conf.price_per_segment
    return {
        "most": conf.max_text_length,
        "replacement": conf.replacement,
        "price": None if price is None else int(price * _MILLIONTHS),
        "senders": {name: conf.accounts[name].sender for name in accounts},
        "quiet": {name: quiet for name in accounts if (quiet := quiet_until(name))},
        "simpler": GSM_EQUIVALENTS,
        "names": _invisible(),
        "words": words(),
    }


def words() -> dict[str, str]:
    """The sentences of `composer.js`, with names in braces."""
    return {
        "cost": _("%(amount)s kr") % {"amount": "{amount}"},
        "sms": ngettext("%(n)s SMS", "%(n)s SMS", 2) % {"n": "{n}"},
        "left": ngettext("%(n)s character left", "%(n)s characters left", 2) % {"n": "{n}"},
        "left_one": ngettext("%(n)s character left", "%(n)s characters left", 1) % {"n": "{n}"},
        "because": _("because of %(characters)s") % {"characters": "{characters}"},
        "replaced": _("Front replaces %(characters)s by “%(replacement)s”.")
        % {"characters": "{characters}", "replacement": "{replacement}"},
        "make": _("Make it %(n)s") % {"n": "{n}"},
        "too_long": _("Too long: %(n)s characters more than are allowed.") % {"n": "{n}"},
        "later": _("The numbers are checked when you go on."),
        "recipients": ngettext("%(n)s recipient", "%(n)s recipients", 2) % {"n": "{n}"},
        "recipient": ngettext("%(n)s recipient", "%(n)s recipients", 1) % {"n": "{n}"},
        "review": _("Review and send"),
        "schedule": _("Review and schedule for %(when)s") % {"when": "{when}"},
        "quiet": _("Quiet hours: it goes out at %(when)s.") % {"when": "{when}"},
    }

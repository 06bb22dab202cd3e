"""How a text will look on the phone, and what `composer.js` needs to show the same while it is being written."""

import re
from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_front_sms.conf import get_settings
from django_front_sms.gateway import gsm
from django_front_sms.gateway.typography import SIMPLER

_MILLIONTHS = 1_000_000  # scripts count in whole numbers


def bubble(text: str, unicode: bool | None) -> SafeString:
    """`text` as it arrives, with the characters marked that force Unicode, or that the gateway puts others for."""
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
    """A character in words where it can't be seen, and by its number where there are none."""
    return invisible().get(char) or f"{char} U+{ord(char):04X}"


def invisible() -> dict[str, str]:
    space, nothing = _("wide or narrow space"), _("invisible character")
    names = {char: space for char, plain in SIMPLER.items() if plain == " "}
    names |= {char: nothing for char, plain in SIMPLER.items() if plain == ""}
    breaks = {char: _("line separator") for char, plain in SIMPLER.items() if plain == "\n"}
    return {**names, **breaks, "\t": _("tab"), "\u00a0": _("no-break space"), "\u00ad": _("soft hyphen")}


def config(accounts: Iterable[str]) -> dict[str, Any]:
    """What the script needs to know; `accounts` are those to choose from. Prices are in millionths of a krone."""
    conf = get_settings()
    price = conf.price_per_segment
    return {
        "most": conf.max_text_length,
        "replacement": conf.replacement,
        "price": None if price is None else int(price * _MILLIONTHS),
        "senders": {name: conf.accounts[name].sender for name in accounts},
        "simpler": SIMPLER,
        "names": invisible(),
        "words": {
            "gsm7": _("GSM"),
            "ucs2": _("Unicode"),
            "cost": _("%(amount)s kr") % {"amount": "{amount}"},
            "spoken": _(
                "SMS: {segments}. Characters: {characters} of {most}. Left in the last SMS: {left}. {encoding}."
            ),
            "too_long": _("Too long."),
            "fix": _("Replace {char} by {by}"),
            "nothing": _("nothing"),
            "later": _("The numbers are checked when you go on."),
        },
    }

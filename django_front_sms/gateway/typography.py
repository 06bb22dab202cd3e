"""Typographic characters and their equivalents in GSM.

One curly quote from a word processor or a phone makes the whole text Unicode, which has less than half the room.
"""

import re
import unicodedata

_CHARACTERS = {
    '"': "“”„‟″«»",
    "'": "‘’‚‛′‹›`´",
    "-": "‐\u2011‒–—―−•·",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "...": "…",
    "->": "→",
    "x": "×",
    "1/2": "½",
    "1/4": "¼",
    "3/4": "¾",
    "\n": "\u0085\u2028\u2029\v",
    # Invisible characters: soft hyphens, zero-width characters, marks of direction. Not U+200D, which joins emoji.
    "": "\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
}

GSM_EQUIVALENTS = {char: text for text, chars in _CHARACTERS.items() for char in chars}
"""Characters outside GSM, each with an equivalent GSM text."""

_TABLE = str.maketrans(GSM_EQUIVALENTS)
_INVISIBLE = str.maketrans(dict.fromkeys(_CHARACTERS[""], ""))
_USELESS_JOINER = re.compile("\u200d(?![\u2600-\u27bf\U0001f000-\U0001faff])")  # it joins no emoji


def simplify(text: str) -> str:
    """``text`` with typographic characters replaced by GSM ones, and decomposed letters (e + ´) composed.

    Characters without an equivalent in GSM, such as emoji, are kept.
    """
    visible = _USELESS_JOINER.sub("", text.translate(_INVISIBLE))
    # Composed once more: a replacement can be the letter that a combining mark belongs to.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", visible).translate(_TABLE))

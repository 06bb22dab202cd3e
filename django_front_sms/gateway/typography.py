"""What word processors and phones put into a text, and what says the same in GSM: one curly quote makes a whole text
Unicode, which has room for less than half."""

import unicodedata

_SAID_BY = {
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
    # Soft hyphens, zero-width spaces, and marks of direction: nobody sees them.
    "": "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
}

SIMPLER = {char: plain for plain, chars in _SAID_BY.items() for char in chars}
"""Characters outside GSM, each with the GSM text that says the same."""

_TABLE = str.maketrans(SIMPLER)


def simplify(text: str) -> str:
    """``text`` with typographic characters as plain ones, and letters that came in two parts (e + ´) joined.

    Letters, emoji and whatever else has no equal in GSM stay.
    """
    return unicodedata.normalize("NFC", text).translate(_TABLE)

"""What a short text from a phone says, word by word, however it was typed. Pure and total."""

import re

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_SPACE = re.compile(r"\s+")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")


def plain(text: str) -> str:
    """``" «Stopp!» "`` as ``"stopp"``: lower case, one space between words, nothing around them."""
    return _SPACE.sub(" ", _AROUND.sub("", text)).casefold()


def first_word(text: str) -> str:
    """The first word as `plain` gives it; empty where there is none."""
    return next(filter(None, (plain(part) for part in text.split(None, 20)[:20])), "")


def own_text(text: str, keyword: str, recipient: str) -> str:
    """What stands after the keyword that led the message to us; of a number that is ours alone, the whole text.

    Many customers share a short code (§1.2), so that people must write ``CLINIC STOPP`` to it, and ``STOPP`` elsewhere.
    """
    if not keyword or not _SHORT_CODE.fullmatch(recipient):
        return text
    first, *rest = text.split(None, 1) or [""]
    return "".join(rest) if plain(first) == plain(keyword) else text

"""The words of a short text from a phone, normalised. Pure functions; they accept any text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_SHORT_CODE = re.compile(r"[0-9]{3,6}")
# Variation selectors and the keycap are marks (category M) that turn a character into an emoji: "1️⃣" is a 1.
_EMOJI_MARKS = dict.fromkeys([*range(0xFE00, 0xFE10), 0x20E3])


def words(text: str) -> list[str]:
    """The words of `text`: letters, digits and their marks, in NFKC and lower case.

    Format characters (category Cf, such as a zero-width space) are dropped; every other character ends a word.
    """
    return "".join(_letters(text)).split()


def normalized(text: str) -> str:
    """The words of `text` with one space between them: `" «Stopp!» "` becomes `"stopp"`."""
    return " ".join(words(text))


def first_word(text: str) -> str:
    """The first of `words`; empty where there is none."""
    return next(iter(words(text)), "")


def own_text(text: str, keyword: str, recipient: str) -> str:
    """The words of `text` after the customer's keyword, as `normalized` returns them; all words if `recipient` is not a
    short code.

    Many customers share a short code (§1.2), so people must write `CLINIC STOPP` to it, and `STOPP` elsewhere.
    """
    written, leading = words(text), words(keyword)
    if leading and _SHORT_CODE.fullmatch(recipient) and written[: len(leading)] == leading:
        return " ".join(written[len(leading) :])
    return " ".join(written)


class Phrases:
    """Phrases to search for in normalized texts."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known = [known for phrase in phrases if (known := words(phrase))]

    def are_all_of(self, text: str) -> bool:
        """Whether `text` (as `normalized` returns it) consists of these phrases alone, once or several times."""
        written = text.split()
        if not written:
            return False
        ends = {0}  # positions up to which the words can be divided into phrases
        for start in range(len(written)):
            if start in ends:
                ends.update(start + len(known) for known in self._at(written, start))
        return len(written) in ends

    def begin(self, text: str) -> bool:
        """Whether `text` (as `normalized` returns it) begins with one of these phrases."""
        return any(self._at(text.split(), 0))

    def _at(self, written: list[str], start: int) -> Iterator[list[str]]:
        return (known for known in self._known if written[start : start + len(known)] == known)


def _letters(text: str) -> Iterator[str]:
    """The characters of words, and a space for each character between words."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf").translate(_EMOJI_MARKS)
    in_word = False
    for char in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()):
        category = unicodedata.category(char)
        in_word = category[0] in "LN" or (in_word and category[0] == "M")
        yield char if in_word else " "

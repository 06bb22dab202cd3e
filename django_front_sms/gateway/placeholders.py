"""Texts with `{placeholders}`: names in braces, without any other syntax of a template language."""

import re
from collections.abc import Mapping

_PARTS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ESCAPED = {"{{": "{", "}}": "}"}


class PlaceholderError(ValueError):
    """A brace that belongs to no placeholder; `part` is the text at that place."""

    def __init__(self, part: str) -> None:
        super().__init__(f"{part!r} is not a placeholder. Write one word in braces, and double a brace to print it.")
        self.part = part


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in `text`, each once, in order.

    A name is a Python identifier. `{{` and `}}` are escaped braces. Raises `PlaceholderError` for any other brace.
    """
    return list(dict.fromkeys(name for match in _PARTS.finditer(text) if (name := _name(match))))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders replaced; raises `KeyError` with the name of the first one that has no value, and
    `PlaceholderError` as `placeholders` does. Braces in values stay as they are."""

    def replacement(match: re.Match[str]) -> str:
        name = _name(match)
        return values[name] if name else _ESCAPED[match[0]]

    return _PARTS.sub(replacement, text)


def _name(match: re.Match[str]) -> str:
    """The name of the placeholder that was matched; empty for a doubled brace."""
    if match[0] in _ESCAPED:
        return ""
    name = (match[1] or "").strip()
    if not name.isidentifier():
        raise PlaceholderError(match[0])
    return name

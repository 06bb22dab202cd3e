"""The Norwegian catalogues as Python reads them from their sources."""

import ast
import re
from pathlib import Path

from tests.translations import PACKAGE

TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'


def folder(language: str, package: Path = PACKAGE) -> Path:
    return package / "locale" / language / "LC_MESSAGES"


def entries(language: str, package: Path = PACKAGE) -> dict[str, list[str]]:
    """The catalogue: what each English text (and its plural) is in a language; fuzzy ones are not."""
    return {english: norwegian for (english, _plural), norwegian in pairs(language, package).items()}


def pairs(language: str, package: Path = PACKAGE) -> dict[tuple[str, str], list[str]]:
    """The same by the text and its plural, or twice the text where it has none."""
    catalogue = {}
    for block in (folder(language, package) / "django.po").read_text().split("\n\n"):
        texts = {key: _text(value) for key, value in re.findall(rf"^(msg\w+(?:\[\d\])?) {TEXT}", block, re.M)}
        fuzzy = re.search(r"^#,.*\bfuzzy\b", block, re.M)
        translations = ["" if fuzzy else text for key, text in texts.items() if key.startswith("msgstr")]
        catalogue[texts["msgid"], texts.get("msgid_plural", texts["msgid"])] = translations
    del catalogue["", ""]
    return catalogue


def _text(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.split("\n") if line.strip())

"""The documentation as its tests see it: pages, and the blocks of code in them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
HERE = DOCS.is_dir()  # not where tox tests the installed wheel
SHELL = ("", "console", "bash", "sh")  # a block without a language is typed into a terminal
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page. `line` is where its text begins, from 1."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the block is the text of: its first line, where that is a comment with nothing but a path."""
        first = re.match(r"# ([\w./-]+\.\w+)\n", self.text)
        return first[1] if first else ""


def blocks_of(page: Path) -> Iterator[Block]:
    whole = page.read_text()
    for found in _FENCE.finditer(whole):
        line = whole.count("\n", 0, found.start("text")) + 1
        indent = len(found["indent"])
        text = "".join(row[indent:] if row.strip() else row for row in found["text"].splitlines(keepends=True))
        yield Block(page, line, found["language"], text)


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of all pages in one of these languages; of all where none is named."""
    return [block for page in PAGES for block in blocks_of(page) if not languages or block.language in languages]


def parametrized(*languages: str, of: Callable[[Block], bool] = lambda block: True) -> list[Any]:
    """The same for `pytest.mark.parametrize`, each with its place in its name."""
    return [pytest.param(block, id=str(block)) for block in all_blocks(*languages) if of(block)]


def commands_of(block: Block) -> list[str]:
    """The commands of a block: what follows `$ ` where any line does, else all of it; without continuation lines."""
    text = block.text.replace("\\\n", " ")
    prompted = re.findall(r"^\$ (.*)$", text, re.M)
    lines = prompted or text.splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def cells(page: Path) -> list[list[str]]:
    """The rows of all tables of a page, without heads and rulers."""
    rows: list[list[str]] = []
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and re.fullmatch(r"\|[-| :]+\|", lines[number + 1])
        if line.startswith("|") and not is_head and not re.fullmatch(r"\|[-| :]+\|", line):
            rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows

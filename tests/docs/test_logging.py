"""The reference of logging names every line that the code can log, under its logger and with its level."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.docs.pages import DOCS, HERE, ROOT

PACKAGE = ROOT / "django_front_sms"
PAGE = DOCS / "reference" / "logging.md"
LEVELS = {"debug", "info", "warning", "error", "critical"}

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")

Lines = dict[str, set[tuple[str, str]]]


def of_the_code() -> Lines:
    lines: Lines = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = call.func
            if isinstance(function, ast.Name) and function.id == "getLogger":
                raise AssertionError(f"{path}: write logging.getLogger")
            if isinstance(function, ast.Attribute) and function.attr == "getLogger" and text_of(call.args[0], tree):
                name = text_of(call.args[0], tree)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            lines[name].update(logged(call, tree))
    return {name: found for name, found in lines.items() if found}


def logged(call: ast.Call, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The level and message of a call that logs: `logger.warning(…)`, `_Refused(404, …)`, `log_response(…)`."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="logger"), attr=level) if level in LEVELS:
            yield level, text_of(call.args[0], tree)
        case ast.Name(id="_Refused") if len(call.args) > 1:
            yield given_level(call) or "warning", text_of(call.args[1], tree)
        case ast.Name(id="log_response") if not isinstance(call.args[0], ast.Starred):
            yield given_level(call), text_of(call.args[0], tree)


def given_level(call: ast.Call) -> str:
    return next((str(ast.literal_eval(k.value)) for k in call.keywords if k.arg == "level"), "")


def text_of(node: ast.expr, tree: ast.Module) -> str:
    """A text as it stands, or the one that a name was given."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        for other in ast.walk(tree):
            if isinstance(other, ast.Assign) and getattr(other.targets[0], "id", "") == node.id:
                return text_of(other.value, tree)
    return ""


def of_the_page() -> Lines:
    lines: Lines = defaultdict(set)
    name = ""
    for line in PAGE.read_text().splitlines():
        if heading := re.match(r"### `([\w.]+)`", line):
            name = heading[1]
        elif row := re.match(r"\| `(\w+)` \| `([^`]+)` \|", line):
            lines[name].add((row[1], row[2]))
    return lines


def test_every_line_that_can_be_logged_is_documented_with_its_logger_and_level():
    code, page = of_the_code(), of_the_page()
    assert set(page) == set(code)
    for name in code:
        assert page[name] == code[name], name


def test_every_level_is_explained():
    used = {level for lines in of_the_code().values() for level, _ in lines}
    explained = set(re.findall(r"^\| `(\w+)` \| \w", PAGE.read_text(), re.MULTILINE))
    assert used - {"debug"} <= explained

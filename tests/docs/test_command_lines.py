"""Command lines in the documentation: a shell can parse them, and the commands accept the arguments."""

import argparse
import configparser
import importlib.util
import re
import shlex
import subprocess

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from django_front_sms.simulator.__main__ import build_parser
from tests.docs.pages import HERE, ROOT, SHELL, Block, commands_of, parametrized

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")

# Of Django, of another package, or of the example: taken as they are.
NOT_OURS = {"check", "createsuperuser", "db_worker", "migrate", "runserver", "seed", "shell", "startapp"}


@pytest.mark.parametrize("block", parametrized(*SHELL))
def test_commands_can_be_read_by_a_shell_and_by_what_they_call(block: Block) -> None:
    for command in commands_of(block):
        run = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
        assert run.returncode == 0, f"{command}\n{run.stderr}"
        for words in calls(command):
            process_at(words)


def calls(command: str) -> list[list[str]]:
    """The commands in a line, word by word: what stands between `&&`, `;` and `|`."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
    lexer.commenters = "#"
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set(";&|"):
            found.append([])
        elif found[-1] or not re.fullmatch(r"[A-Z_]+=.*", word):  # variables stand before a command
            found[-1].append(word)
    return found


def process_at(words: list[str]) -> None:
    match words:
        case ["python" | "python3", "-m", "django_front_sms.simulator", *arguments]:
            parse(build_parser(), arguments)
        case ["python" | "python3", "manage.py", *arguments] | ["manage.py" | "./manage.py", *arguments]:
            parse_manage(arguments)
        case ["python" | "python3" | ".venv/bin/python", "-m", module, *_]:
            assert importlib.util.find_spec(module), module
        case ["make", *targets]:
            assert {target for target in targets if "=" not in target} <= make_targets(), targets
        case ["pip", "install", *packages]:
            extras = re.findall(r"django-front-sms\[([\w,]+)\]", " ".join(packages))
            assert {extra for each in extras for extra in each.split(",")} <= known_extras(), packages


def parse(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    try:
        parser.parse_args(arguments)
    except (SystemExit, CommandError, argparse.ArgumentError) as error:
        raise AssertionError(f"{' '.join(arguments)}: {error}") from error


def parse_manage(arguments: list[str]) -> None:
    name, *rest = arguments
    if name in NOT_OURS:
        return
    app = get_commands().get(name)
    assert isinstance(app, str), f"manage.py {name} is no command"
    command = load_command_class(app, name)
    assert isinstance(command, BaseCommand)
    parse(command.create_parser("manage.py", name), rest)


def make_targets() -> set[str]:
    heads = re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.M)
    return {target for head in heads for target in head.split()}


def known_extras() -> set[str]:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return set(config["options.extras_require"])

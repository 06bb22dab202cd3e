"""The command line itself, and its documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_front_sms.management.subcommands import simulate
from django_front_sms.management.subcommands.register import SUBCOMMANDS
from tests.commands.running import run

ROOT = Path(__file__).parent.parent.parent


def in_a_process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "django", "front_sms", *arguments, "--settings", "tests.settings"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("subcommand", [[], *([name] for name in SUBCOMMANDS)])
def test_each_subcommand_has_a_help(subcommand, capsys):
    with pytest.raises(SystemExit) as end:
        call_command("front_sms", *subcommand, "--help")
    assert end.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_an_unknown_subcommand_is_refused():
    with pytest.raises(CommandError, match="invalid choice: 'fly'"):
        run("fly")


def test_options_of_django_may_stand_behind_the_subcommand():
    end = in_a_process("urls", "--base-url", "https://sms.example.no", "--no-color")
    assert (end.returncode, "https://sms.example.no/front-sms/" in end.stdout) == (0, True), end.stderr


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")
def test_the_documentation_tells_of_each_subcommand_and_each_of_its_options():
    text = (ROOT / "docs/reference/commands.md").read_text()
    documented = re.findall(r"^## `([a-z-]+)", text, re.MULTILINE)
    assert documented == list(SUBCOMMANDS)
    sections = dict(zip(documented, re.split(r"^## ", text, flags=re.MULTILINE)[1:], strict=True))
    for name, section in sections.items():
        options = {"--help", "--version"} | set(re.findall(r"`(--[a-z-]+)", section))
        end = in_a_process(name, "--help")
        offered = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", end.stdout, re.MULTILINE))
        own = offered - (set(simulate_options()) if name == "simulate" else set())
        assert own <= options, name


def simulate_options() -> list[str]:
    """The simulator's own options, which its own page documents."""
    (parser,) = simulate.parents()
    return re.findall(r"^  (--[a-z-]+)", parser.format_help(), re.MULTILINE)

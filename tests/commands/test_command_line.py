"""The command line itself, and its documentation."""

import argparse
import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command

from django_front_sms.management.subcommands import simulate
from django_front_sms.management.subcommands.registry import SUBCOMMANDS
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


def test_options_of_django_are_accepted_after_the_subcommand():
    end = in_a_process("urls", "--base-url", "https://sms.example.no", "--no-color")
    assert (end.returncode, "https://sms.example.no/front-sms/" in end.stdout) == (0, True), end.stderr


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")
def test_each_subcommand_and_each_of_its_options_is_documented(capsys):
    text = (ROOT / "docs/reference/commands.md").read_text()
    documented = re.findall(r"^## `([a-z-]+)", text, re.MULTILINE)
    assert documented == list(SUBCOMMANDS)
    sections = dict(zip(documented, re.split(r"^## ", text, flags=re.MULTILINE)[1:], strict=True))
    for name, section in sections.items():
        options = {"--help", "--version"} | set(re.findall(r"`(--[a-z-]+)", section))
        with pytest.raises(SystemExit):
            call_command("front_sms", name, "--help")
        offered = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert "--help" in offered
        own = offered - (set(simulate_options()) if name == "simulate" else set())
        assert own <= options, name


def returned(module: ModuleType) -> set[int]:
    """The numbers with a name of their own that a subcommand's functions return."""
    tree = ast.parse(inspect.getsource(module))
    names = {
        node.id
        for found in ast.walk(tree)
        if isinstance(found, ast.Return) and found.value is not None
        for node in ast.walk(found.value)
        if isinstance(node, ast.Name)
    }
    values = [getattr(module, name, None) for name in names if name.isupper()]
    return {value for value in values if isinstance(value, int) and not isinstance(value, bool)}


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")
def test_each_exit_code_of_a_subcommand_is_documented():
    sections = re.split(r"^## `", (ROOT / "docs/reference/commands.md").read_text(), flags=re.MULTILINE)[1:]
    own = {name: {code for code in returned(module) if 2 < code < 256} for name, module in SUBCOMMANDS.items()}
    assert own["erase"] == {3}
    assert own["send"] == {3, 4, 130}
    for name, section in zip(SUBCOMMANDS, sections, strict=True):
        documented = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
        assert own[name] <= documented, name


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name not in ("simulate", "worker")])
def test_each_subcommand_writes_json_for_scripts(name):
    parser = argparse.ArgumentParser()
    SUBCOMMANDS[name].add_arguments(parser)
    assert "--json" in parser.format_help()


def simulate_options() -> list[str]:
    """The simulator's own options, which its own page documents."""
    (parser,) = simulate.parents()
    return re.findall(r"^  (--[a-z-]+)", parser.format_help(), re.MULTILINE)

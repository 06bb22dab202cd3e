"""The private attribute of argparse that `front_sms simulate` reads, in one place."""

import ast
import inspect
import sys
from argparse import ArgumentParser
from pathlib import Path

import django_front_sms
from django_front_sms.management.subcommands.simulate import options_of

TRIED = ((3, 11), (3, 13))  # the lowest version of Python that is allowed, and the newest that the tests were run with


def test_this_version_is_one_that_the_private_attribute_was_tried_on() -> None:
    assert TRIED[0] <= sys.version_info[:2] <= TRIED[1], "run the tests of the commands, then add the version to TRIED"


def test_options_of_returns_the_options_in_order_with_what_the_command_line_needs() -> None:
    parser = ArgumentParser(add_help=False)
    parser.add_argument("--port", type=int, default=9900)
    parser.add_argument("--certificate", nargs=2)
    parser.add_argument("-q", "--quiet", action="store_true")
    found = [(each.dest, each.option_strings[-1], each.default, each.nargs) for each in options_of(parser)]
    assert found == [
        ("port", "--port", 9900, None),
        ("certificate", "--certificate", None, 2),
        ("quiet", "--quiet", False, 0),
    ]


def test_only_options_of_reads_the_private_attribute() -> None:
    package = Path(inspect.getfile(django_front_sms)).parent
    users = [
        (path.stem, node.name)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        if any(isinstance(each, ast.Attribute) and each.attr == "_actions" for each in ast.walk(node))
    ]
    assert users == [("simulate", "options_of")]

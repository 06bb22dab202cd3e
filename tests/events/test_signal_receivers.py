"""Django's private `Signal._live_receivers`, which the delivery of events uses in one function."""

import ast
from inspect import getsource

import django
import pytest
from django.dispatch import Signal

from django_front_sms.events import delivery

TRIED = ("5.2", "6.0", "6.1")  # the versions of Django that the tests were run with (see tox.ini)


def test_this_version_of_django_is_one_that_the_private_method_was_tried_on():
    installed = ".".join(map(str, django.VERSION[:2]))
    assert installed in TRIED, "run the tests of events, then add the version to TRIED"


@pytest.mark.parametrize("sender", [int, str])
def test_live_receivers_are_two_lists_functions_and_coroutines_of_one_sender(sender):
    signal = Signal()

    def function(**arguments): ...

    async def coroutine(**arguments): ...

    def of_another_sender(**arguments): ...

    signal.connect(function, sender=sender)
    signal.connect(coroutine, sender=sender)
    signal.connect(of_another_sender, sender=float)
    functions, coroutines = signal._live_receivers(sender)
    assert (list(functions), list(coroutines)) == ([function], [coroutine])


def test_only_one_function_uses_the_private_method():
    functions = [node for node in ast.walk(ast.parse(getsource(delivery))) if isinstance(node, ast.FunctionDef)]
    names = {f.name: {node.attr for node in ast.walk(f) if isinstance(node, ast.Attribute)} for f in functions}
    assert [name for name, used in names.items() if "_live_receivers" in used] == ["_receivers"]

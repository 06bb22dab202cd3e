"""The two private functions of urllib3 that the client uses, in one place."""

import ast
from inspect import getsource

import pytest
import urllib3
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import EmptyPoolError

from django_front_sms.gateway import client

TRIED = ("2.2.0", "2.8.0")  # the lowest that is allowed (tox: lowest), and the newest that the tests were run with


def test_this_version_is_one_that_the_private_functions_were_tried_on():
    lowest, newest = (tuple(map(int, version.split(".")[:2])) for version in TRIED)
    installed = tuple(map(int, urllib3.__version__.split(".")[:2]))
    assert lowest <= installed <= newest, "run the tests of the client, then add the version to TRIED"


def test_a_connection_is_lent_once_and_lent_again_after_it_was_put_back():
    pool = HTTPConnectionPool("127.0.0.1", 9, maxsize=1, block=True)
    connection = pool._get_conn(0.01)
    with pytest.raises(EmptyPoolError):
        pool._get_conn(0.01)
    pool._put_conn(connection)
    assert pool._get_conn(0.01) is connection


def test_one_function_uses_the_private_functions():
    functions = [node for node in ast.walk(ast.parse(getsource(client))) if isinstance(node, ast.FunctionDef)]
    names = {f.name: {node.attr for node in ast.walk(f) if isinstance(node, ast.Attribute)} for f in functions}
    assert [name for name, used in names.items() if used & {"_get_conn", "_put_conn"}] == ["_borrowed"]

"""The manual's requests, sent by curl, without any code of the package."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from django_front_sms.simulator import Network, Simulator
from tests.manual import BULK, BULK_EMOJI, GETS, POST, POST_EMOJI

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")

OK = '{"id": 145099, "errorcode": 0, "description": "OK"}'
REFUSED = '{"id": 0, "errorcode": 1, "description": "Invalid mobile number"}'
BULK_OK = '{"errorcode": 0, "description": "OK", "invalidPhoneno": [], "duplicatePhoneno": []}'


def curl(*arguments: str, body: bytes = b"") -> str:
    """The body of the answer, and its HTTP status on a line of its own."""
    command = [str(CURL), "--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_code}", *arguments]
    return subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode()


def post(url: str, body: bytes) -> str:
    return curl("--header", "Content-Type: application/json", "--data-binary", "@-", url, body=body)


@pytest.mark.parametrize("document", [POST, POST_EMOJI], ids=["latin", "emoji"])
def test_json_gets_the_manuals_answer(simulator: Simulator, network: Network, document: bytes) -> None:
    assert post(f"{simulator.url}push.php", document) == f"{OK}\n200"
    assert network.messages[145099].text in document.decode()


def test_an_invalid_number_gets_the_manuals_answer(simulator: Simulator) -> None:
    assert post(f"{simulator.url}push.php", POST.replace(b"0047999999999", b"0047")) == f"{REFUSED}\n200"


@pytest.mark.parametrize(("name", "text"), [("latin", "Test æøå ÆØÅ"), ("utf8", "Test æøå ÆØÅ"), ("emoji", "Test 🤣")])
def test_get_gets_the_manuals_answer(simulator: Simulator, network: Network, name: str, text: str) -> None:
    assert curl(f"{simulator.url}push.php?{GETS[name]}") == "ErrorCode=0, ID=145099\n200"
    assert network.messages[145099].text == text


@pytest.mark.parametrize("document", [BULK, BULK_EMOJI], ids=["latin", "emoji"])
def test_bulk_gets_the_manuals_answer(simulator: Simulator, network: Network, document: bytes) -> None:
    assert post(f"{simulator.url}push_bulk.php", document) == f"{BULK_OK}\n201"
    assert len(network.messages) == 2

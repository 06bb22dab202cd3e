"""The manual's own requests, sent by curl: nothing of ours writes them, and nothing of ours reads the answers."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from django_front_sms.simulator import Network, Simulator

from .test_manual_examples import BULK, BULK_EMOJI, EMOJI, LATIN

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")

GETS = {
    "latin": "serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5",
    "utf8": "serviceid=1234&encoding=utf8&phoneno=00479999999999&fromid=26114123450000"
    "&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85",
    "emoji": "serviceid=1234&encoding=utf8&unicode=true&phoneno=00479999999999&fromid=26114123450000"
    "&txt=Test%20%F0%9F%A4%A3",
}
OK = '{"id": 145099, "errorcode": 0, "description": "OK"}'
REFUSED = '{"id": 0, "errorcode": 1, "description": "Invalid mobile number"}'
BULK_OK = '{"errorcode": 0, "description": "OK", "invalidPhoneno": [], "duplicatePhoneno": []}'


def curl(*arguments: str, body: str = "") -> str:
    """The body of the answer, and its HTTP status on a line of its own."""
    command = [str(CURL), "--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_code}", *arguments]
    return subprocess.run(command, input=body.encode(), capture_output=True, check=True).stdout.decode()


def post(url: str, body: str) -> str:
    return curl("--header", "Content-Type: application/json", "--data-binary", "@-", url, body=body)


@pytest.mark.parametrize("document", [LATIN, EMOJI], ids=["latin", "emoji"])
def test_json_gets_the_manuals_answer(simulator: Simulator, network: Network, document: str) -> None:
    assert post(f"{simulator.url}push.php", document) == f"{OK}\n200"
    assert network.messages[145099].text in document


def test_an_invalid_number_gets_the_manuals_answer(simulator: Simulator) -> None:
    assert post(f"{simulator.url}push.php", LATIN.replace("0047999999999", "0047")) == f"{REFUSED}\n200"


@pytest.mark.parametrize(("name", "text"), [("latin", "Test æøå ÆØÅ"), ("utf8", "Test æøå ÆØÅ"), ("emoji", "Test 🤣")])
def test_get_gets_the_manuals_answer(simulator: Simulator, network: Network, name: str, text: str) -> None:
    assert curl(f"{simulator.url}push.php?{GETS[name]}") == "ErrorCode=0, ID=145099\n200"
    assert network.messages[145099].text == text


@pytest.mark.parametrize("document", [BULK, BULK_EMOJI], ids=["latin", "emoji"])
def test_bulk_gets_the_manuals_answer(simulator: Simulator, network: Network, document: str) -> None:
    assert post(f"{simulator.url}push_bulk.php", document) == f"{BULK_OK}\n201"
    assert len(network.messages) == 2

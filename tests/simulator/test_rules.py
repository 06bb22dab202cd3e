"""Rules for what the manual leaves open: each does what its note says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from django_front_sms.simulator import Account, Attachment, Network, Rules, Submission
from django_front_sms.simulator.__main__ import build

from .conftest import Exchange, Site

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference" / "simulator.md"
GOOD: dict[str, Any] = {"serviceid": 1234, "fromid": "Mitt Firma", "phoneno": "004799999999", "txt": "Hei"}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def code(network: Network, *, bulk: bool = False, **changes: Any) -> int:
    return int(network.submit(Submission(GOOD | changes, bulk=bulk)).code)


def statuses(network: Network, site: Site, seconds: float = 60) -> list[str]:
    network.advance(seconds)
    network.deliver_due()
    return [received.path.partition("status=")[2].partition("&")[0] for received in site.received]


def test_the_character_in_place_of_one_that_gsm_lacks_can_be_another(network: Network) -> None:
    network.rules.replacement = "."
    code(network, txt="Test 😊")
    assert network.messages[145099].text == "Test ."


def test_a_refusal_can_have_another_http_status_and_an_acceptance_keeps_its_own(
    network: Network, post: Exchange
) -> None:
    network.rules.refused_status = 403
    assert post("/psk/push.php", json.dumps(GOOD | {"phoneno": "1"})).status == 403
    assert post("/psk/push.php", json.dumps(GOOD)).status == 200


def test_a_refused_bulk_can_have_another_http_status_and_an_accepted_one_keeps_201(
    network: Network, post: Exchange
) -> None:
    network.rules.refused_bulk_status = 200
    assert post("/psk/push_bulk.php", json.dumps(GOOD | {"phoneno": ["1"]})).status == 200
    assert post("/psk/push_bulk.php", json.dumps(GOOD | {"phoneno": ["004799999999"]})).status == 201


def test_a_refused_get_can_leave_out_the_id(network: Network, get: Exchange) -> None:
    network.rules.refused_get_names_id = False
    assert get("/psk/push.php?serviceid=1234").body == b"ErrorCode=9"
    query = "serviceid=1234&phoneno=004799999999&fromid=26114&txt=Hei"
    assert get(f"/psk/push.php?{query}").body == b"ErrorCode=0, ID=145099"


def test_numbers_with_a_plus_are_taken_or_refused(network: Network) -> None:
    assert code(network, phoneno="+4799999999") == 0
    network.rules.plus_numbers = False
    assert code(network, phoneno="+4799999998") == 1
    verdict = network.submit(Submission(GOOD | {"phoneno": ["+4799999997", "004799999996"]}, bulk=True))
    assert verdict.invalid == ("+4799999997",)


def test_numeric_senders_can_be_made_to_need_registration(network: Network) -> None:
    network.rules.free_own_numbers = False
    assert [code(network, fromid="26114123450000"), code(network, fromid="2401"), code(network)] == [3, 3, 0]
    network.account.senders = ["26114123450000"]
    assert code(network, fromid="26114123450000") == 0


@pytest.mark.parametrize(("prolongs", "later"), [(False, 0), (True, 17)])
def test_a_refused_repetition_prolongs_the_window_or_does_not(network: Network, prolongs: bool, later: int) -> None:
    network.rules.refusal_prolongs_window = prolongs
    code(network)
    network.advance(100)
    assert code(network) == 17
    network.advance(30)
    assert code(network) == later


@pytest.mark.parametrize(("shares", "second"), [(True, 17), (False, 0)])
def test_bulk_and_single_messages_share_the_duplicate_filter_or_do_not(
    network: Network, shares: bool, second: int
) -> None:
    network.rules.bulk_shares_filter = shares
    assert code(network, bulk=True, phoneno=["004799999999"]) == 0
    assert code(network) == second


@pytest.mark.parametrize(("names", "invalid"), [(True, ("004799999998",)), (False, ())])
def test_a_bulk_answer_names_blacklisted_numbers_or_does_not(
    network: Network, names: bool, invalid: tuple[str, ...]
) -> None:
    network.rules.bulk_names_blacklisted = names
    network.blacklist.add("+4799999998")
    verdict = network.submit(Submission(GOOD | {"phoneno": ["004799999998", "004799999999"]}, bulk=True))
    assert (verdict.invalid, verdict.duplicates) == (invalid, ())
    assert [message.recipient for message in network.messages.values()] == ["+4799999999"]


def test_statuses_can_come_as_a_form_by_post(network: Network, site: Site) -> None:
    network.rules.status_method = "POST"
    code(network)
    network.advance(2)
    network.deliver_due()
    first = site.received[0]
    assert (first.method, first.path, first.body) == ("POST", "/sms/", b"status=-1&origid=145099")
    assert first.content_type == "application/x-www-form-urlencoded"


def test_a_status_that_was_not_taken_is_tried_as_often_as_the_rule_says(network: Network, site: Site) -> None:
    network.rules.status_tries, network.status_plan = 3, ((1, 4),)
    site.answer(*[(500, b"")] * 5)
    code(network)
    assert statuses(network, site, 1) == ["4"]
    assert statuses(network, site, 5) == ["4", "4"]
    assert statuses(network, site, 5) == statuses(network, site, 500) == ["4", "4", "4"]
    assert network.messages[145099].statuses == [4]


@pytest.mark.parametrize(("each", "expected"), [(True, ["-1", "-1", "4", "4"]), (False, ["-1", "4"])])
def test_a_text_of_two_sms_gets_each_status_twice_or_once(
    network: Network, site: Site, each: bool, expected: list[str]
) -> None:
    network.rules.status_per_segment = each
    code(network, txt="a" * 161)
    assert statuses(network, site) == expected


def test_at_operator_can_come_after_delivered(network: Network, site: Site) -> None:
    network.rules.late_at_operator = 1
    code(network)
    assert statuses(network, site) == ["4", "-1"]
    assert network.messages[145099].state == "delivered"


def test_messages_can_be_left_without_any_status(network: Network, site: Site) -> None:
    network.rules.no_status = 1
    code(network)
    assert statuses(network, site) == []


def test_the_times_of_statuses_can_be_spread(network: Network, site: Site) -> None:
    network.rules.delay_spread, network.rules.late_at_operator = 0.5, 0
    network.chaos.reseed(1)
    arrivals = []
    for number in range(20):
        code(network, phoneno=f"00479999{number:04}")
    for _ in range(40):
        network.advance(0.1)
        network.deliver_due()
        arrivals.append(len(site.received))
    assert arrivals[-1] == 40
    assert len(set(arrivals)) > 10


def test_the_next_try_of_a_push_comes_after_the_delay(network: Network, site: Site) -> None:
    network.rules.retry_delay = 60
    site.answer((500, b""))
    network.receive("+4799999999", "26114", "Hei")
    for seconds, made in ((0, 1), (59, 1), (1, 2)):
        network.advance(seconds)
        network.deliver_due()
        assert len(site.received) == made


def test_doubled_pictures_are_as_the_manuals_sample(network: Network, site: Site) -> None:
    network.rules.doubled_pictures = True
    network.receive("+4799999999", "26114", "Hei", [Attachment("image/jpeg", "image01.jpg", JPEG)])
    network.deliver_due()
    smil, text, picture = json.loads(site.received[0].body)["files"]
    assert picture["fileData"].startswith("w4PCv8ODwpjDg8K/w4PCoAAQSkZJRg")  # §2.5.1
    assert base64.b64decode(text["fileData"]) == b"Hei"
    assert base64.b64decode(smil["fileData"]).startswith(b"<?xml")


def test_lifelike_statuses_vary_and_are_determined_by_the_seed() -> None:
    def statuses_with_seed(seed: int) -> list[list[int]]:
        account = Account(1234, senders=["Mitt Firma"])
        network = Network(account, clock=lambda: 0.0, rules=Rules.lifelike())
        network.chaos.reseed(seed)
        for number in range(200):
            code(network, phoneno=f"00479999{number:04}")
        network.advance(60)
        network.deliver_due()
        return [message.statuses for message in network.messages.values()]

    pushed = statuses_with_seed(7)
    assert pushed == statuses_with_seed(7) != statuses_with_seed(8)
    assert {tuple(each) for each in pushed} == {(-1, 4), (4, -1), ()}
    assert pushed.count([-1, 4]) > pushed.count([4, -1]) > pushed.count([]) > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("refused_bulk_status", 201), ("refused_status", 500), ("no_status", 1.1), ("late_at_operator", "often"),
     ("replacement", "??"), ("status_method", "PUT"), ("doubled_pictures", "perhaps"), ("weather", "fine")],
)  # fmt: skip
def test_an_invalid_rule_is_refused(name: str, value: object) -> None:
    rules = Rules()
    with pytest.raises(ValueError, match=name):
        rules.change(name, value)
    assert rules == Rules()


def test_rules_are_given_on_the_command_line() -> None:
    simulator = build([
        "--port", "0", "--lifelike", "--doubled-mms", "--rule", "refused-status=403", "--rule", "status_method=POST",
        "--rule", "no_status=0",
    ])  # fmt: skip
    simulator.close()
    rules = simulator.network.rules
    assert (rules.refused_status, rules.status_method, rules.doubled_pictures) == (403, "POST", True)
    assert (rules.no_status, rules.late_at_operator) == (0, Rules.lifelike().late_at_operator)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the documentation is not here")
def test_every_rule_is_in_the_reference_with_its_default_and_its_note() -> None:
    text = REFERENCE.read_text()
    for name, note in Rules.notes().items():
        default = getattr(Rules(), name)
        shown = {True: "on", False: "off"}[default] if isinstance(default, bool) else f"`{default}`"
        assert f"| `{name}` | {shown} | {note} |" in text

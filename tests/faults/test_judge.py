"""The judge finds each violation, and no others."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import VIOLATIONS, Evidence, Verdict, judge
from tests.faults.plans import EXPECTED_VIOLATIONS, WITHOUT

WINDOW, TIMEOUT = 12.0, 1.0


def row(pk: int = 1, state: str = "sent", gateway_id: int | None = 7, **more: Any) -> dict[str, Any]:
    return {"pk": pk, "state": state, "gateway_id": gateway_id, "error_code": None, "digest": "d", **more}


def taken(pk: int = 1, at: float = 0.0, gateway_id: int = 7, digest: str = "d") -> dict[str, Any]:
    return {"id": gateway_id, "digest": digest, "tag": f"{pk}:1:{at}", "at": at}


def seen(pk: int = 1, at: float = 0.0, *, claimed: float | None = None) -> dict[str, Any]:
    return {"kind": "seen", "tag": f"{pk}:1:{at if claimed is None else claimed}", "digest": "d", "at": at}


def refused(pk: int = 1, code: int = 21) -> dict[str, Any]:
    return {"kind": "refused", "tag": f"{pk}:1:0.0", "digest": "d", "at": 0.0, "code": code}


def status(gateway_id: int = 7, status: int = 4, answer: str = "ok") -> dict[str, Any]:
    return {"kind": "status", "id": gateway_id, "status": status, "answer": answer}


def inbound(number: int = 1, text: str = "Hei", answer: str = "ok") -> dict[str, Any]:
    return {"kind": "inbound", "api": "json", "number": number, "text": text, "answer": answer}


def stored(number: int = 1, text: str = "Hei", *, pk: int = 1, reply_to: int | None = None) -> dict[str, Any]:
    return {"pk": pk, "api": "json", "number": number, "text": text, "reply_to": reply_to}


def change(old: str, new: str, message: int = 1) -> dict[str, Any]:
    return {"message": message, "old": old, "new": new}


def event(kind: str, subject: str, old: str = "", new: str = "", event_id: str = "e") -> dict[str, Any]:
    return {"event_id": event_id, "kind": kind, "subject": subject, "old": old, "new": new}


def verdict(rows: list[Any], accepted: list[Any], wire: list[Any] | None = None, **more: Any) -> Verdict:
    evidence = Evidence(messages=rows, accepted=accepted, seen=wire or [], **more)
    return judge(evidence, window=WINDOW, timeout=TIMEOUT)


def violations(*args: Any, **kwargs: Any) -> dict[str, int]:
    return {violation: count for violation, count in verdict(*args, **kwargs).violations.items() if count}


def test_a_message_that_was_accepted_once_and_is_sent_is_no_violation() -> None:
    assert violations([row()], [taken()], [seen()], committed=[1]) == {}


def test_a_sent_message_without_an_id_is_no_violation_where_the_gateway_has_it() -> None:
    assert violations([row(gateway_id=None)], [taken()]) == {}


def test_a_message_accepted_twice_is_doubled() -> None:
    assert violations([row()], [taken(), taken(at=13, gateway_id=8)]) == {"doubled": 1}


def test_a_doubled_message_is_found_in_every_state() -> None:
    assert violations([row(state="unconfirmed")], [taken(), taken(at=13, gateway_id=8)]) == {"doubled": 1}


def test_a_committed_message_without_a_row_is_lost() -> None:
    assert violations([], [], committed=[1]) == {"lost": 1}


def test_a_message_that_stays_open_is_lost() -> None:
    assert violations([row(state="queued", gateway_id=None)], []) == {"lost": 1}


def test_a_sent_message_that_the_gateway_never_took_is_falsely_sent() -> None:
    assert violations([row()], []) == {"falsely sent": 1}


def test_a_rejected_message_that_the_gateway_took_is_falsely_rejected() -> None:
    assert violations([row(state="rejected", error_code=21)], [taken()], [refused()]) == {"falsely rejected": 1}


def test_an_expired_message_that_the_gateway_took_is_falsely_rejected() -> None:
    assert violations([row(state="expired")], [taken()]) == {"falsely rejected": 1}


def test_a_rejection_that_the_gateway_did_not_send_is_falsely_rejected() -> None:
    assert violations([row(state="rejected", error_code=1)], [], [refused(code=21)]) == {"falsely rejected": 1}


def test_a_rejection_with_the_gateways_own_code_is_no_violation() -> None:
    assert violations([row(state="rejected", error_code=21)], [], [refused(code=21)]) == {}


def test_an_id_of_another_message_is_crossed() -> None:
    rows = [row(1, gateway_id=8), row(2, gateway_id=8)]
    assert violations(rows, [taken(1, gateway_id=7), taken(2, gateway_id=8)]) == {"ids crossed": 1}


def test_another_text_with_the_tag_of_a_message_is_crossed() -> None:
    assert violations([row()], [taken(digest="other")]) == {"ids crossed": 1}


def test_twins_within_the_window_are_found_and_later_ones_are_not() -> None:
    rows, both = [row(1), row(2, gateway_id=8)], [taken(1), taken(2, gateway_id=8)]
    assert violations(rows, both, [seen(1, 0), seen(2, 11.9)]) == {"twins in the window": 1}
    assert violations(rows, both, [seen(1, 0), seen(2, 12.1)]) == {}


def test_a_repetition_of_the_same_message_is_no_twin() -> None:
    assert violations([row()], [taken()], [seen(1, 0), seen(1, 3)]) == {}


def test_unconfirmed_messages_are_counted_with_those_that_were_sent() -> None:
    found = verdict([row(1, "unconfirmed"), row(2, "unconfirmed")], [taken(2)])
    assert found.is_green
    assert (found.unconfirmed, found.unconfirmed_but_sent) == (2, 1)


def test_a_request_that_arrives_later_than_its_claim_allows_is_counted_as_late() -> None:
    assert verdict([row()], [taken()], [seen(at=5.0, claimed=1.0)]).late_bytes == 1
    assert verdict([row()], [taken()], [seen(at=1.3, claimed=1.0)]).late_bytes == 0


# ---- People


def test_a_message_may_be_accepted_once_more_for_each_time_that_a_person_sent_it_again() -> None:
    again = [{"message": 1, "action": "send_anyway"}]
    thrice = [taken(), taken(at=40, gateway_id=8), taken(at=80, gateway_id=9)]
    assert violations([row()], thrice[:2], decisions=again) == {}
    assert violations([row()], thrice, decisions=again) == {"doubled": 1}
    assert violations([row()], thrice, decisions=again * 2) == {}
    assert violations([row()], thrice[:2], decisions=[{"message": 2, "action": "send_anyway"}]) == {"doubled": 1}


def test_a_message_that_a_person_marked_as_sent_is_no_violation_of_the_engine() -> None:
    marked = [{"message": 1, "action": "mark_sent"}]
    assert violations([row(gateway_id=None)], [], decisions=marked) == {}
    assert violations([row(gateway_id=7)], [], decisions=marked) == {"falsely sent": 1}


# ---- Delivery statuses


@pytest.mark.parametrize(
    ("state", "pushed"),
    [
        ("sent", []),
        ("at_operator", [-1]),
        ("delivered", [-1, 4]),
        ("delivered", [4, -1, -1]),
        ("delivered", [5, 4]),
        ("undelivered", [5, -1]),
    ],
)
def test_the_state_that_follows_from_the_statuses_is_no_violation(state: str, pushed: list[int]) -> None:
    statuses = [status(status=number) for number in pushed]
    assert violations([row(state=state)], [taken()], pushed=statuses) == {}


@pytest.mark.parametrize(("state", "pushed"), [("sent", [4]), ("at_operator", [-1, 4]), ("delivered", [5])])
def test_any_other_state_is_a_wrong_status(state: str, pushed: list[int]) -> None:
    statuses = [status(status=number) for number in pushed]
    assert violations([row(state=state)], [taken()], pushed=statuses) == {"wrong status": 1}


def test_a_status_that_the_site_did_not_acknowledge_is_ignored() -> None:
    assert violations([row()], [taken()], pushed=[status(answer="503"), status(answer="not read")]) == {}


def test_a_state_that_goes_back_is_a_wrong_status_even_if_the_last_state_is_right() -> None:
    changes = [change("sending", "sent"), change("sent", "delivered"), change("delivered", "at_operator")]
    events = [event("state_changed", "out:1", each["old"], each["new"], str(n)) for n, each in enumerate(changes)]
    more = {"transitions": changes, "events": events, "delivered": frozenset("012")}
    assert violations([row(state="delivered")], [taken()], pushed=[status()], **more) == {"wrong status": 1}


# ---- Inbound messages


def test_an_inbound_message_that_is_stored_once_is_no_violation() -> None:
    assert violations([], [], pushed=[inbound(), inbound()], inbound=[stored()]) == {}


def test_an_acknowledged_inbound_message_that_is_not_stored_is_lost() -> None:
    assert violations([], [], pushed=[inbound()]) == {"inbound lost": 1}
    assert violations([], [], pushed=[inbound()], inbound=[stored(text="another")]) == {"inbound lost": 1}


def test_an_inbound_message_that_was_not_acknowledged_may_be_stored_or_not() -> None:
    assert violations([], [], pushed=[inbound(answer="503")]) == {}
    assert violations([], [], pushed=[inbound(answer="not read")], inbound=[stored()]) == {}


def test_an_inbound_message_that_is_stored_twice_is_doubled() -> None:
    assert violations([], [], pushed=[inbound()], inbound=[stored(), stored(pk=2)]) == {"inbound doubled": 1}


# ---- Events

SENT = [change("queued", "sending"), change("sending", "sent")]
EVENT = event("state_changed", "out:1", "sending", "sent")


def violations_of_events(events: list[Any], ids: str = "e", **more: Any) -> dict[str, int]:
    more = {"transitions": [], **more}
    return violations([row()], [taken()], events=events, delivered=frozenset(ids), **more)


def test_each_change_with_its_event_is_no_violation_and_a_claim_has_none() -> None:
    assert violations_of_events([EVENT], transitions=SENT) == {}


def test_a_change_without_its_event_is_a_missing_event() -> None:
    assert violations_of_events([], transitions=SENT) == {"missing event": 1}
    assert violations_of_events([event("state_changed", "out:2", "sending", "sent")], transitions=SENT) == {
        "missing event": 1,
        "doubled event": 1,
    }


def test_a_change_with_two_events_is_a_doubled_event() -> None:
    assert violations_of_events([EVENT, {**EVENT, "event_id": "f"}], "ef", transitions=SENT) == {"doubled event": 1}


def test_an_event_that_reached_no_receiver_is_missing() -> None:
    assert violations_of_events([EVENT], "", transitions=SENT) == {"missing event": 1}


def test_folded_statuses_inbound_messages_and_replies_have_events_too() -> None:
    more: dict[str, Any] = {
        "statuses": [{"pk": 3, "is_folded": True}, {"pk": 4, "is_folded": False}],
        "inbound": [stored(pk=5, reply_to=1)],
    }
    events = [
        event("status_received", "status:3"),
        event("message_received", "in:5"),
        event("reply_received", "in:5"),
        event("sending_paused", "account:default", event_id="undelivered"),
    ]
    assert violations_of_events(events, **more) == {}
    assert violations_of_events([], **more) == {"missing event": 3}


def test_events_are_not_checked_if_the_database_recorded_no_changes() -> None:
    assert violations_of_events([], transitions=None, inbound=[stored()]) == {}


# ---- The runs without a rule


def test_each_violation_is_expected_of_a_run_without_a_rule() -> None:
    shown = {violation for violations in EXPECTED_VIOLATIONS.values() for violation in violations}
    assert shown == set(VIOLATIONS)


def test_each_rule_that_can_be_removed_has_its_run() -> None:
    assert [plan.removed for plan in WITHOUT.values()] == list(EXPECTED_VIOLATIONS)
    source = (Path(__file__).parent / "removed.py").read_text()
    assert re.findall(r'^@rule\("(.+)"\)$', source, re.MULTILINE) == list(EXPECTED_VIOLATIONS)

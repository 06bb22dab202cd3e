"""The judge finds each crime, and only where there is one."""

from typing import Any

from tests.faults.judge import Verdict, judge

WINDOW, TIMEOUT = 12.0, 1.0


def row(pk: int = 1, state: str = "sent", gateway_id: int | None = 7, **more: Any) -> dict[str, Any]:
    return {"pk": pk, "state": state, "gateway_id": gateway_id, "error_code": None, "digest": "d", **more}


def taken(pk: int = 1, at: float = 0.0, gateway_id: int = 7, digest: str = "d") -> dict[str, Any]:
    return {"id": gateway_id, "digest": digest, "tag": f"{pk}:1:{at}", "at": at}


def seen(pk: int = 1, at: float = 0.0, *, claimed: float | None = None) -> dict[str, Any]:
    return {"kind": "seen", "tag": f"{pk}:1:{at if claimed is None else claimed}", "digest": "d", "at": at}


def refused(pk: int = 1, code: int = 21) -> dict[str, Any]:
    return {"kind": "refused", "tag": f"{pk}:1:0.0", "digest": "d", "at": 0.0, "code": code}


def verdict(rows: list[Any], accepted: list[Any], wire: list[Any] | None = None, committed: Any = ()) -> Verdict:
    return judge(rows, committed, accepted, wire or [], window=WINDOW, timeout=TIMEOUT)


def crimes(*args: Any, **kwargs: Any) -> dict[str, int]:
    return {crime: count for crime, count in verdict(*args, **kwargs).crimes.items() if count}


def test_a_message_that_was_accepted_once_and_is_sent_is_no_crime() -> None:
    assert crimes([row()], [taken()], [seen()], committed=[1]) == {}


def test_a_sent_message_without_an_id_is_no_crime_where_the_gateway_has_it() -> None:
    assert crimes([row(gateway_id=None)], [taken()]) == {}


def test_a_message_accepted_twice_is_doubled() -> None:
    assert crimes([row()], [taken(), taken(at=13, gateway_id=8)]) == {"doubled": 1}


def test_doubling_shows_whatever_the_row_says() -> None:
    assert crimes([row(state="unconfirmed")], [taken(), taken(at=13, gateway_id=8)]) == {"doubled": 1}


def test_a_committed_message_without_a_row_is_lost() -> None:
    assert crimes([], [], committed=[1]) == {"lost": 1}


def test_a_message_that_stays_open_is_lost() -> None:
    assert crimes([row(state="queued", gateway_id=None)], []) == {"lost": 1}


def test_a_sent_message_that_the_gateway_never_took_is_falsely_sent() -> None:
    assert crimes([row()], []) == {"falsely sent": 1}


def test_a_rejected_message_that_the_gateway_took_is_falsely_rejected() -> None:
    assert crimes([row(state="rejected", error_code=21)], [taken()], [refused()]) == {"falsely rejected": 1}


def test_an_expired_message_that_the_gateway_took_is_falsely_rejected() -> None:
    assert crimes([row(state="expired")], [taken()]) == {"falsely rejected": 1}


def test_a_rejection_that_nobody_spoke_is_falsely_rejected() -> None:
    assert crimes([row(state="rejected", error_code=1)], [], [refused(code=21)]) == {"falsely rejected": 1}


def test_a_rejection_with_the_gateways_own_code_is_no_crime() -> None:
    assert crimes([row(state="rejected", error_code=21)], [], [refused(code=21)]) == {}


def test_an_id_of_another_message_is_crossed() -> None:
    rows = [row(1, gateway_id=8), row(2, gateway_id=8)]
    assert crimes(rows, [taken(1, gateway_id=7), taken(2, gateway_id=8)]) == {"ids crossed": 1}


def test_another_text_under_a_messages_name_is_crossed() -> None:
    assert crimes([row()], [taken(digest="other")]) == {"ids crossed": 1}


def test_twins_within_the_window_are_found_and_those_past_it_are_not() -> None:
    rows, both = [row(1), row(2, gateway_id=8)], [taken(1), taken(2, gateway_id=8)]
    assert crimes(rows, both, [seen(1, 0), seen(2, 11.9)]) == {"twins in the window": 1}
    assert crimes(rows, both, [seen(1, 0), seen(2, 12.1)]) == {}


def test_a_repetition_of_the_same_message_is_no_twin() -> None:
    assert crimes([row()], [taken()], [seen(1, 0), seen(1, 3)]) == {}


def test_unconfirmed_messages_are_counted_with_those_that_were_sent() -> None:
    found = verdict([row(1, "unconfirmed"), row(2, "unconfirmed")], [taken(2)])
    assert found.is_green
    assert (found.unconfirmed, found.unconfirmed_but_sent) == (2, 1)


def test_a_request_that_came_after_any_claim_allows_is_counted_as_late() -> None:
    assert verdict([row()], [taken()], [seen(at=5.0, claimed=1.0)]).late_bytes == 1
    assert verdict([row()], [taken()], [seen(at=1.3, claimed=1.0)]).late_bytes == 0

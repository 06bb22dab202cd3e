"""The losses after a fail-over are counted by texts, since primary keys are reused."""

from typing import Any

from tests.faults.judge import Evidence, judge
from tests.faults.losses import by_text, losses


def row(pk: int, digest: str, state: str = "sent", gateway_id: int | None = None) -> dict[str, Any]:
    return {"pk": pk, "digest": digest, "state": state, "gateway_id": gateway_id, "error_code": None}


def taken(pk: int, digest: str, gateway_id: int, at: float = 0.0) -> dict[str, Any]:
    return {"id": gateway_id, "digest": digest, "tag": f"{pk}:1:{at}", "at": at}


def violations(rows: list[Any], given: list[tuple[int, str]], accepted: list[Any]) -> dict[str, int]:
    committed, known, seen = by_text(rows, given, accepted, [{"kind": "seen", **line} for line in accepted])
    verdict = judge(Evidence(messages=rows, committed=committed, accepted=known, seen=seen), window=12, timeout=1)
    return {violation: count for violation, count in verdict.violations.items() if count}


def test_a_missing_row_is_lost_even_if_a_new_row_has_its_key() -> None:
    rows, given = [row(7, "new", gateway_id=2)], [(7, "old"), (7, "new")]
    accepted = [taken(7, "old", 1), taken(7, "new", 2)]
    assert violations(rows, given, accepted) == {"lost": 1}
    found = losses(rows, given, accepted)
    assert (found["rows gone"], found["rows gone, accepted"], found["keys given twice"]) == (1, 1, 1)
    assert (found["orphans"], found["denied"]) == (1, {})


def test_a_new_row_with_the_id_of_the_lost_one_is_found() -> None:
    rows, given = [row(7, "new", gateway_id=1)], [(7, "old"), (7, "new")]
    assert violations(rows, given, [taken(7, "old", 1)]) == {"lost": 1, "falsely sent": 1}


def test_a_message_whose_claim_was_lost_is_doubled_and_its_first_id_an_orphan() -> None:
    rows, accepted = [row(7, "text", gateway_id=2)], [taken(7, "text", 1), taken(7, "text", 2, at=13)]
    assert violations(rows, [(7, "text")], accepted) == {"doubled": 1}
    assert losses(rows, [(7, "text")], accepted)["orphans"] == 1


def test_an_accepted_message_whose_row_says_otherwise_is_counted_by_state() -> None:
    rows = [row(7, "text", "rejected"), row(8, "other", "queued")]
    found = losses(rows, [(7, "text"), (8, "other")], [taken(7, "text", 1)])
    assert (found["denied"], found["rows gone"], found["orphans"]) == ({"rejected": 1}, 0, 1)

"""Invalid answers affect neither the batch nor the worker, and never count as accepted."""

import pytest

from django_front_sms.conf import get_settings
from django_front_sms.gateway.client import ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer, BulkAnswer
from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.outbox.settle import AttemptResult, settle
from tests.outbox.exchange_results import accepted, refused
from tests.outbox.rows import message, reloaded
from tests.outbox.worker_steps import attempt, claim_due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def settle_with(poison: ExchangeResult) -> tuple[OutboundMessage, OutboundMessage, OutboundMessage]:
    """Three messages, recorded in one batch: a valid answer, the invalid one, and a valid one."""
    rows = [message(text) for text in ("first", "second", "third")]
    jobs = {job.message_id: job for job in claim_due()}
    outcomes = [accepted(1), poison, accepted(3)]
    settle([AttemptResult(jobs[r.pk], o, 0.1) for r, o in zip(rows, outcomes, strict=True)], get_settings())
    first, second, third = map(reloaded, rows)
    return first, second, third


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(accepted(2**70), id="an id of 71 bits"),
        pytest.param(accepted(2**63), id="an id of 64 bits"),
        pytest.param(accepted(0), id="accepted with id 0"),
        pytest.param(accepted(-5), id="accepted with a negative id"),
        pytest.param(accepted(None), id="accepted without id"),
        pytest.param(refused(2**70), id="a code of 71 bits"),
        pytest.param(refused(-(2**70)), id="a negative code of 71 bits"),
        pytest.param(ExchangeResult(ResultKind.ANSWERED, None), id="answered without an answer"),
        pytest.param(
            ExchangeResult(ResultKind.ANSWERED, BulkAnswer(errorcode=0, description="")),
            id="a bulk answer to one message",
        ),
        pytest.param(
            ExchangeResult(ResultKind.ANSWERED, Answer(id="7", errorcode=0, description="")), id="an id that is a text"
        ),
        pytest.param(
            ExchangeResult(ResultKind.ANSWERED, Answer(id=7, errorcode="0", description="")), id="a code that is a text"
        ),
        pytest.param(
            ExchangeResult(ResultKind.ANSWERED, Answer(id=0, errorcode=1, description="\ud800")), id="half a surrogate"
        ),
        pytest.param(
            ExchangeResult(ResultKind.ANSWERED, Answer(id=0, errorcode=1, description=None)), id="no description at all"
        ),
        pytest.param(ExchangeResult(ResultKind.AMBIGUOUS, http_status=2**40), id="an HTTP status of 41 bits"),
    ],
)
def test_an_invalid_answer_is_ambiguous_and_the_others_are_recorded(poison: ExchangeResult):
    first, second, third = settle_with(poison)
    assert (first.state, first.gateway_id) == ("sent", 1)
    assert (third.state, third.gateway_id) == ("sent", 3)
    assert (second.state, second.gateway_id) == ("queued", None)
    assert second.risk_at is not None
    assert SendAttempt.objects.get(message=second).outcome == "ambiguous"


def test_an_id_that_front_gives_twice_is_kept_twice():
    first, second, third = settle_with(accepted(1))
    assert [first.gateway_id, second.gateway_id, third.gateway_id] == [1, 1, 3]


def test_the_largest_id_that_a_column_holds_is_stored():
    message()
    assert attempt(accepted(2**63 - 1)).gateway_id == 2**63 - 1


def test_an_invalid_id_in_a_refusal_does_not_hide_the_refusal():
    _first, second, _third = settle_with(
        ExchangeResult(ResultKind.ANSWERED, Answer(id=2**70, errorcode=1, description="no"), 400)
    )
    assert (second.state, second.error_code) == ("rejected", 1)


@pytest.mark.parametrize("description", ["NUL \0 inside", "x" * 5000, "🎄" * 400])
def test_any_description_can_be_kept(description: str):
    _first, second, _third = settle_with(refused(1, description))
    assert (second.state, second.error_code) == ("rejected", 1)
    assert second.error_text[:4] == description[:4]


def test_an_unprocessable_row_is_logged_without_its_content(caplog: pytest.LogCaptureFixture):
    settle_with(
        ExchangeResult(ResultKind.ANSWERED, Answer(id=0, errorcode=1, description="secret \ud800 +4799999999"), 400)
    )
    assert "one by one" in caplog.text
    assert "secret" not in caplog.text
    assert "99999999" not in caplog.text

"""Mail about alerts: once when one has been active for long enough, once when it is over, from one of the workers."""

from typing import Any

import pytest
from django.core import mail as django_mail

from django_front_sms import jobs, send_sms
from django_front_sms.models import ActiveAlert, OutboundMessage
from django_front_sms.monitoring import alerts, mail
from tests.configuration import configure
from tests.factories import NUMBER, AccountStateFactory, OutboundMessageFactory
from tests.parallel import run_parallel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wanted(settings: Any) -> None:
    settings.MANAGERS, settings.ADMINS = [("Kari", "kari@example.com")], [("Ola", "ola@example.com")]
    configure(settings, ALERTS={"TO": "managers", "AFTER": 15})


def subjects() -> list[str]:
    return [message.subject for message in django_mail.outbox]


def test_one_mail_when_it_has_lasted_and_one_when_it_is_over(clock):
    message = OutboundMessageFactory(unconfirmed=True)
    jobs.sweep()
    clock.advance(14 * 60)
    jobs.sweep()
    assert subjects() == []
    clock.advance(61)
    for _ in range(3):
        jobs.sweep()
    assert subjects() == ["[Django] Front SMS: messages wait for a decision"]
    clock.advance(86400)
    jobs.sweep()
    assert len(subjects()) == 1
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=True)
    for _ in range(3):
        jobs.sweep()
    assert subjects()[1:] == ["[Django] Front SMS: over: messages wait for a decision"]
    assert not ActiveAlert.objects.exists()


def test_an_alert_that_ends_early_is_not_mailed_and_starts_again(clock):
    message = OutboundMessageFactory(unconfirmed=True)
    jobs.sweep()
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=True)
    clock.advance(60)
    jobs.sweep()
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=False)
    clock.advance(15 * 60)
    jobs.sweep()
    assert subjects() == []


def test_each_alert_has_a_mail_of_its_own_without_texts_and_numbers(clock, settings):
    configure(settings, ALERTS={"TO": "managers", "AFTER": 0})
    OutboundMessageFactory(unconfirmed=True, text="Hemmelig")
    AccountStateFactory(paused=True)
    jobs.sweep()
    assert set(subjects()) == {
        "[Django] Front SMS: messages wait for a decision",
        "[Django] Front SMS: sending is paused",
    }
    for message in django_mail.outbox:
        assert message.to == ["kari@example.com"]
        for private in (NUMBER[1:], "Hemmelig", "Mitt Firma"):
            assert private not in f"{message.subject}{message.body}"


@pytest.mark.parametrize(
    ("to", "expected"), [("admins", ["ola@example.com"]), (["vakt@example.com"], ["vakt@example.com"])]
)
def test_mail_goes_to_the_recipients_in_the_setting(clock, settings, to, expected):
    configure(settings, ALERTS={"TO": to, "AFTER": 0})
    OutboundMessageFactory(unconfirmed=True)
    jobs.sweep()
    assert [message.to for message in django_mail.outbox] == [expected]


def test_without_the_setting_nothing_is_mailed(clock, settings, django_assert_num_queries):
    configure(settings, ALERTS=None)
    OutboundMessageFactory(unconfirmed=True)
    with django_assert_num_queries(0):
        assert mail.send_due() == 0


def test_mail_that_cannot_be_sent_is_tried_again(clock, settings, monkeypatch, caplog):
    def refuse(*args: Any) -> None:
        raise OSError("smtp.example.com refused user@example.com")

    configure(settings, ALERTS={"TO": "managers", "AFTER": 0})
    message = OutboundMessageFactory(unconfirmed=True)
    with monkeypatch.context() as broken:
        broken.setattr(mail, "mail_managers", refuse)
        jobs.sweep()
    assert "could not be sent (OSError)" in caplog.text
    assert "example.com" not in caplog.text
    jobs.sweep()
    assert len(subjects()) == 1
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=True)
    with monkeypatch.context() as broken:
        broken.setattr(mail, "mail_managers", refuse)
        jobs.sweep()
    jobs.sweep()
    jobs.sweep()
    assert len(subjects()) == 2


def test_four_fifths_of_a_limit_are_mailed(clock, settings):
    configure(settings, ALERTS={"TO": "managers", "AFTER": 0}, RATE_LIMITS={"per_account": "5/d"})
    for number in range(3):
        send_sms(NUMBER, f"{number}")
    jobs.sweep()
    assert subjects() == []
    send_sms(NUMBER, "4")
    jobs.sweep()
    assert subjects() == ["[Django] Front SMS: a rate limit is nearly used up"]
    clock.advance(2 * 86400)
    jobs.sweep()
    assert "[Django] Front SMS: over: a rate limit is nearly used up" in subjects()


def test_every_alert_that_a_worker_can_see_has_a_subject():
    assert mail.TITLES.keys() == alerts.current().keys() - {"worker_silent"} | {"rate_limit"}


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_one_mail(settings):
    configure(settings, ALERTS={"TO": "managers", "AFTER": 0})
    message = OutboundMessageFactory(unconfirmed=True)
    assert sum(run_parallel(*[mail.send_due] * 4)) == 1
    OutboundMessage.objects.filter(pk=message.pk).update(given_up=True)
    assert sum(run_parallel(*[mail.send_due] * 4)) == 1

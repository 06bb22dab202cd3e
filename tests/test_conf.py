"""`FRONT_SMS`: read late, typed, with its defaults; and the rules of sending that follow from it."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_front_sms.conf import Account, get_settings
from django_front_sms.exceptions import FrontSMSError, UnknownAccount

ACCOUNTS = {"default": {"SERVICE_ID": 1234}}


def test_only_the_service_id_is_needed():
    with override_settings(FRONT_SMS={"ACCOUNTS": ACCOUNTS}):
        conf = get_settings()
    account = conf.account("default")
    assert (account.service_id, account.password, account.gateway_url) == (1234, None, "https://www.pling.as/psk/")
    assert (account.transport, account.duplicate_filter, account.psk_short_code) == ("json", None, "26114")
    assert (conf.default_region, conf.allowed_regions, conf.on_duplicate, conf.on_unconfirmed) == (
        "NO",
        None,
        "defer",
        "hold",
    )
    assert (conf.duplicate_window, conf.window_margin, conf.timeout, conf.max_text_length) == (120, 15, 10, 1024)
    assert conf.webhook_allowed_ips == ("18.197.36.176", "18.197.110.183", "18.197.138.46")
    assert conf.max_inbound_bytes == 25 * 1024 * 1024
    assert (conf.opt_out_words, conf.opt_in_words) == (["STOP", "STOPP", "AVMELD"], ["START"])
    assert (conf.receiver_attempts, conf.receiver_retry_delay, conf.hours_without_status) == (5, 10, 24)


def test_the_rules_of_sending_follow_from_three_numbers():
    with override_settings(FRONT_SMS={"ACCOUNTS": ACCOUNTS}):
        conf = get_settings()
    assert conf.lease.total_seconds() == 30  # S = T/2 + T + M
    assert conf.twin_gap.total_seconds() == 150  # S + W
    assert conf.resend_limit.total_seconds() == 95  # W - T - M


def test_derived_times_follow_the_settings():
    with override_settings(FRONT_SMS={"ACCOUNTS": ACCOUNTS, "TIMEOUT": 4, "WINDOW_MARGIN": 5, "DUPLICATE_WINDOW": 60}):
        conf = get_settings()
    assert (conf.lease.total_seconds(), conf.twin_gap.total_seconds(), conf.resend_limit.total_seconds()) == (
        11,
        71,
        51,
    )


def test_a_change_is_seen_at_the_next_use():
    with override_settings(FRONT_SMS={"ACCOUNTS": ACCOUNTS, "TIMEOUT": 3}):
        assert get_settings().timeout == 3
        with override_settings(FRONT_SMS={"ACCOUNTS": ACCOUNTS, "TIMEOUT": 4}):
            assert get_settings().timeout == 4
        assert get_settings().timeout == 3


def test_a_change_inside_the_dict_is_seen_too(settings):
    settings.FRONT_SMS = {"ACCOUNTS": {"default": {"SERVICE_ID": 1}}}
    assert get_settings().account("default").service_id == 1
    settings.FRONT_SMS["ACCOUNTS"]["default"]["SERVICE_ID"] = 2
    assert get_settings().account("default").service_id == 2


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"ACCOUNTS": ACCOUNTS, "TIMEOUTS": 3}, "TIMEOUTS"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1, "SENDERS": "x"}}}, "SENDERS"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1, "NAME": "x"}}}, "NAME"),
        ({"ACCOUNTS": {"default": {}}}, "SERVICE_ID"),
    ],
)
def test_a_slip_of_the_pen_is_named(raw: dict, named: str):
    with override_settings(FRONT_SMS=raw), pytest.raises(ImproperlyConfigured, match=named):
        get_settings()


def test_an_unknown_account_names_the_known_ones():
    with (
        override_settings(FRONT_SMS={"ACCOUNTS": {"a": {"SERVICE_ID": 1}, "b": {"SERVICE_ID": 2}}}),
        pytest.raises(UnknownAccount, match="a, b") as raised,
    ):
        get_settings().account("c")
    assert isinstance(raised.value, FrontSMSError)
    assert raised.value.code == "unknown_account"


def test_a_gateway_is_told_by_address_and_service_id_and_not_by_name():
    one = Account(name="one", service_id=1, gateway_url="https://www.pling.as/psk/")
    assert one.gateway == Account(name="two", service_id=1, gateway_url="https://WWW.pling.as/psk").gateway
    assert one.gateway != Account(name="one", service_id=2, gateway_url="https://www.pling.as/psk/").gateway
    assert one.gateway != Account(name="one", service_id=1, gateway_url="https://test.pling.as/psk/").gateway


def test_secrets_are_not_shown():
    with override_settings(
        FRONT_SMS={
            "ACCOUNTS": {"default": {"SERVICE_ID": 1, "PASSWORD": "hemmelig"}},
            "WEBHOOK_SECRETS": ["nøkkel"],
        }
    ):
        shown = repr(get_settings())
    assert "hemmelig" not in shown
    assert "nøkkel" not in shown

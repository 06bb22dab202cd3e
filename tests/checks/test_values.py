"""Checks of the values in `FRONT_SMS`."""

from decimal import Decimal

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from django_front_sms.checks import TAG
from django_front_sms.conf import get_settings
from tests.checks.running import found
from tests.checks.valid_settings import ACCOUNT, SECRETS


def test_a_valid_site_has_no_messages(site):
    assert found() == []


def test_every_key_of_the_settings_may_be_given(site):
    site.FRONT_SMS = {
        "ACCOUNTS": {
            "default": {
                **ACCOUNT,
                "PASSWORD": None,
                "GATEWAY_URL": "https://www.pling.as/psk/",
                "TRANSPORT": "json",
                "DUPLICATE_FILTER": None,
                "PSK_SHORT_CODE": "26114",
                "MAX_PER_SECOND": None,
            },
            "other": {
                **ACCOUNT,
                "SERVICE_ID": 1235,
                "TRANSPORT": "get",
                "DUPLICATE_FILTER": True,
                "MAX_PER_SECOND": 2.5,
            },
            "quiet": {**ACCOUNT, "SERVICE_ID": 1236, "QUIET_HOURS": ("21:00", "08:00")},
        },
        "DEFAULT_REGION": "NO",
        "ALLOWED_REGIONS": ["NO", "SE"],
        "DUPLICATE_WINDOW": 120,
        "WINDOW_MARGIN": 15,
        "ON_DUPLICATE": "coalesce",
        "ON_UNCONFIRMED": "resend",
        "TIMEOUT": 10,
        "MAX_TEXT_LENGTH": 1024,
        "REPLACEMENT": "?",
        "PRICE_PER_SEGMENT": None,
        "OPT_OUT_WORDS": ["STOP"],
        "OPT_IN_WORDS": ("START",),
        "HOURS_WITHOUT_STATUS": 24,
        **SECRETS,
        "WEBHOOK_ALLOWED_IPS": ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"],
        "TRUSTED_PROXY_COUNT": 0,
        "MAX_INBOUND_BYTES": 26_214_400,
        "MMS_STORAGE": "private",
        "RECEIVER_ATTEMPTS": 5,
        "RECEIVER_RETRY_DELAY": 10,
        "RECIPIENT_OVERRIDE": "+4799999999",
        "RETENTION_DAYS": 30,
        "RATE_LIMITS": {"per_recipient": "5/h", "per_account": "10000/d"},
        "ALERTS": {"TO": ["vakt@example.com"], "AFTER": 15},
        "WORKER": "command",
        "CLIENT": "django_front_sms.gateway.client.Client",
    }
    assert found() == []


ACCOUNTS_IN_ERROR = [
    ("E002", "not a dict"),
    ("E002", None),
    ("E003", {**ACCOUNT, "PASWORD": "secret"}),
    ("W018", {"SERVICE_ID": 1234}),
    ("W018", {**ACCOUNT, "SENDER": ""}),
    ("E003", {**ACCOUNT, "service_id": 1}),
    ("E003", {**ACCOUNT, "NAME": "default"}),
    ("E010", {**ACCOUNT, "QUIET_HOURS": ("21", "08")}),
    ("E010", {**ACCOUNT, "QUIET_HOURS": ("21:00", "21:00")}),
    ("E010", {**ACCOUNT, "QUIET_HOURS": "21:00-08:00"}),
    ("E004", {"SENDER": "Mitt Firma"}),
    ("E004", {**ACCOUNT, "SERVICE_ID": "1234"}),
    ("E004", {**ACCOUNT, "SERVICE_ID": 0}),
    ("E004", {**ACCOUNT, "SERVICE_ID": True}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "www.pling.as/psk/"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "ftp://www.pling.as/psk/"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "https://[::1/psk/"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "https://www.pling.as:port/psk/"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "https://www.pling.as/psk/push.php?serviceid=1"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "https://user:word@www.pling.as/psk/"}),
    ("E006", {**ACCOUNT, "GATEWAY_URL": "https://www.pling.as/psk/push.php"}),
    ("E007", {**ACCOUNT, "GATEWAY_URL": "http://www.pling.as/psk/"}),
    ("E008", {**ACCOUNT, "SENDER": "Mitt store firma"}),
    ("E008", {**ACCOUNT, "SENDER": " Firma"}),
    ("E009", {**ACCOUNT, "TRANSPORT": "JSON"}),
    ("E009", {**ACCOUNT, "DUPLICATE_FILTER": "yes"}),
    ("E009", {**ACCOUNT, "DUPLICATE_FILTER": 1}),
    ("E010", {**ACCOUNT, "PASSWORD": 1234}),
    ("E010", {**ACCOUNT, "SENDER": 26114}),
    ("E010", {**ACCOUNT, "GATEWAY_URL": None}),
    ("E010", {**ACCOUNT, "PSK_SHORT_CODE": 26114}),
    ("E010", {**ACCOUNT, "MAX_PER_SECOND": 0}),
    ("W002", {**ACCOUNT, "TRANSPORT": "get", "PASSWORD": "secret"}),
    ("W006", {**ACCOUNT, "GATEWAY_URL": "http://127.0.0.1:9900/psk/"}),
    ("W006", {**ACCOUNT, "GATEWAY_URL": "http://localhost:9900/psk/"}),
    ("W006", {**ACCOUNT, "GATEWAY_URL": "https://[::1]/psk/"}),
]


@pytest.mark.parametrize(("expected", "account"), ACCOUNTS_IN_ERROR)
def test_an_invalid_account_is_found(site, expected, account):
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": account}}
    assert found() == [expected]


SETTINGS_IN_ERROR = [
    ("E003", {"WEBHOOK_SECRET": "in the singular"}),
    ("E003", {1: "no name"}),
    ("E009", {"ON_DUPLICATE": "drop"}),
    ("E009", {"ON_UNCONFIRMED": None}),
    ("E009", {"ON_DUPLICATE": ["defer"]}),
    ("E010", {"DEFAULT_REGION": "Norway"}),
    ("E010", {"DEFAULT_REGION": ["NO"]}),
    ("E010", {"ALLOWED_REGIONS": "NO"}),
    ("E010", {"ALLOWED_REGIONS": ["XX"]}),
    ("E010", {"DUPLICATE_WINDOW": "120"}),
    ("E010", {"WINDOW_MARGIN": -1}),
    ("E010", {"TIMEOUT": 0}),
    ("E010", {"TIMEOUT": None}),
    ("E010", {"MAX_TEXT_LENGTH": 1024.0}),
    ("E010", {"REPLACEMENT": "😊"}),
    ("E010", {"REPLACEMENT": "??"}),
    ("E010", {"PRICE_PER_SEGMENT": "0.39"}),
    ("E010", {"OPT_OUT_WORDS": "STOP"}),
    ("E010", {"OPT_IN_WORDS": [1]}),
    ("E010", {"HOURS_WITHOUT_STATUS": 0}),
    ("E010", {"HOURS_WITHOUT_STATUS": float("inf")}),
    ("E010", {"HOURS_WITHOUT_STATUS": Decimal("NaN")}),
    ("E010", {"RECEIVER_RETRY_DELAY": float("nan")}),
    ("E010", {"DUPLICATE_WINDOW": 10**400}),
    ("E010", {"WEBHOOK_SECRETS": "one secret that is no list"}),
    ("E010", {"WEBHOOK_ALLOWED_IPS": "192.0.2.1"}),
    ("E010", {"TRUSTED_PROXY_COUNT": -1}),
    ("E010", {"TRUSTED_PROXY_COUNT": True}),
    ("E010", {"MAX_INBOUND_BYTES": "25 MB"}),
    ("E010", {"RECEIVER_ATTEMPTS": 0}),
    ("E010", {"RECEIVER_RETRY_DELAY": None}),
    ("E010", {"RECIPIENT_OVERRIDE": 4799999999}),
    ("E010", {"RETENTION_DAYS": 0}),
    ("E010", {"RETENTION_DAYS": 1_000_000}),
    ("E010", {"RATE_LIMITS": "5/h"}),
    ("E010", {"CLIENT": object}),
    ("E011", {"TIMEOUT": 105}),
    ("E011", {"WINDOW_MARGIN": 200}),
    ("E012", {"RECIPIENT_OVERRIDE": "test"}),
    ("E012", {"RECIPIENT_OVERRIDE": "12"}),
    ("E013", {"RATE_LIMITS": {"per_recipient": "5 per hour"}}),
    ("E013", {"RATE_LIMITS": {"per_recipient": "0/h"}}),
    ("E013", {"RATE_LIMITS": {"per_recipient": 5}}),
    ("E013", {"RATE_LIMITS": {"per_user": "5/h"}}),
    ("E014", {"CLIENT": "no.such.Client"}),
    ("E014", {"CLIENT": "Client"}),
    ("E014", {"CLIENT": "tests.checks.clients.ClientWithoutBulk"}),
    ("E015", {"MMS_STORAGE": "attic"}),
    ("E016", {"WEBHOOK_ALLOWED_IPS": ["front.example"]}),
    ("E016", {"WEBHOOK_ALLOWED_IPS": ["192.0.2.1/33"]}),
    ("E017", {"WEBHOOK_SECRETS": ["long enough to be a secret", ""]}),
    ("E019", {"WEBHOOK_ALLOWED_IPS": []}),
    ("W001", {"WEBHOOK_ALLOWED_IPS": None, "WEBHOOK_SECRETS": None}),
    ("W007", {"MMS_STORAGE": "default"}),
    ("W008", {"DUPLICATE_WINDOW": 600}),
    ("W008", {"DUPLICATE_WINDOW": 60}),
]


@pytest.mark.parametrize(("expected", "changed"), SETTINGS_IN_ERROR)
def test_an_invalid_setting_is_found(site, expected, changed):
    site.FRONT_SMS = {**site.FRONT_SMS, **changed}
    assert found() == [expected]


@pytest.mark.parametrize("value", [{}, {"ACCOUNTS": {}}, {"ACCOUNTS": None}])
def test_a_missing_account_is_found(site, value):
    site.FRONT_SMS = {"MMS_STORAGE": "private", **value}
    assert found() == ["E001"]


def test_a_missing_setting_is_found(site):
    site.FRONT_SMS = {}
    del site.FRONT_SMS
    site.MEDIA_URL = ""
    assert found() == ["E001"]


@pytest.mark.parametrize("value", [None, [], "default", 7])
def test_settings_that_are_no_dict_raise_nothing(site, value):
    site.MEDIA_URL = ""
    site.FRONT_SMS = value
    assert found() == ["E002"]
    site.FRONT_SMS = {"ACCOUNTS": [ACCOUNT]}
    assert found() == ["E002"]


@pytest.mark.parametrize("name", ["", "x" * 51, 7])
def test_an_account_needs_a_name_that_fits_its_column(site, name):
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {name: ACCOUNT}}
    assert found() == ["E010"]


def test_two_names_for_one_account_of_fronts_are_found_however_the_address_is_written(site):
    again = {**ACCOUNT, "GATEWAY_URL": "https://www.PLING.as/psk"}
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": ACCOUNT, "again": again}}
    assert found() == ["E005"]
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": ACCOUNT, "again": {**again, "SERVICE_ID": 1235}}}
    assert found() == []


@pytest.mark.parametrize("flat", [ACCOUNT, {**ACCOUNT, "ACCOUNTS": {"default": ACCOUNT}}, {"PASSWORD": "hunter2"}])
def test_keys_of_an_account_at_the_top_level_are_said_to_belong_under_it(site, flat):
    site.FRONT_SMS = {**flat, "TIMEOUT": 5, "MMS_STORAGE": "private", **SECRETS}
    (message,) = run_checks(tags=[TAG], databases=[])
    assert message.id == "front_sms.E021"
    assert 'belong under ACCOUNTS["default"]' in message.msg
    assert "hunter2" not in str(message)
    assert found() == ["E021"]
    with pytest.raises(ImproperlyConfigured, match=r'belong under ACCOUNTS\["default"\]'):
        get_settings()


@pytest.mark.parametrize(
    "alerts",
    [
        {},
        {"TO": "everybody"},
        {"TO": []},
        {"TO": ["nobody"]},
        {"TO": "admins", "AFTER": -1},
        {"TO": "admins", "ALL": 1},
    ],
)
def test_alerts_that_cannot_be_mailed_are_found(site, alerts):
    site.FRONT_SMS = {**site.FRONT_SMS, "ALERTS": alerts}
    assert found() == ["E022"]
    with pytest.raises(ImproperlyConfigured, match="ALERTS"):
        get_settings()


def test_alerts_without_recipients_are_found(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "ALERTS": {"TO": "managers"}}
    assert found() == ["W023"]
    site.MANAGERS = [("Kari", "kari@example.com")]
    assert found() == []
    site.FRONT_SMS = {**site.FRONT_SMS, "ALERTS": {"TO": ["kari@example.com"], "AFTER": 0}}
    assert found() == []

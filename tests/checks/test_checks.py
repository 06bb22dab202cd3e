"""Each mistake is found, and found only where it is made; the documentation knows them all."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.checks import ERROR, run_checks

from django_front_sms.checks import MISTAKES, TAG
from django_front_sms.schedule import BEAT_SCHEDULE

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = {"SERVICE_ID": 1234, "SENDER": "Mitt Firma"}
SECRETS = {"WEBHOOK_SECRETS": ["long enough to be a secret"]}


class Halfway:
    """A client without `send_bulk`."""

    def send(self) -> None: ...


class Elsewhere:
    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "other" if model._meta.app_label == "front_sms" else None


@pytest.fixture
def site(settings, tmp_path):
    """A site in production without a mistake."""
    settings.DEBUG = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    settings.CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
    settings.MEDIA_ROOT, settings.MEDIA_URL = str(tmp_path / "media"), "/media/"
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "private")},
        },
    }
    settings.FRONT_SMS = {"ACCOUNTS": {"default": ACCOUNT}, "MMS_STORAGE": "private", **SECRETS}
    return settings


def found() -> list[str]:
    """The numbers of the mistakes, as `check --deploy --tag front_sms` finds them."""
    messages = run_checks(tags=[TAG], include_deployment_checks=True, databases=[])
    for message in messages:
        assert message.hint
        assert "%(" not in message.msg
    return [str(message.id).removeprefix("front_sms.") for message in messages]


def test_a_site_without_a_mistake_hears_nothing(site):
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
            "other": {"SERVICE_ID": 1235, "TRANSPORT": "get", "DUPLICATE_FILTER": True, "MAX_PER_SECOND": 2.5},
            "quiet": {"SERVICE_ID": 1236, "QUIET_HOURS": ("21:00", "08:00")},
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
        "WORKER": "command",
        "CLIENT": "django_front_sms.gateway.client.Client",
    }
    assert found() == []


ACCOUNTS_IN_ERROR = [
    ("E002", "not a dict"),
    ("E002", None),
    ("E003", {**ACCOUNT, "PASWORD": "secret"}),
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


@pytest.mark.parametrize(("mistake", "account"), ACCOUNTS_IN_ERROR)
def test_a_mistake_in_an_account_is_found_and_nothing_else(site, mistake, account):
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": account}}
    assert found() == [mistake]


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
    ("E014", {"CLIENT": "tests.checks.test_checks.Halfway"}),
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


@pytest.mark.parametrize(("mistake", "changed"), SETTINGS_IN_ERROR)
def test_a_mistake_in_the_settings_is_found_and_nothing_else(site, mistake, changed):
    site.FRONT_SMS = {**site.FRONT_SMS, **changed}
    assert found() == [mistake]


@pytest.mark.parametrize("value", [{}, {"ACCOUNTS": {}}, {"ACCOUNTS": None}])
def test_a_site_without_an_account_is_told(site, value):
    site.FRONT_SMS = {"MMS_STORAGE": "private", **value}
    assert found() == ["E001"]


def test_a_site_without_the_setting_is_told(site):
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


@pytest.mark.parametrize(
    "changed",
    [{"DEBUG": True, "GATEWAY_URL": "http://127.0.0.1:9900/psk/"}, {"DEBUG": True, "CELERY_BROKER_URL": "memory://"}],
)
def test_what_is_right_while_developing_is_not_told_of_there(site, changed):
    account = {**ACCOUNT, **({"GATEWAY_URL": changed.pop("GATEWAY_URL")} if "GATEWAY_URL" in changed else {})}
    site.FRONT_SMS = {**site.FRONT_SMS, "ACCOUNTS": {"default": account}}
    for name, value in changed.items():
        setattr(site, name, value)
    assert found() == []


def test_a_site_whose_times_have_no_zone_is_told(site):
    site.USE_TZ = False
    assert found() == ["E020"]


def test_a_broker_in_memory_is_told_of_in_production(site):
    site.CELERY_BROKER_URL = "memory://"
    assert found() == ["W004"]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:6379/0", "rediss://redis.example:6380", "sentinel://10.0.0.1"])
@pytest.mark.parametrize(("seconds", "expected"), [(60, ["W016"]), (599, ["W016"]), (600, []), (3600, []), ("1", [])])
def test_a_visibility_timeout_that_hands_hints_out_twice_is_found(site, broker, seconds, expected):
    site.CELERY_BROKER_URL = broker
    site.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": seconds}
    assert found() == expected


def test_a_visibility_timeout_means_nothing_to_other_brokers(site):
    site.CELERY_BROKER_URL = "amqp://127.0.0.1"
    site.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1}
    assert found() == []


@pytest.mark.parametrize("schedule", [None, {}, [], {"mine": {"task": "mine", "schedule": 60}}])
def test_a_schedule_without_the_sweep_is_found(site, schedule):
    site.CELERY_BEAT_SCHEDULE = schedule
    assert found() == ["W017"]
    site.FRONT_SMS = {**site.FRONT_SMS, "RETENTION_DAYS": 90}
    assert found() == ["W017", "W017"]


def test_a_schedule_without_the_purge_is_found_where_something_is_to_be_purged(site):
    site.CELERY_BEAT_SCHEDULE = {"sweep": BEAT_SCHEDULE["front-sms-sweep"]}
    assert found() == []
    site.FRONT_SMS = {**site.FRONT_SMS, "RETENTION_DAYS": 90}
    assert found() == ["W017"]


def test_a_schedule_in_the_database_is_not_read(site):
    site.CELERY_BEAT_SCHEDULE = {}
    site.CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
    assert found() == []


def test_a_schedule_is_asked_for_with_deploy_alone(site):
    site.CELERY_BEAT_SCHEDULE = {}
    assert [message.id for message in run_checks(tags=[TAG], databases=[])] == []


def test_a_client_of_this_package_that_sends_nothing_is_told_of_in_production(site, monkeypatch):
    monkeypatch.setattr("django_front_sms.gateway.client.Pretence", StandIn, raising=False)
    site.FRONT_SMS = {**site.FRONT_SMS, "CLIENT": "django_front_sms.gateway.client.Pretence"}
    assert found() == ["W005"]
    site.DEBUG = True
    assert found() == []


class StandIn(Halfway):
    def send_bulk(self) -> None: ...


def test_a_client_of_the_sites_own_is_its_own_business(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "CLIENT": "tests.checks.test_checks.StandIn"}
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")), ("USE_X_FORWARDED_HOST", True)],
)
def test_a_proxy_that_is_not_counted_is_found(site, name, value):
    setattr(site, name, value)
    assert found() == ["W003"]
    site.FRONT_SMS = {**site.FRONT_SMS, "TRUSTED_PROXY_COUNT": 1}
    assert found() == []
    site.FRONT_SMS = {**site.FRONT_SMS, "TRUSTED_PROXY_COUNT": 0, "WEBHOOK_ALLOWED_IPS": None}
    assert found() == []


def test_files_below_the_folder_that_is_served_are_found_whatever_address_their_storage_gives_them(site):
    options = {"location": f"{site.MEDIA_ROOT}/mms", "base_url": "/private/"}
    backend = "django.core.files.storage.FileSystemStorage"
    site.STORAGES = {**site.STORAGES, "private": {"BACKEND": backend, "OPTIONS": options}}
    assert found() == ["W007"]


@pytest.mark.urls("django.contrib.auth.urls")
def test_urls_without_the_webhooks_are_found(site):
    assert found() == ["W009"]


@pytest.mark.urls("no.such.urls")
def test_urls_that_cannot_be_loaded_are_left_to_django(site):
    assert found() == []


def test_files_in_the_open_are_told_of_only_where_they_are_served(site, tmp_path):
    site.FRONT_SMS = {**site.FRONT_SMS, "MMS_STORAGE": "default"}
    site.MEDIA_URL = ""
    assert found() == []


def test_files_in_the_open_are_told_of_with_deploy_alone(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "MMS_STORAGE": "default"}
    assert [message.id for message in run_checks(tags=[TAG], databases=[])] == []


def test_a_router_that_separates_this_app_from_its_users_is_found(site):
    site.DATABASE_ROUTERS = ["tests.checks.test_checks.Elsewhere"]
    assert found() == ["E018"]


def test_a_router_that_keeps_them_together_in_another_database_is_right(site):
    site.DATABASE_ROUTERS = ["tests.db.test_routing.AllInSecond"]
    assert found() == []


def test_no_password_and_no_secret_is_shown(site):
    account = {**ACCOUNT, "PASSWORD": ["hunter2"], "GATEWAY_URL": "https://user:hunter2@www.pling.as/"}
    site.FRONT_SMS = {"ACCOUNTS": {"default": account}, "WEBHOOK_SECRETS": "hunter2", "MMS_STORAGE": "private"}
    messages = run_checks(tags=[TAG], databases=[])
    assert {message.id for message in messages} == {"front_sms.E006", "front_sms.E010"}
    assert "hunter2" not in "".join(map(str, messages))


@pytest.mark.skipif(django.VERSION >= (6, 0), reason="this Django has a task framework")
def test_tasks_of_django_need_a_django_that_has_them(site):
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": "tasks"}
    assert found() == ["E025"]


@pytest.mark.parametrize("worker", ["tasks", "command"])
def test_without_celery_nothing_is_said_of_its_broker(site, worker: str):
    site.FRONT_SMS = {**site.FRONT_SMS, "WORKER": worker}
    site.CELERY_BROKER_URL = "memory://"
    site.CELERY_BEAT_SCHEDULE = {}
    assert not {"W004", "W017"} & set(found())


# The catalogue


def test_every_mistake_has_a_test_that_makes_it():
    sources = Path(__file__).parent.glob("test_*.py")
    made = {number for source in sources for number in re.findall(r'"([EW]\d{3})"', source.read_text())}
    assert made == {number.removeprefix("front_sms.") for number in MISTAKES}


def test_errors_have_an_e_and_warnings_a_w():
    for number, mistake in MISTAKES.items():
        message = mistake.found(**dict.fromkeys(re.findall(r"%\((\w+)\)s", str(mistake.says)), "x"))
        assert (message.level >= ERROR) == number.startswith("front_sms.E")


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documentation is not here")
def test_the_documentation_tells_of_each_mistake_once_and_in_order():
    text = (ROOT / "docs/reference/checks.md").read_text()
    documented = re.findall(r"^### `(front_sms\.[EW]\d{3})`", text, re.MULTILINE)
    assert documented == sorted(MISTAKES)


def fresh(front_sms: object) -> str:
    """What the checks find in a fresh process, and whether they loaded Celery."""
    start = (
        "from django.conf import settings; settings.configure("
        "INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_front_sms'], SECRET_KEY='x', "
        f"FRONT_SMS={front_sms!r}); "
        "import django; django.setup(); from django.core.checks import run_checks; "
        "import sys; print(*[m.id for m in run_checks()], 'celery' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", start], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_checks_do_not_load_celery():
    assert fresh({}) == "front_sms.E001 False"


@pytest.mark.parametrize(
    ("front_sms", "mistake"),
    [
        ([], "E002"),
        ({"ACCOUNTS": 7}, "E002"),
        ({"ACCOUNTS": {"default": {}}}, "E004"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1}}, "SECRETS": []}, "E003"),
        ({"ACCOUNTS": {"default": {"SERVICE_ID": 1}}, "MMS_STORAGE": "attic"}, "E015"),
    ],
)
def test_a_site_whose_settings_cannot_be_read_starts_far_enough_to_be_told(front_sms, mistake):
    assert fresh(front_sms) == f"front_sms.{mistake} False"

"""Tokens of webhooks, and the address of a request."""

import logging
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from hypothesis import given
from hypothesis import strategies as st

from django_front_sms.exceptions import UnknownAccount
from django_front_sms.signing import account_of, address_allowed, caller_address, webhook_path

ACCOUNTS = {"default": {"SERVICE_ID": 1}, "other": {"SERVICE_ID": 2}}


@pytest.fixture
def front_sms(settings):
    """Set keys of FRONT_SMS."""

    def change(**keys):
        settings.FRONT_SMS = {"ACCOUNTS": ACCOUNTS, **keys}

    change(WEBHOOK_SECRETS=["first", "second"])
    return change


def token(purpose="inbound", account="default"):
    return webhook_path(purpose, account).split("/")[2]


def request(**meta):
    request = RequestFactory().get("/")
    request.META.pop("REMOTE_ADDR")
    request.META.update(meta)
    return request


class TestTokens:
    def test_a_path_is_absolute_and_holds_a_token_that_names_its_account(self, front_sms):
        path = webhook_path("status", "other")
        assert path == reverse("front_sms:status", kwargs={"token": token("status", "other")})
        assert path.startswith("/front-sms/") and path.endswith("/status/")
        assert account_of(token("status", "other"), "status") == "other"

    def test_a_token_is_bound_to_its_purpose(self, front_sms):
        assert account_of(token("status"), "inbound") is None
        assert account_of(token("inbound"), "status") is None

    def test_a_token_is_bound_to_its_account(self, front_sms):
        assert token(account="default") != token(account="other")

    def test_the_first_secret_signs_and_all_of_them_verify(self, front_sms):
        old = token()
        front_sms(WEBHOOK_SECRETS=["new", "first"])
        assert token() != old
        assert account_of(old, "inbound") == account_of(token(), "inbound") == "default"

    def test_a_token_of_a_removed_secret_is_refused(self, front_sms):
        old = token()
        front_sms(WEBHOOK_SECRETS=["new"])
        assert account_of(old, "inbound") is None

    def test_without_secrets_of_their_own_tokens_follow_the_secret_key_and_its_fallbacks(self, front_sms, settings):
        front_sms()
        settings.SECRET_KEY = "old"
        old = token()
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
        assert token() != old
        assert account_of(old, "inbound") == "default"
        settings.SECRET_KEY_FALLBACKS = []
        assert account_of(old, "inbound") is None

    def test_a_token_of_a_removed_account_is_refused(self, front_sms, settings):
        old = token(account="other")
        settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": {"SERVICE_ID": 1}}}
        assert account_of(old, "inbound") is None

    @pytest.mark.parametrize("text", ["", "x", "æøå", "\ud800", "x" * 10_000, "\0"])
    def test_any_other_text_is_refused_as_a_token(self, front_sms, text):
        assert account_of(text, "inbound") is None

    def test_a_shortened_or_lengthened_token_is_refused(self, front_sms):
        assert account_of(token()[:-1], "inbound") is None
        assert account_of(token() + "A", "inbound") is None

    @given(st.text())
    def test_no_text_makes_it_raise(self, text):
        assert account_of(text, "status") is None

    def test_an_account_or_purpose_that_does_not_exist_is_refused(self, front_sms):
        with pytest.raises(UnknownAccount):
            webhook_path("status", "none")
        with pytest.raises(ValueError, match="bulk"):
            webhook_path("bulk")

    def test_urls_that_are_not_included_are_reported(self, front_sms, settings):
        settings.ROOT_URLCONF = "django.contrib.staticfiles.urls"
        with pytest.raises(NoReverseMatch):
            webhook_path("status")


class TestCallerAddress:
    def test_without_a_proxy_it_is_the_address_of_the_connection(self, front_sms):
        forged = request(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="18.197.36.176")
        assert caller_address(forged) == ip_address("10.0.0.1")

    @pytest.mark.parametrize(
        ("count", "forwarded", "seen"),
        [
            (1, "18.197.36.176", "18.197.36.176"),
            (1, "6.6.6.6, 18.197.36.176", "18.197.36.176"),
            (2, "6.6.6.6, 18.197.36.176, 10.0.0.2", "18.197.36.176"),
            (2, "18.197.36.176,10.0.0.2", "18.197.36.176"),
        ],
    )
    def test_behind_proxies_it_is_counted_from_the_right(self, front_sms, count, forwarded, seen):
        front_sms(TRUSTED_PROXY_COUNT=count)
        proxied = request(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
        assert caller_address(proxied) == ip_address(seen)

    def test_behind_a_unix_socket_there_is_no_other_address(self, front_sms):
        front_sms(TRUSTED_PROXY_COUNT=1)
        assert caller_address(request(HTTP_X_FORWARDED_FOR="18.197.36.176")) == ip_address("18.197.36.176")

    @pytest.mark.parametrize(
        ("count", "meta"),
        [
            (0, {}),
            (0, {"REMOTE_ADDR": ""}),
            (0, {"REMOTE_ADDR": "unix:"}),
            (1, {"REMOTE_ADDR": "18.197.36.176"}),
            (2, {"REMOTE_ADDR": "18.197.36.176", "HTTP_X_FORWARDED_FOR": "18.197.36.176"}),
            (1, {"HTTP_X_FORWARDED_FOR": "18.197.36.176, unknown"}),
            (1, {"HTTP_X_FORWARDED_FOR": "18.197.36.176, "}),
            (1, {"HTTP_X_FORWARDED_FOR": "１８.197.36.176"}),
        ],
    )
    def test_an_unknown_caller_address_is_none(self, front_sms, count, meta):
        front_sms(TRUSTED_PROXY_COUNT=count)
        assert caller_address(request(**meta)) is None

    @pytest.mark.parametrize(
        ("written", "seen"),
        [
            ("::ffff:18.197.36.176", "18.197.36.176"),
            ("18.197.36.176:4711", "18.197.36.176"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[::ffff:18.197.36.176]:80", "18.197.36.176"),
        ],
    )
    def test_every_way_to_write_an_address_is_understood(self, front_sms, written, seen):
        assert caller_address(request(REMOTE_ADDR=written)) == ip_address(seen)

    @given(st.text())
    def test_no_text_makes_it_raise(self, text):
        assert isinstance(caller_address(request(REMOTE_ADDR=text)), IPv4Address | IPv6Address | None)


class TestAllowedAddresses:
    def test_fronts_three_addresses_are_allowed_by_default(self, front_sms):
        front_sms()
        for address in ("18.197.36.176", "18.197.110.183", "18.197.138.46"):  # §2.5
            assert address_allowed(ip_address(address))
        assert not address_allowed(ip_address("127.0.0.1"))

    def test_networks_may_be_named(self, front_sms):
        front_sms(WEBHOOK_ALLOWED_IPS=["10.1.0.0/16", "2001:db8::/32"])
        assert address_allowed(ip_address("10.1.2.3"))
        assert address_allowed(ip_address("2001:db8::5"))
        assert not address_allowed(ip_address("10.2.0.1"))

    def test_a_missing_caller_address_is_not_allowed(self, front_sms):
        assert not address_allowed(None)

    def test_an_empty_list_allows_no_address(self, front_sms):
        front_sms(WEBHOOK_ALLOWED_IPS=[])
        assert not address_allowed(ip_address("18.197.36.176"))

    def test_none_disables_the_check(self, front_sms):
        front_sms(WEBHOOK_ALLOWED_IPS=None)
        assert address_allowed(None)

    def test_an_invalid_entry_does_not_exclude_valid_ones(self, front_sms, caplog):
        front_sms(WEBHOOK_ALLOWED_IPS=["18.197.36.176 ", "front.no"])
        with caplog.at_level(logging.ERROR):
            assert address_allowed(ip_address("18.197.36.176"))
        assert "front.no" in caplog.text

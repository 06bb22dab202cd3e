"""The example of `ACCOUNT_ACCESS` limits a user to the accounts of the user's groups."""

import sys
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import Client

from django_front_sms.access import accounts_of, may_use, visible
from django_front_sms.models import OutboundMessage
from tests.docs.pages import DOCS, HERE, blocks_of
from tests.factories import OutboundMessageFactory

pytestmark = [pytest.mark.skipif(not HERE, reason="the documentation is not here"), pytest.mark.django_db]
LIST = "/admin/front_sms/outboundmessage/"


@pytest.fixture(autouse=True)
def _access(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function and the setting of the page."""
    blocks = [*blocks_of(DOCS / "howto" / "several-accounts.md")]
    (function,) = [block.text for block in blocks if block.file == "shop/access.py"]
    (setting,) = [block.text for block in blocks if '["ACCOUNT_ACCESS"]' in block.text]
    module = ModuleType("shop.access")
    exec(compile(function, "shop/access.py", "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.access", module)
    accounts = settings.FRONT_SMS["ACCOUNTS"]
    bergen = {"SERVICE_ID": 5678, "SENDER": "26114567890000"}
    names = {"FRONT_SMS": {**settings.FRONT_SMS, "ACCOUNTS": {**accounts, "bergen": bergen}}}
    exec(compile(setting, "settings.py", "exec"), names)
    settings.FRONT_SMS = names["FRONT_SMS"]


def user(name: str, *groups: str, **fields: Any) -> Any:
    created = get_user_model().objects.create(username=name, is_staff=True, **fields)
    created.groups.set(Group.objects.get_or_create(name=group)[0] for group in groups)
    return created


def test_a_user_has_the_accounts_of_the_groups_and_a_superuser_all(django_assert_num_queries: Any) -> None:
    OutboundMessageFactory(account="default")
    bergen = OutboundMessageFactory(account="bergen")
    seller, other = user("seller", "SMS bergen", "Sales"), user("other", "Sales")

    with django_assert_num_queries(1):
        assert accounts_of(seller) == {"bergen"} and may_use(seller, "bergen") and not may_use(seller, "default")
    assert [*visible(OutboundMessage.objects.all(), seller)] == [bergen]
    assert accounts_of(other) == accounts_of(AnonymousUser()) == set()
    assert accounts_of(user("boss", is_superuser=True)) is None


def test_the_admin_lists_messages_of_these_accounts_only() -> None:
    default, bergen = OutboundMessageFactory(account="default"), OutboundMessageFactory(account="bergen")
    seller = user("seller", "SMS bergen")
    seller.user_permissions.add(Permission.objects.get(codename="view_outboundmessage"))
    browser = Client()
    browser.force_login(seller)

    assert [*browser.get(LIST).context["cl"].result_list] == [bergen]
    assert browser.get(f"{LIST}{default.pk}/change/").status_code == 302

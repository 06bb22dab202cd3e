"""Staff users with and without permissions, and a client for each."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

VIEW = [
    "view_outboundmessage",
    "view_inboundmessage",
    "view_deliverystatus",
    "view_accountstate",
    "view_event",
    "view_bulksend",
    "view_refusedpush",
    "view_countergap",
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def login(db) -> Callable[..., Client]:
    """A client of a staff user with these permissions."""

    def client(*codenames: str) -> Client:
        user = User.objects.create(username=f"staff{User.objects.count()}", is_staff=True)
        permissions = Permission.objects.filter(content_type__app_label="front_sms", codename__in=codenames)
        assert len(permissions) == len(codenames)
        user.user_permissions.set(permissions)
        browser = Client()
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def viewer(login) -> Client:
    """A user who may view everything and change nothing."""
    return login(*VIEW)


@pytest.fixture
def boss(login) -> Client:
    """A user who may do everything that the screens offer."""
    return login(
        *VIEW,
        "view_mmsfile",
        "cancel_outboundmessage",
        "resend_outboundmessage",
        "decide_outboundmessage",
        "resume_accountstate",
        "redeliver_event",
        "read_again_inboundmessage",
    )

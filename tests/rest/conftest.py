"""Users with and without permissions, and a client for each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from rest_framework.test import APIClient

from django_front_sms import send_bulk_sms, send_sms
from django_front_sms.models import InboundMessage, MmsFile, SavedText
from django_front_sms.testing.factories import InboundMessageFactory, OptOutFactory

NUMBER = "+4799999999"
VIEW = (
    "view_outboundmessage",
    "view_inboundmessage",
    "view_mmsfile",
    "view_bulksend",
    "view_optout",
    "view_savedtext",
)
OPERATE = (
    "add_outboundmessage",
    "add_bulksend",
    "cancel_outboundmessage",
    "resend_outboundmessage",
    "add_optout",
    "delete_optout",
)


class Api(APIClient):
    """A client of the API; bodies are JSON."""

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        if not path.startswith("http"):
            path = f"/api/sms/{path}"
        return super().generic(method, path, *args, **kwargs)

    def send_raw(self, path: str, body: bytes, content_type: str = "application/json") -> Any:
        return self.generic("POST", path, body, content_type)


@pytest.fixture(autouse=True)
def _no_throttled_memory() -> None:
    cache.clear()


@pytest.fixture
def anonymous(db: None) -> Api:
    return Api()


@pytest.fixture
def login(db: None) -> Callable[..., Api]:
    """Make a client of a user with these permissions."""

    def client(*codenames: str) -> Api:
        user = User.objects.create(username=f"user{User.objects.count()}")
        permissions = Permission.objects.filter(content_type__app_label="front_sms", codename__in=codenames)
        assert len(permissions) == len(codenames)
        user.user_permissions.set(permissions)
        api = Api()
        api.force_login(user)
        api.user = user
        return api

    return client


@pytest.fixture
def without_permissions(login: Callable[..., Api]) -> Api:
    """A logged-in user without permissions."""
    return login()


@pytest.fixture
def viewer(login: Callable[..., Api]) -> Api:
    return login(*VIEW)


@pytest.fixture
def operator(login: Callable[..., Api]) -> Api:
    """A user who sends and replies, but may not set a price or ignore an opt-out."""
    return login(*VIEW, *OPERATE)


@pytest.fixture
def receive(db: None) -> Callable[..., InboundMessage]:
    """Make an inbound message, as `inbox` stores it."""

    def make(text: str = "Ja takk", **facts: Any) -> InboundMessage:
        return InboundMessageFactory(**{"sender": NUMBER, "text": text, **facts})

    return make


@pytest.fixture
def file_of(db: None) -> Callable[..., MmsFile]:
    """Make a file of an inbound message; it is in storage unless `content` is None."""
    from django.core.files.base import ContentFile

    def make(message: InboundMessage, content: bytes | None = b"%PDF-1.7", **facts: Any) -> MmsFile:
        file = MmsFile(message=message, **{"name": "x.pdf", "content_type": "application/pdf", **facts})
        if content is not None:
            file.file.save("content", ContentFile(content), save=False)
            file.size = len(content)
        file.save()
        return file

    return make


@pytest.fixture
def ids(receive: Callable[..., InboundMessage], file_of: Callable[..., MmsFile]) -> dict[str, int]:
    """Keys of rows of the account `default`, one for each kind of resource."""
    ended = send_sms(NUMBER, "En gang til")
    ended.cancel()
    inbound = receive()
    return {
        "message": send_sms(NUMBER, "Hei").pk,
        "ended": ended.pk,
        "bulk": send_bulk_sms([NUMBER], "Hei").pk,
        "inbound": inbound.pk,
        "file": file_of(inbound).pk,
        "saved_text": SavedText.objects.create(name="time", account="default", text="Hei {name}").pk,
        "opt_out": OptOutFactory(number="+4799999990").pk,
    }

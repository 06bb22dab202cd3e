"""Staff who may send messages."""

import pytest
from django.test import Client


@pytest.fixture
def writer(login) -> Client:
    return login("view_outboundmessage", "view_bulksend", "add_outboundmessage", "add_bulksend")

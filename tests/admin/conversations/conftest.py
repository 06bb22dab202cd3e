"""Staff who may read conversations, and staff who may answer them."""

import pytest

from tests.admin.conversations.conversation_page import BOTH


@pytest.fixture
def reader(login):
    return login(*BOTH)


@pytest.fixture
def writer(login):
    return login(*BOTH, "add_outboundmessage", "view_mmsfile")

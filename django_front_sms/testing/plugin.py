"""For pytest, with pytest-django: `pytest_plugins = ["django_front_sms.testing.plugin"]` in the topmost conftest.py."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django_front_sms.testing.front import FrontSMS


@pytest.fixture
def front_sms(db: None) -> "Iterator[FrontSMS]":
    """A pretend Front beside the test: see `django_front_sms.testing.FrontSMS`."""
    from django_front_sms.testing.front import FrontSMS  # not before Django is set up

    with FrontSMS() as front:
        yield front


@pytest.fixture
def front_sms_on_port(db: None) -> "Iterator[FrontSMS]":
    """The same, reached over HTTP by the client that the site has."""
    from django_front_sms.testing.front import FrontSMS

    with FrontSMS(port=True) as front:
        yield front

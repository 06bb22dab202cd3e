"""Fixtures for pytest with pytest-django.

Add `pytest_plugins = ["django_front_sms.testing.plugin"]` to the topmost conftest.py.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django_front_sms.testing.front import FrontSMS


@pytest.fixture
def front_sms(db: None) -> "Iterator[FrontSMS]":
    """A simulated Front: see `django_front_sms.testing.FrontSMS`."""
    from django_front_sms.testing.front import FrontSMS  # needs Django to be set up

    with FrontSMS() as front:
        yield front


@pytest.fixture
def front_sms_on_port(db: None) -> "Iterator[FrontSMS]":
    """The same, reached over HTTP by the site's own client."""
    from django_front_sms.testing.front import FrontSMS

    with FrontSMS(port=True) as front:
        yield front

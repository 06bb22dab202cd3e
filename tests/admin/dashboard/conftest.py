"""An empty cache, and a running worker."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from tests.factories import AccountStateFactory


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture(autouse=True)
def worker(db):
    """A worker was seen a moment ago."""
    return AccountStateFactory(clock=timezone.now())

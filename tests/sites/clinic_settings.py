"""The settings of the tests, with the example project's clinic."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "example_project.clinic"]

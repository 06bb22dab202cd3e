"""The settings of the tests, with a user model whose key is a UUID."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.sites.uuid_users"]
AUTH_USER_MODEL = "uuid_users.User"

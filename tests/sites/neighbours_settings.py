"""The settings of the tests with the apps that many sites have, and the admin theme that THEME names. With USERS=uuid,
the key of users is a UUID."""

import importlib.util
import os

from tests.settings import *  # noqa: F403
from tests.settings import FRONT_SMS
from tests.settings import INSTALLED_APPS as _APPS
from tests.settings import MIDDLEWARE as _MIDDLEWARE

THEME = os.environ.get("THEME", "")  # "grappelli", "unfold", "jazzmin", or empty for Django's own

INSTALLED_APPS = [
    *([THEME] if THEME else []),
    *_APPS,
    "guardian",
    "axes",
    "simple_history",
    "import_export",
    "debug_toolbar",
    "csp",
    "django_celery_beat",
    "django_celery_results",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
    "allauth",
    "allauth.account",
    "phone_verify",
]
MIDDLEWARE = [
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "csp.middleware.CSPMiddleware",
    *_MIDDLEWARE,
    "django_otp.middleware.OTPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"], "img-src": ["'self'", "data:"]}}
DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": "tests.sites.neighbours_urls.show_toolbar", "IS_RUNNING_TESTS": False}
STATICFILES_DIRS: list[str] = []
ROOT_URLCONF = "tests.sites.neighbours_urls"
URLS_OF_OTHER_APPS = f"{ROOT_URLCONF}.others"
PHONE_VERIFICATION = {
    "BACKEND": "django_front_sms.contrib.phone_verify.Backend",
    "OPTIONS": {},
    "TOKEN_LENGTH": 6,
    "MESSAGE": "Your code for {app} is {security_code}.",
    "APP_NAME": "the clinic",
    "SECURITY_CODE_EXPIRATION_SECONDS": 600,
    "VERIFY_SECURITY_CODE_ONLY_ONCE": True,
}

if os.environ.get("USERS") == "uuid":
    INSTALLED_APPS += ["tests.sites.uuid_users"]
    AUTH_USER_MODEL = "uuid_users.User"

if importlib.util.find_spec("django_tasks_db"):  # needs Django 6.0
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    FRONT_SMS["WORKER"] = "tasks"

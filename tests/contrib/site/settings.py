"""A site with three login packages; `tests.settings` otherwise. Run by `tests/contrib/test_logins.py`."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
    "two_factor.plugins.phonenumber",
    "allauth",
    "allauth.account",
    "phone_verify",
    "tests.contrib.site.accounts",
]
MIDDLEWARE = [
    *(name for name in MIDDLEWARE if not name.endswith("LoginRequiredMiddleware")),
    "django_otp.middleware.OTPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ROOT_URLCONF = "tests.contrib.site.urls"
LOGIN_REDIRECT_URL = "/"
PHONENUMBER_DEFAULT_REGION = "NO"
PHONENUMBER_DEFAULT_FORMAT = "NATIONAL"  # numbers must be read as E.164 all the same

TWO_FACTOR_SMS_GATEWAY = "tests.contrib.site.gateway.SMSGateway"

ACCOUNT_ADAPTER = "tests.contrib.site.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*", "password1*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_RATE_LIMITS = False

PHONE_VERIFICATION = {
    "BACKEND": "tests.contrib.site.accounts.sms.SMSBackend",
    "OPTIONS": {},
    "TOKEN_LENGTH": 6,
    "MESSAGE": "Koden din for {app} er {security_code}.",
    "APP_NAME": "klinikken",
    "SECURITY_CODE_EXPIRATION_SECONDS": 600,
    "VERIFY_SECURITY_CODE_ONLY_ONCE": True,
}

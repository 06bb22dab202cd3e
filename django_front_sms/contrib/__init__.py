"""Adapters for login packages. Each module imports its package only when its class is used.

two_factor.py     django-two-factor-auth: `TWO_FACTOR_SMS_GATEWAY = "django_front_sms.contrib.two_factor.Gateway"`
allauth.py        django-allauth: a mixin for the account adapter
phone_verify.py   django-phone-verify: `PHONE_VERIFICATION["BACKEND"]`
codes.py          sending a one-time code, which all of them use
"""

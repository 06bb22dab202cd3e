"""The public fixture `front_sms`, as a site's tests have it."""

from django_front_sms.testing.plugin import front_sms

__all__ = ["front_sms"]

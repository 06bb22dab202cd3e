"""The backend of docs/howto/login-packages.md; a test compares the two."""

from django_front_sms.contrib.phone_verify import Backend


class SMSBackend(Backend):
    webotp_domain = "www.example.no"

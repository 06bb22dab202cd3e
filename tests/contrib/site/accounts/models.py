"""The device of docs/howto/login-packages.md; a test compares the two."""

from django.db import models
from django_otp.models import SideChannelDevice

from django_front_sms.contrib.codes import CodeSender


class SMSDevice(SideChannelDevice):
    number = models.CharField(max_length=20)

    def generate_challenge(self, extra_context=None):
        self.generate_token(valid_secs=120, commit=False)
        if CodeSender().send_code(self.number, f"Your code is {self.token}.") is None:
            return "No code could be sent. Try again later."
        self.save()
        return "A code was sent by SMS."

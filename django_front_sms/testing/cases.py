"""A mixin for test cases of Django and unittest."""

from typing import TYPE_CHECKING

from django_front_sms.testing.front import FrontSMS

if TYPE_CHECKING:
    from unittest import TestCase as Case
else:
    Case = object


class FrontSMSMixin(Case):
    """Gives each test a `front_sms` (see `FrontSMS`). List it before `TestCase` or `TransactionTestCase`.

    With `front_sms_port = True`, the site's own client talks to it over a port.
    """

    front_sms: FrontSMS
    front_sms_port = False

    def setUp(self) -> None:
        super().setUp()
        self.front_sms = FrontSMS(port=self.front_sms_port)
        self.front_sms.__enter__()
        self.addCleanup(self.front_sms.__exit__, None, None, None)

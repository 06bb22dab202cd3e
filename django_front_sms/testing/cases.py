"""For test cases of Django and unittest."""

from typing import TYPE_CHECKING

from django_front_sms.testing.front import FrontSMS

if TYPE_CHECKING:
    from unittest import TestCase as Case
else:
    Case = object


class FrontSMSMixin(Case):
    """Before `TestCase` or `TransactionTestCase`: gives each test a `front_sms` (see `FrontSMS`).

    `front_sms_port = True` has the site's own client talk to it over a port.
    """

    front_sms: FrontSMS
    front_sms_port = False

    def setUp(self) -> None:
        super().setUp()
        self.front_sms = FrontSMS(port=self.front_sms_port)
        self.front_sms.__enter__()
        self.addCleanup(self.front_sms.__exit__, None, None, None)

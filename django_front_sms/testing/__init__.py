"""Tools for a site's own tests: a simulated Front, clients that send nothing, and factories (see `factories`).

    class BookingTests(FrontSMSMixin, TestCase):     # unittest; in pytest, the fixture `front_sms` of `testing.plugin`
        def test_a_booking_is_confirmed_by_sms(self):
            …
            self.assertEqual(self.front_sms.outbox[0].text, "…")

`FRONT_SMS["CLIENT"]` may be `"django_front_sms.testing.LocmemClient"` (keeps what was sent in `testing.outbox`) or
`"django_front_sms.testing.ConsoleClient"` (prints it). Names are loaded on first use; only `plugin` imports pytest.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["ConsoleClient", "FrontSMS", "FrontSMSMixin", "LocmemClient", "ReceiverFailed", "SimulatorClient", "outbox"]

if TYPE_CHECKING:
    from django_front_sms.testing.cases import FrontSMSMixin
    from django_front_sms.testing.clients import ConsoleClient, LocmemClient, outbox
    from django_front_sms.testing.front import FrontSMS, ReceiverFailed
    from django_front_sms.testing.simulator_client import SimulatorClient

_HOMES = {
    "FrontSMSMixin": "cases",
    "ConsoleClient": "clients",
    "LocmemClient": "clients",
    "outbox": "clients",
    "FrontSMS": "front",
    "ReceiverFailed": "front",
    "SimulatorClient": "simulator_client",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

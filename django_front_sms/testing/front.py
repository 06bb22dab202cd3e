"""A simulated Front for a site's tests: accepts messages, and pushes statuses and inbound messages."""

import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self
from unittest import mock

from django.conf import settings
from django.test import override_settings

from django_front_sms import events
from django_front_sms.conf import get_settings
from django_front_sms.gateway.numbers import PSK_SHORT_CODE
from django_front_sms.models import Event, InboundMessage, OutboundMessage
from django_front_sms.outbox import has_due
from django_front_sms.signing import webhook_path
from django_front_sms.simulator import Account, Attachment, Network, Simulator
from django_front_sms.simulator.messages import Incoming, Message
from django_front_sms.simulator.mms import sample
from django_front_sms.tasks import deliver_events, dispatch
from django_front_sms.testing import simulator_client
from django_front_sms.testing.clock import MovingClock
from django_front_sms.testing.push import deliver

ROUNDS = 50  # ends a test whose receivers answer every message with another


class ReceiverFailed(AssertionError):
    """A receiver of the site raised. In production it is called again, which would hide the error in a test."""


class FrontSMS:
    """A context manager that replaces Front. It needs no worker, broker or thread: work is done only when a test asks.

    Every account of `FRONT_SMS` is a customer of the simulator, with its password, sender and duplicate filter.
    `network` is the simulated network; its blacklist, rules, chaos and accounts can be changed (see
    `simulator.Network`). With `port`, the site's own client sends over HTTP to a free port on this machine; without it,
    messages are passed on within the process. Pushes always go through the site's own URLs and views.
    """

    def __init__(self, *, port: bool = False) -> None:
        self.clock = MovingClock()
        self.raise_receiver_errors = True
        self.simulator: Simulator | None = None
        self._port = port
        self._stack = ExitStack()
        self._seen: set[tuple[int, int]] = set()
        self._accounts: dict[str, Account] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.clock.installed())
            stack.enter_context(mock.patch.object(events, "hint", lambda task: None))  # no broker
            self._accounts = _accounts()
            self.network = Network(*self._accounts.values(), clock=self._now, post=deliver)
            url = self._on_a_port(stack) if self._port else self._in_process(stack)
            stack.enter_context(override_settings(FRONT_SMS=_settings(url, in_process=not self._port)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stack.close()

    def _now(self) -> float:
        return self.clock.wall()

    def _on_a_port(self, stack: ExitStack) -> str:
        self.simulator = stack.enter_context(Simulator(self.network))
        return self.simulator.url

    def _in_process(self, stack: ExitStack) -> str:
        url = f"https://{secrets.token_hex(8)}.invalid/psk/"
        simulator_client.networks[url] = self.network
        stack.callback(simulator_client.networks.pop, url)
        return url

    # -- outgoing messages

    @property
    def outbox(self) -> list[Message]:
        """The messages that Front accepted, oldest first. Reading it first sends the messages that are due.

        Each has `recipient` (E.164), `sender`, `text` as it arrives, `segments`, `id` and `statuses`.
        """
        self.run()
        return list(self.network.messages.values())

    def run(self) -> None:
        """Do the work of a worker until nothing is due: send, process pushes, call receivers.

        Raises `ReceiverFailed` if a receiver raised, unless `raise_receiver_errors` is false.
        """
        attempts = dispatch()
        for _ in range(ROUNDS):
            done = attempts + self.network.deliver_due() + deliver_events()
            self._raise_failures()
            if not done:
                return
            # A dispatch sweeps as well, which takes longest. No time has passed since it did.
            attempts = dispatch() if has_due() else 0
        raise AssertionError(
            f"Work was still due after {ROUNDS} rounds. Check whether two receivers answer each other."
        )

    def advance(self, seconds: float) -> None:
        """Move the clock of the app, of `timezone.now()` and of Front by `seconds`; then do the work that is due."""
        self.run()
        self.clock.advance(seconds)
        self.run()

    # -- statuses and inbound messages

    def receive_sms(self, sender: str, text: str, *, to: str | None = None, account: str = "default") -> InboundMessage:
        """Receive a text from `sender`; return the stored message after its receivers were called.

        Without `to`, it goes to the number that last texted `sender`, or the account's own number, or 26114.
        """
        return self._receive(sender, text, (), to, account)

    def receive_mms(
        self,
        sender: str,
        text: str = "",
        files: Iterable[tuple[str, str, bytes]] | None = None,
        *,
        subject: str = "",
        to: str | None = None,
        account: str = "default",
    ) -> InboundMessage:
        """Receive an MMS from `sender`; return the stored message after its receivers were called.

        `files` are tuples of name, content type and bytes; by default, a sample photograph. As with Front, a SMIL file
        and the text as a file come before them.
        """
        attachments = [sample()] if files is None else [Attachment(kind, name, data) for name, kind, data in files]
        return self._receive(sender, text, attachments, to, account, subject)

    def push_status(self, message: OutboundMessage | int, status: int) -> None:
        """Receive a status (-1, 4 or 5) of a message, given as its row or as Front's id; call the receivers.

        A row is refreshed. Raises ValueError if the row has no id, because it was not accepted or was sent in bulk.
        """
        self.run()
        if isinstance(message, OutboundMessage):
            message.refresh_from_db()
        found = message if isinstance(message, int) else message.gateway_id
        if found is None:
            raise ValueError(
                "This message has no gateway_id: it was not accepted, or was sent in bulk. Check its state."
            )
        self.network.push_status(found, status)
        self.run()
        if isinstance(message, OutboundMessage):
            message.refresh_from_db()

    def _receive(
        self, sender: str, text: str, files: Iterable[Attachment], to: str | None, account: str, subject: str = ""
    ) -> InboundMessage:
        self.run()
        customer = self._accounts[account]
        to = to or self._reply_number(sender, customer)
        if not customer.has_number(to) and not any(other.has_number(to) for other in self._accounts.values()):
            customer.senders = [*customer.senders, to]
        incoming = self.network.receive(sender, to, text, list(files), subject=subject)
        self.run()
        return self._stored(incoming, account)

    def _reply_number(self, sender: str, customer: Account) -> str:
        candidates = [m.sender for m in self.network.messages.values() if m.recipient == sender]
        candidates = [*reversed(candidates), *customer.senders]
        return next((number for number in candidates if number.removeprefix("+").isdigit()), PSK_SHORT_CODE)

    def _stored(self, incoming: Incoming, account: str) -> InboundMessage:
        rows = InboundMessage.objects.filter(account=account, counter=incoming.counter)
        if not incoming.delivered or not rows:
            answered = self.network.pushes[-1].reply.status if self.network.pushes else None
            raise AssertionError(f"The site did not accept the message: its webhook answered {answered}. See its log.")
        return rows.latest("pk")

    def _raise_failures(self) -> None:
        failures = Event.objects.with_traceback().values_list("pk", "attempts", "traceback")
        new = [(pk, attempts, traceback) for pk, attempts, traceback in failures if (pk, attempts) not in self._seen]
        self._seen |= {(pk, attempts) for pk, attempts, _ in new}
        if new and self.raise_receiver_errors:
            raise ReceiverFailed("\n".join(traceback for *_, traceback in new))


def _accounts() -> dict[str, Account]:
    """Return the site's accounts as customers of the simulator."""
    conf = get_settings()
    ids = [account.service_id for account in conf.accounts.values()]
    if len(set(ids)) != len(ids):
        raise ValueError("Two accounts have the same SERVICE_ID; in tests, give each its own.")
    return {
        name: Account(
            account.service_id,
            account.password,
            [account.sender] if account.sender else [],
            priced=True,
            duplicate_filter=account.duplicate_filter is not False,
            status_url=webhook_path("status", name),
            inbound_url=webhook_path("inbound", name),
        )
        for name, account in conf.accounts.items()
    }


def _settings(url: str, *, in_process: bool) -> dict[str, Any]:
    front_sms: dict[str, Any] = dict(settings.FRONT_SMS)
    accounts = {name: {**account, "GATEWAY_URL": url} for name, account in front_sms["ACCOUNTS"].items()}
    client = {"CLIENT": "django_front_sms.testing.SimulatorClient"} if in_process else {}
    return {**front_sms, "ACCOUNTS": accounts, **client}

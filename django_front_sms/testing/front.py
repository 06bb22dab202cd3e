"""A pretend Front beside a site's tests: takes what the site sends, and brings it statuses and inbound messages."""

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
from django_front_sms.models import Event, InboundMessage, OutboundMessage
from django_front_sms.signing import webhook_path
from django_front_sms.simulator import Account, Attachment, Network, Simulator
from django_front_sms.simulator.accounts import SHORT_CODE
from django_front_sms.simulator.messages import Incoming, Message
from django_front_sms.simulator.mms import sample
from django_front_sms.tasks import deliver_events, dispatch
from django_front_sms.testing import simulator_client
from django_front_sms.testing.clock import MovingClock
from django_front_sms.testing.push import visit

ROUNDS = 50  # a receiver that answers every message with a message must not keep a test for ever


class ReceiverFailed(AssertionError):
    """A receiver of the site raised. In production it would be called again; in a test that would hide it."""


class FrontSMS:
    """In force between `with` and its end. Nothing runs by itself: no worker, no broker, no thread is needed.

    Every account of `FRONT_SMS` is a customer of the simulator, with its password, its sender and its duplicate filter.
    `network` is the simulator: its blacklist, rules, chaos and accounts may be changed (see `simulator.Network`). With
    `port`, messages go over HTTP to a free port on this machine, by the client that the site has; without, they are
    handed over in the process. Pushes always go through the site's own URLs and views, with their tokens.
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
            stack.enter_context(mock.patch.object(events, "hint", lambda task: None))  # no broker, whatever is set
            self._accounts = _accounts()
            self.network = Network(*self._accounts.values(), clock=self._now, post=visit)
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

    # -- what the site sends

    @property
    def outbox(self) -> list[Message]:
        """What Front accepted, oldest first: `.recipient` (E.164), `.sender`, `.text` as it arrives, `.segments`,
        `.id`, `.statuses`. Whatever the site has to send is sent first."""
        self.run()
        return list(self.network.messages.values())

    def run(self) -> None:
        """Does what a worker would do now: sends, receives what is due, calls receivers. Until nothing is left.

        Raises `ReceiverFailed` where a receiver raised, unless `raise_receiver_errors` is off.
        """
        for _ in range(ROUNDS):
            done = dispatch() + self.network.deliver_due() + deliver_events()
            self._tell_failures()
            if not done:
                return
        raise AssertionError(
            f"There was still something to do after {ROUNDS} rounds: do two receivers answer each other?"
        )

    def advance(self, seconds: float) -> None:
        """Lets time pass for the app, for `timezone.now()` and for Front; then does what has become due."""
        self.run()
        self.clock.advance(seconds)
        self.run()

    # -- what Front brings

    def receive_sms(self, sender: str, text: str, *, to: str | None = None, account: str = "default") -> InboundMessage:
        """Somebody texts the site; gives the stored message, its receivers called.

        `to` is, unless told, the number that last texted `sender`, else the account's own number, else 26114.
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
        """Somebody sends the site an MMS. `files` are (name, content type, bytes); without any, a sample photograph.
        As from Front, a SMIL file and the text as a file come before them."""
        attachments = [sample()] if files is None else [Attachment(kind, name, data) for name, kind, data in files]
        return self._receive(sender, text, attachments, to, account, subject)

    def push_status(self, message: OutboundMessage | int, status: int) -> None:
        """Front tells a status (-1, 4 or 5) of a message, named by its row or by Front's id; receivers are called.

        A row is refreshed. ValueError where the row has no id of Front's: it was not accepted, or sent in bulk.
        """
        self.run()
        if isinstance(message, OutboundMessage):
            message.refresh_from_db()
        found = message if isinstance(message, int) else message.gateway_id
        if found is None:
            raise ValueError("This message has no id at Front: it was not accepted, or sent in bulk. See its state.")
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
        return next((number for number in candidates if number.removeprefix("+").isdigit()), SHORT_CODE)

    def _stored(self, incoming: Incoming, account: str) -> InboundMessage:
        rows = InboundMessage.objects.filter(account=account, counter=incoming.counter)
        if not incoming.delivered or not rows:
            answered = self.network.pushes[-1].reply.status if self.network.pushes else None
            raise AssertionError(
                f"The site did not take the message: its webhook answered {answered}. Its log says why."
            )
        return rows.latest("pk")

    def _tell_failures(self) -> None:
        failures = Event.objects.exclude(traceback="").values_list("pk", "attempts", "traceback")
        new = [(pk, attempts, told) for pk, attempts, told in failures if (pk, attempts) not in self._seen]
        self._seen |= {(pk, attempts) for pk, attempts, _ in new}
        if new and self.raise_receiver_errors:
            raise ReceiverFailed("\n".join(told for *_, told in new))


def _accounts() -> dict[str, Account]:
    """The site's accounts, as Front knows them."""
    conf = get_settings()
    ids = [account.service_id for account in conf.accounts.values()]
    if len(set(ids)) != len(ids):
        raise ValueError("Two accounts have one SERVICE_ID; in tests, give each its own.")
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

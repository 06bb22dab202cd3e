"""The simulated mobile network behind the gateway: without HTTP, with its own clock and lock.

    network = Network(Account(1234, senders=["Mitt Firma"], status_url="http://…", inbound_url="http://…"))
    verdict = network.submit(Submission({"serviceid": 1234, "phoneno": "004799999999", …}))
    network.advance(2)       # move the clock by 2 seconds
    network.deliver_due()    # make the pushes that are due

`rules` decide most questions on which the manual is silent. The rest is fixed: a refused message costs nothing, a
number repeated within one bulk is reported as a duplicate and gets the message once, and a bulk of duplicates only is
accepted (201).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from django_front_sms.gateway.codes import ErrorCode, StatusCode
from django_front_sms.gateway.numbers import from_wire

from . import delivery
from .accounts import Account
from .chaos import Chaos, PushFault
from .checks import Case, Submission
from .duplicates import DuplicateFilter, Twin
from .messages import Incoming, Message, keyword
from .mms import Attachment, joined_text, parts
from .pushes import Push, Reply, inbound_push, status_push
from .records import Exchange, Kind, Notice, PushRecord, RequestRecord, Verdict
from .rules import Rules
from .statuses import PendingStatus, StatusSchedule, statuses_of

FIRST_ID = 145_099  # §2.1.1, the manual's example
FIRST_INBOUND_ID = 999_999  # §2.5.1
FIRST_FILE_ID = 4747  # §2.5.1
STATUS_PLAN = ((0.5, StatusCode.AT_OPERATOR), (2.0, StatusCode.DELIVERED))
CUT_OFF = Reply(None, problem="no answer: the chaos switch cut_off is on")
FINAL = frozenset({StatusCode.DELIVERED, StatusCode.FAILED})
LOG_SIZE = 1_000
WIRE_SIZE = 200  # exchanges that are kept with their bytes
FARTHEST = 1_000_000_000  # seconds; excludes Infinity and NaN, which Python's JSON reader accepts


@dataclass(frozen=True, slots=True)
class _Job:
    push: Push
    settle: Callable[[bool], None]
    twice: bool = False


def _of_account(name: str) -> Any:
    """Return a property that is a field of the first account."""
    return property(
        lambda network: getattr(network.account, name),
        lambda network, value: setattr(network.account, name, value),
    )


class Network:
    """Customers, phones, and the messages and pushes between them.

    `clock` returns seconds since 1970. `post` makes a push; a test can pass its own. `status_plan` holds pairs of
    seconds after acceptance and status. Numbers are E.164: a message to a number in `dead` ends with status 5, one to
    a number in `off` gets its last status when the phone is switched on, one to a number in `silent` gets no status,
    and one to a number in `blacklist` is refused with 21. `https_only` refuses plain http with 18. `rules` decide where
    the manual is silent. `chaos` sets the faults of pushes and, in `server`, those of requests. `origin` is the base of
    the restart links. `first_id` is the first id of messages and files (default: the manual's).
    """

    def __init__(
        self,
        *accounts: Account,
        clock: Callable[[], float] = time.time,
        post: Callable[[Push], Reply] = delivery.post,
        status_plan: Iterable[tuple[float, int]] = STATUS_PLAN,
        blacklist: Collection[str] = (),
        dead: Collection[str] = (),
        silent: Collection[str] = (),
        off: Collection[str] = (),
        https_only: bool = False,
        rules: Rules | None = None,
        chaos: Chaos | None = None,
        first_id: int | None = None,
    ) -> None:
        self.accounts = {account.service_id: account for account in accounts or (Account(1234),)}
        self.status_plan = tuple(status_plan)
        self.blacklist, self.dead, self.silent = set(blacklist), set(dead), set(silent)
        self.off = set(off)
        self.https_only = https_only
        self.rules, self.chaos = rules or Rules(), chaos or Chaos()
        self.origin, self.version = "", 0
        self.messages: dict[int, Message] = {}
        self.incoming: dict[int, Incoming] = {}
        self.requests: deque[RequestRecord] = deque(maxlen=LOG_SIZE)
        self.pushes: deque[PushRecord] = deque(maxlen=LOG_SIZE)
        self.notices: deque[Notice] = deque(maxlen=LOG_SIZE)
        self.exchanges: deque[Exchange] = deque(maxlen=WIRE_SIZE)
        self._clock, self._skipped, self._post = clock, 0.0, post
        self._changed = threading.Condition(threading.RLock())
        starts = (FIRST_ID, FIRST_INBOUND_ID, FIRST_FILE_ID) if first_id is None else (first_id,) * 3
        self._ids, self._inbound_ids, self._file_ids = map(count, starts)
        self._exchange_numbers = count(1)
        self._statuses = StatusSchedule()
        self._recent = DuplicateFilter()
        self._phones: dict[str, list[Message | Incoming]] = {}

    # -- the customer ---------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The first account; most set-ups have only one."""
        return next(iter(self.accounts.values()))

    status_url = _of_account("status_url")
    inbound_url = _of_account("inbound_url")
    inbound_api = _of_account("inbound_api")

    # -- the clock ------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock() + self._skipped

    def advance(self, seconds: float) -> None:
        """Move the clock. `deliver_due` or the push threads then make the pushes that are due."""
        if not 0 <= seconds <= FARTHEST:
            raise ValueError(f"seconds is a number from 0 to {FARTHEST}, not {seconds}")
        with self._changed:
            self._skipped += seconds
            self._touch()

    # -- submissions ----------------------------------------------------------------

    def submit(self, submission: Submission) -> Verdict:
        """Check one request of §2.1 or §2.4; an accepted message is shown on its phones."""
        with self._changed:
            account = self._account_of(submission)
            case = Case(submission, account, self.https_only, self.blacklist, self._is_duplicate, self.rules)
            code = case.verdict()
            if code is ErrorCode.OK and account:
                verdict = self._accept(case, account)
            else:
                verdict = Verdict(code, invalid=case.invalid)
            if code is ErrorCode.DUPLICATE and account and self.rules.refusal_prolongs_window:
                self._recent.remember(self._twin(case, account, case.reachable[0]), self.now())
            parameters = {name: value for name, value in submission.parameters.items() if name != "password"}
            self.requests.append(RequestRecord(self.now(), parameters, submission.bulk, verdict))
            self._touch()
            return verdict

    def _account_of(self, submission: Submission) -> Account | None:
        given = str(submission.parameters.get("serviceid", "")).strip()
        return self.accounts.get(int(given)) if given.isascii() and given.isdigit() and len(given) < 19 else None

    def _accept(self, case: Case, account: Account) -> Verdict:
        cost, fresh = case.cost(), case.fresh
        messages = [self._send(case, account, number) for number in fresh]
        if account.balance is not None:
            account.balance -= cost
        if not case.submission.bulk:
            return Verdict(ErrorCode.OK, messages[0].id)
        return Verdict(ErrorCode.OK, invalid=case.invalid, duplicates=case.duplicates)

    def _send(self, case: Case, account: Account, number: str) -> Message:
        preview = case.preview
        message = Message(
            id=next(self._ids), service_id=account.service_id, fromid=case.fromid, sender=case.sender,
            recipient=number, written=case.text, text=preview.text, encoding=preview.encoding,
            segments=preview.segments, price=case.price or 0, bulk=case.submission.bulk, at=self.now(),
        )  # fmt: skip
        self.messages[message.id] = message
        self._recent.remember(self._twin(case, account, number), message.at)
        self._show(number, message)
        if number not in self.silent:
            for delay, status in statuses_of(message, self.status_plan, self.rules, self.chaos.statuses):
                self._plan(PendingStatus(message, status), delay)
        return message

    def _twin(self, case: Case, account: Account, number: str) -> Twin:
        apart = case.submission.bulk and not self.rules.bulk_shares_filter
        return account.service_id, apart, case.fromid, number, case.text

    def _is_duplicate(self, case: Case, number: str) -> bool:
        account = case.account
        if account is None or not account.duplicate_filter:
            return False
        return self._recent.knows(self._twin(case, account, number), self.now())

    # -- statuses -------------------------------------------------------------------------------

    def push_status(self, message_id: int, status: int, delay: float = 0.0) -> None:
        """Plan one more status of a message, `delay` seconds from now. Raises KeyError for an unknown id."""
        with self._changed:
            self._plan(PendingStatus(self.messages[message_id], int(status), manual=True), delay)
            self._touch()

    def waits(self, message: Message) -> bool:
        """Return whether the message waits for its phone to be switched on."""
        number = message.recipient
        return number in self.off and number not in self.dead | self.silent and not FINAL.intersection(message.statuses)

    def _plan(self, pending: PendingStatus, delay: float) -> None:
        if self._statuses.put(self.now() + delay, pending):
            self._changed.notify_all()

    def _take_status(self) -> _Job | None:
        """Record due statuses on their messages, up to the first that has to be pushed; return that push."""
        while pending := self._statuses.take(self.now(), self.off, self.dead):
            message = pending.message
            if not pending.recorded:
                message.statuses.append(pending.status)
                self._touch()
            url = self.accounts[message.service_id].status_url
            if not url or message.bulk:
                continue
            fault = None if pending.fault_applied else self.chaos.draw_push()
            if fault is PushFault.LATE:
                self._plan(replace(pending, recorded=True, fault_applied=True), self.chaos.draw_lateness())
            elif fault is not PushFault.LOST:
                push = status_push(url, message.id, pending.status, self.rules)
                return _Job(push, partial(self._settle_status, pending), fault is PushFault.REPEAT)
        return None

    def _settle_status(self, pending: PendingStatus, delivered: bool) -> None:
        tries = pending.tries + 1
        if not delivered and tries < self.rules.status_tries:
            again = replace(pending, recorded=True, fault_applied=True, tries=tries)
            self._plan(again, self.rules.retry_delay)

    # -- inbound messages ----------------------------------------------------------------------

    def receive(
        self,
        sender: str,
        to: str,
        text: str = "",
        attachments: Sequence[Attachment] = (),
        *,
        subject: str = "",
    ) -> Incoming:
        """Write a message on a phone: an SMS, or an MMS where there are attachments.

        It goes to the account that has the number `to`, otherwise to the first account.
        """
        with self._changed:
            account = next((a for a in self.accounts.values() if a.has_number(to)), self.account)
            account.counter += 1
            text_of_all = joined_text(subject, text, attachments) if attachments else text
            incoming = Incoming(
                id=next(self._inbound_ids), service_id=account.service_id, sender=from_wire(sender),
                to=from_wire(to), text=text_of_all, keyword=keyword(text_of_all), counter=account.counter,
                at=self.now(), files=parts(text, attachments, self._file_ids),
            )  # fmt: skip
            self.incoming[incoming.id] = incoming
            account.inbound.put(incoming)
            self._show(incoming.sender, incoming)
            self._touch()
            return incoming

    def restart(self, token: str | None = None) -> bool:
        """Follow the restart link of `token` (§1.2), or all links; return whether a queue was restarted."""
        with self._changed:
            parked = [a.inbound for a in self.accounts.values() if a.inbound.parked]
            chosen = [queue for queue in parked if token in (None, queue.token)]
            for queue in chosen:
                queue.restart()
            self._touch()
            return bool(chosen)

    def restart_links(self) -> list[str]:
        """Return the valid restart links, one for each parked queue."""
        with self._changed:
            return [self._link(a) for a in self.accounts.values() if a.inbound.parked]

    def _link(self, account: Account) -> str:
        return f"{self.origin}/restart/{account.inbound.token}"

    def _take_incoming(self) -> _Job | None:
        for account in self.accounts.values():
            due = account.inbound.due_at()
            if account.inbound_url and due is not None and due <= self.now():
                push = inbound_push(account, account.inbound.take(), self.rules)
                twice = self.chaos.draw_push() is PushFault.REPEAT
                return _Job(push, partial(self._settle_incoming, account), twice)
        return None

    def _settle_incoming(self, account: Account, delivered: bool) -> None:
        account.inbound.settle(delivered=delivered, now=self.now(), retry_delay=self.rules.retry_delay)
        if account.inbound.parked:
            self.notices.append(Notice(self.now(), account.service_id, self._link(account)))
        self.wake()

    # -- pushes ---------------------------------------------------------------------------------

    def deliver_due(self) -> int:
        """Make all pushes that are due, in this thread; return how many were made."""
        made = 0
        while self.deliver_next():
            made += 1
        return made

    def deliver_next(self) -> bool:
        """Make one push that is due, outside the lock; return False where none is due."""
        with self._changed:
            job = self._take_incoming() or self._take_status()
        if job is None:
            return False
        self._push(job.push, job.settle)
        if job.twice:
            self._push(job.push, lambda delivered: None)
        return True

    def _push(self, push: Push, settle: Callable[[bool], None]) -> None:
        reply = CUT_OFF if self.chaos.cut_off else self._post(push)
        delivered = reply.accepts(push)
        with self._changed:
            settle(delivered)
            self.pushes.append(PushRecord(self.now(), push, reply, delivered))
            note = reply.problem or ("taken" if delivered else "not taken")
            self.record(push.kind, reply.request or push.line, reply.answer or reply.body, note, good=delivered)

    def record(self, kind: Kind, request: bytes, answer: bytes, note: str, *, good: bool) -> None:
        """Keep the bytes of an exchange for the page."""
        with self._changed:
            number = next(self._exchange_numbers)
            self.exchanges.append(Exchange(number, self.now(), kind, request, answer, note, good))
            self._touch()

    def wait_for_work(self, timeout: float) -> None:
        """Wait until a push is due, something changed, or `timeout` seconds passed."""
        with self._changed:
            due = [a.inbound.due_at() for a in self.accounts.values() if a.inbound_url]
            due.append(self._statuses.next_at())
            wait = min([timeout, *(at - self.now() for at in due if at is not None)])
            if wait > 0:
                self._changed.wait(wait)

    def wait_for_change(self, version: int, timeout: float) -> int:
        """Wait until the version differs from `version`, at most `timeout` seconds; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout)
            return self.version

    def wake(self) -> None:
        """End every `wait_for_work`."""
        with self._changed:
            self._changed.notify_all()

    def touch(self) -> None:
        """Report a change: end every `wait_for_change`."""
        with self._changed:
            self._touch()

    # -- phones ---------------------------------------------------------------------------------

    def phones(self) -> dict[str, list[Message | Incoming]]:
        """Return the entries of each phone, oldest first; the most recently used phone comes first."""
        with self._changed:
            return {number: list(entries) for number, entries in reversed(self._phones.items())}

    def set_phone(
        self,
        number: str,
        *,
        on: bool | None = None,
        dead: bool | None = None,
        silent: bool | None = None,
        blacklisted: bool | None = None,
    ) -> str:
        """Set the condition of a phone; None leaves it unchanged. Return its number in E.164.

        Held statuses become due when the phone is switched on or becomes dead.
        """
        number = from_wire(number.replace(" ", ""))
        off = None if on is None else not on
        wanted = ((self.off, off), (self.dead, dead), (self.silent, silent), (self.blacklist, blacklisted))
        with self._changed:
            for numbers, belongs in wanted:
                if belongs is not None:
                    (numbers.add if belongs else numbers.discard)(number)
            self._phones.setdefault(number, [])
            if number not in self.off or number in self.dead:
                self._statuses.release(number, self.now())
            self._touch()
            return number

    def _show(self, number: str, entry: Message | Incoming) -> None:
        entries = self._phones.pop(number, [])
        entries.append(entry)
        self._phones[number] = entries  # moved to the end

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()

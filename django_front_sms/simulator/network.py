"""The pretend mobile network behind the gateway: no HTTP, a clock of its own, one lock.

    network = Network(Account(1234, senders=["Mitt Firma"], status_url="http://…", inbound_url="http://…"))
    verdict = network.submit(Submission({"serviceid": 1234, "phoneno": "004799999999", …}))
    network.advance(2)       # seconds pass
    network.deliver_due()    # the pushes that are due by now are made

Where the manual is silent, `rules` decides; beyond its switches, a refused message costs nothing, a repetition inside
one bulk is always named a duplicate and sent once, and a bulk of nothing but duplicates is accepted (201).
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

from . import delivery, statuses
from .accounts import Account
from .chaos import Chaos, PushFault
from .checks import Case, Submission
from .duplicates import DuplicateFilter, Twin
from .messages import Incoming, Message, keyword
from .mms import Attachment, joined_text, parts
from .pushes import Push, Reply, inbound_push, status_push
from .records import Exchange, Kind, Notice, PushRecord, RequestRecord, Verdict
from .rules import Rules
from .statuses import Due, StatusBook

FIRST_ID = 145_099  # §2.1.1, the manual's example
FIRST_INBOUND_ID = 999_999  # §2.5.1
FIRST_FILE_ID = 4747  # §2.5.1
STATUS_PLAN = ((0.5, StatusCode.AT_OPERATOR), (2.0, StatusCode.DELIVERED))
CUT_OFF = Reply(None, problem="no answer: the site is cut off, by a switch of the chaos")
FINAL = frozenset({StatusCode.DELIVERED, StatusCode.FAILED})
LOG_SIZE = 1_000
WIRE_SIZE = 200  # exchanges kept with their bytes
FARTHEST = 1_000_000_000  # seconds: no clock comes back from "Infinity" or "NaN", which JSON of Python's can say


@dataclass(frozen=True, slots=True)
class _Job:
    push: Push
    settle: Callable[[bool], None]
    twice: bool = False


def _of_account(name: str) -> Any:
    """A field of the first account, under the same name."""
    return property(
        lambda network: getattr(network.account, name),
        lambda network, value: setattr(network.account, name, value),
    )


class Network:
    """Customers, phones, and what is on its way between them.

    `clock` gives seconds since 1970. `post` makes a push; tests may give one that records. `status_plan`
    are (seconds after acceptance, status). Numbers are E.164: those in `dead` end with status 5, those
    in `off` get their last status when they are switched on, those in `silent` never get a status, those in
    `blacklist` are refused with 21. `https_only` refuses with 18 whatever came over plain http. `rules` is what
    the manual leaves open; `chaos` plays tricks with pushes (and, in `server`, with requests). `origin` is where
    the restart links lead to. `first_id` is where ids begin, instead of at the manual's.
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
        self.origin = ""
        self.version = 0
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
        self._statuses = StatusBook()
        self._recent = DuplicateFilter()
        self._phones: dict[str, list[Message | Incoming]] = {}

    # -- the customer ---------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The first account, which most set-ups have alone."""
        return next(iter(self.accounts.values()))

    status_url = _of_account("status_url")
    inbound_url = _of_account("inbound_url")
    inbound_api = _of_account("inbound_api")

    # -- the clock ------------------------------------------------------------------------------

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock() + self._skipped

    def advance(self, seconds: float) -> None:
        """Lets time pass at once. What became due is pushed by `deliver_due`, or by the couriers."""
        if not 0 <= seconds <= FARTHEST:
            raise ValueError(f"the clock cannot go back, nor beyond all times ({seconds} s); give seconds from 0 up")
        with self._changed:
            self._skipped += seconds
            self._touch()

    # -- what the customer sends ----------------------------------------------------------------

    def submit(self, submission: Submission) -> Verdict:
        """Judges one request of §2.1 or §2.4 and, where nothing is wrong, puts it on the phones."""
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
            for delay, status in statuses.outlook(message, self.status_plan, self.rules, self.chaos.statuses):
                self._plan(Due(message, status), delay)
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
        """Plans one more status of a message, `delay` seconds from now; KeyError where nobody sent it."""
        with self._changed:
            self._plan(Due(self.messages[message_id], int(status), by_hand=True), delay)
            self._touch()

    def waits(self, message: Message) -> bool:
        """Whether it waits for its phone to be switched on."""
        number = message.recipient
        return number in self.off and number not in self.dead | self.silent and not FINAL.intersection(message.statuses)

    def _plan(self, due: Due, delay: float) -> None:
        if self._statuses.put(self.now() + delay, due):
            self._changed.notify_all()

    def _take_status(self) -> _Job | None:
        """Lets due statuses come true until one has to be pushed."""
        while due := self._statuses.take(self.now(), self.off, self.dead):
            message = due.message
            if not due.told:
                message.statuses.append(due.status)
                self._touch()
            url = self.accounts[message.service_id].status_url
            if not url or message.bulk:
                continue
            trick = None if due.tricked else self.chaos.draw_push()
            if trick is PushFault.LATE:
                self._plan(replace(due, told=True, tricked=True), self.chaos.draw_lateness())
            elif trick is not PushFault.LOST:
                push = status_push(url, message.id, due.status, self.rules)
                return _Job(push, partial(self._settle_status, due), trick is PushFault.REPEAT)
        return None

    def _settle_status(self, due: Due, delivered: bool) -> None:
        tries = due.tries + 1
        if not delivered and tries < self.rules.status_tries:
            self._plan(replace(due, told=True, tricked=True, tries=tries), self.rules.retry_delay)

    # -- what people write ----------------------------------------------------------------------

    def receive(
        self,
        sender: str,
        to: str,
        text: str = "",
        attachments: Sequence[Attachment] = (),
        *,
        subject: str = "",
    ) -> Incoming:
        """Somebody writes on a phone: an SMS, or an MMS where something is attached.

        It goes to the account that has `to` among its numbers, else to the first one.
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
        """Follows the restart link (§1.2); without a token, restarts whatever is parked. False: nothing was."""
        with self._changed:
            parked = [a.inbound for a in self.accounts.values() if a.inbound.parked]
            chosen = [queue for queue in parked if token in (None, queue.token)]
            for queue in chosen:
                queue.restart()
            self._touch()
            return bool(chosen)

    def restart_links(self) -> list[str]:
        """The links that work now; empty where no queue is parked."""
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
        """Makes all pushes that are due, in this thread; returns how many were made."""
        made = 0
        while self.deliver_next():
            made += 1
        return made

    def deliver_next(self) -> bool:
        """Makes one push that is due, outside the lock; False where none is."""
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
        delivered = reply.takes(push)
        with self._changed:
            settle(delivered)
            self.pushes.append(PushRecord(self.now(), push, reply, delivered))
            note = reply.problem or ("taken" if delivered else "not taken")
            self.record(push.kind, reply.request or push.line, reply.answer or reply.body, note, good=delivered)

    def record(self, kind: Kind, request: bytes, answer: bytes, note: str, *, good: bool) -> None:
        """Keeps the bytes of an exchange for the page."""
        with self._changed:
            number = next(self._exchange_numbers)
            self.exchanges.append(Exchange(number, self.now(), kind, request, answer, note, good))
            self._touch()

    def wait_for_work(self, timeout: float) -> None:
        """Returns when a push falls due, something changed, or `timeout` seconds passed."""
        with self._changed:
            due = [a.inbound.due_at() for a in self.accounts.values() if a.inbound_url]
            due.append(self._statuses.next_at())
            wait = min([timeout, *(at - self.now() for at in due if at is not None)])
            if wait > 0:
                self._changed.wait(wait)

    def wait_for_change(self, version: int, timeout: float) -> int:
        """The version, as soon as it is not `version`, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout)
            return self.version

    def wake(self) -> None:
        """Ends every `wait_for_work`."""
        with self._changed:
            self._changed.notify_all()

    def touch(self) -> None:
        """Ends every `wait_for_change`: something is not as it was."""
        with self._changed:
            self._touch()

    # -- phones ---------------------------------------------------------------------------------

    def phones(self) -> dict[str, list[Message | Incoming]]:
        """What lies on each phone, oldest first; the phone that was used last comes first."""
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
        """What a phone is like from now on; None leaves it. One that is switched on, or dies, ends its waiting.

        Gives its number as all else names it, in E.164."""
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
        self._phones[number] = entries  # now the last one

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()

"""The pretend mobile network behind the gateway: no HTTP, a clock of its own, one lock.

    network = Network(Account(1234, senders=["Mitt Firma"], status_url="http://…", inbound_url="http://…"))
    verdict = network.submit(Submission({"serviceid": 1234, "phoneno": "004799999999", …}))
    network.advance(2)       # seconds pass
    network.deliver_due()    # the pushes that are due by now are made

Where the manual is silent, it does this:
- a refused message costs nothing and does not prolong the duplicate window; the filter counts single and
  bulk messages together;
- a repetition inside one bulk is always named a duplicate and sent once, also where the filter is off;
  a bulk whose recipients are all duplicates is accepted (201), and nobody gets it;
- blacklisted numbers of a bulk are named invalid;
- statuses are pushed once, whatever the site answers; only inbound messages are tried again (§1.2).
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from django_front_sms.gateway.codes import ErrorCode, StatusCode
from django_front_sms.gateway.numbers import from_wire
from django_front_sms.gateway.push import (
    InboundPush,
    StatusPush,
    encode_inbound_json,
    encode_inbound_query,
    encode_status,
)

from . import courier
from .accounts import SHORT_CODE, Account, InboundApi
from .checks import Case, Submission
from .courier import Push, Reply
from .messages import Incoming, Message, keyword
from .mms import Attachment, joined_text, parts
from .records import Notice, PushRecord, RequestRecord, Verdict

FIRST_ID = 145_099  # §2.1.1, the manual's example
FIRST_INBOUND_ID = 999_999  # §2.5.1
FIRST_FILE_ID = 4747  # §2.5.1
DUPLICATE_WINDOW = 120.0  # §2.2 code 17, seconds
STATUS_PLAN = ((0.5, StatusCode.AT_OPERATOR), (2.0, StatusCode.DELIVERED))
LOG_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class _Job:
    push: Push
    settle: Callable[[bool], None]


class Network:
    """Customers, phones, and what is on its way between them.

    `clock` gives seconds since 1970. `post` makes a push; tests may give one that records. `status_plan`
    are (seconds after acceptance, status). Numbers are E.164: those in `dead` end with status 5, those
    in `silent` never get a status, those in `blacklist` are refused with 21. `https_only` refuses with
    18 whatever came over plain http. `origin` is where the restart links lead to.
    """

    def __init__(
        self,
        *accounts: Account,
        clock: Callable[[], float] = time.time,
        post: Callable[[Push], Reply] = courier.post,
        status_plan: Iterable[tuple[float, int]] = STATUS_PLAN,
        blacklist: Collection[str] = (),
        dead: Collection[str] = (),
        silent: Collection[str] = (),
        https_only: bool = False,
    ) -> None:
        self.accounts = {account.service_id: account for account in accounts or (Account(1234),)}
        self.status_plan = tuple(status_plan)
        self.blacklist, self.dead, self.silent = set(blacklist), set(dead), set(silent)
        self.https_only = https_only
        self.origin = ""
        self.version = 0
        self.messages: dict[int, Message] = {}
        self.incoming: dict[int, Incoming] = {}
        self.requests: deque[RequestRecord] = deque(maxlen=LOG_SIZE)
        self.pushes: deque[PushRecord] = deque(maxlen=LOG_SIZE)
        self.notices: deque[Notice] = deque(maxlen=LOG_SIZE)
        self._clock, self._skipped, self._post = clock, 0.0, post
        self._changed = threading.Condition(threading.RLock())
        self._ids, self._inbound_ids, self._file_ids = count(FIRST_ID), count(FIRST_INBOUND_ID), count(FIRST_FILE_ID)
        self._order = count()
        self._statuses: list[tuple[float, int, Message, int]] = []
        self._recent: dict[tuple[int, str, str, str], float] = {}
        self._phones: dict[str, list[Message | Incoming]] = {}

    # -- the customer ---------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The first account, which most set-ups have alone."""
        return next(iter(self.accounts.values()))

    @property
    def status_url(self) -> str:
        return self.account.status_url

    @status_url.setter
    def status_url(self, url: str) -> None:
        self.account.status_url = url

    @property
    def inbound_url(self) -> str:
        return self.account.inbound_url

    @inbound_url.setter
    def inbound_url(self, url: str) -> None:
        self.account.inbound_url = url

    @property
    def inbound_api(self) -> InboundApi:
        return self.account.inbound_api

    @inbound_api.setter
    def inbound_api(self, api: InboundApi) -> None:
        self.account.inbound_api = api

    # -- the clock ------------------------------------------------------------------------------

    def now(self) -> float:
        """The network's time, in seconds since 1970."""
        return self._clock() + self._skipped

    def advance(self, seconds: float) -> None:
        """Lets time pass at once. What became due is pushed by `deliver_due`, or by the couriers."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back ({seconds} s); give seconds from 0 up")
        with self._changed:
            self._skipped += seconds
            self._touch()
            self.wake()

    # -- what the customer sends ----------------------------------------------------------------

    def submit(self, submission: Submission) -> Verdict:
        """Judges one request of §2.1 or §2.4 and, where nothing is wrong, puts it on the phones."""
        with self._changed:
            self._forget_old()
            case = Case(submission, self._account_of(submission), self.https_only, self.blacklist, self._is_duplicate)
            code = case.verdict()
            if code is ErrorCode.OK and case.account:
                verdict = self._accept(case, case.account)
            else:
                verdict = Verdict(code, invalid=case.invalid)
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
        self._recent[account.service_id, case.fromid, number, case.text] = message.at
        self._show(number, message)
        if number not in self.silent:
            for delay, status in self.status_plan:
                failed = number in self.dead and status == StatusCode.DELIVERED
                self._plan_status(message, StatusCode.FAILED if failed else status, delay)
        return message

    def _is_duplicate(self, case: Case, number: str) -> bool:
        account = case.account
        if account is None or not account.duplicate_filter:
            return False
        return (account.service_id, case.fromid, number, case.text) in self._recent

    def _forget_old(self) -> None:
        """Drops what left the duplicate window; `_recent` is in order of time."""
        limit = self.now() - DUPLICATE_WINDOW
        while self._recent and self._recent[first := next(iter(self._recent))] <= limit:
            del self._recent[first]

    # -- statuses -------------------------------------------------------------------------------

    def push_status(self, message_id: int, status: int, delay: float = 0.0) -> None:
        """Plans one more status of a message, `delay` seconds from now; KeyError where nobody sent it."""
        with self._changed:
            self._plan_status(self.messages[message_id], status, delay)
            self._touch()

    def _plan_status(self, message: Message, status: int, delay: float) -> None:
        item = (self.now() + delay, next(self._order), message, int(status))
        heapq.heappush(self._statuses, item)
        if self._statuses[0] is item:
            self._changed.notify_all()

    def _take_status(self) -> _Job | None:
        """Lets due statuses come true until one has to be pushed."""
        while self._statuses and self._statuses[0][0] <= self.now():
            _, _, message, status = heapq.heappop(self._statuses)
            message.statuses.append(status)
            self._touch()
            url = self.accounts[message.service_id].status_url
            if url and not message.bulk:
                query = encode_status(StatusPush(status=status, gateway_id=message.id))
                return _Job(Push("status", courier.append_query(url, query)), lambda delivered: None)
        return None

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
            self.wake()
            return incoming

    def restart(self, token: str | None = None) -> bool:
        """Follows the restart link (§1.2); without a token, restarts whatever is parked. False: nothing was."""
        with self._changed:
            parked = [a.inbound for a in self.accounts.values() if a.inbound.parked]
            chosen = [queue for queue in parked if token in (None, queue.token)]
            for queue in chosen:
                queue.restart()
            self._touch()
            self.wake()
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
                push = _inbound_push(account, account.inbound.take())
                return _Job(push, partial(self._settle_incoming, account))
        return None

    def _settle_incoming(self, account: Account, delivered: bool) -> None:
        account.inbound.settle(delivered=delivered, now=self.now())
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
        reply = self._post(job.push)
        delivered = reply.takes(job.push)
        with self._changed:
            job.settle(delivered)
            self.pushes.append(PushRecord(self.now(), job.push, reply, delivered))
            self._touch()
        return True

    def wait_for_work(self, timeout: float) -> None:
        """Returns when a push falls due, something changed, or `timeout` seconds passed."""
        with self._changed:
            due = [self._statuses[0][0]] if self._statuses else []
            due += [at for a in self.accounts.values() if a.inbound_url and (at := a.inbound.due_at()) is not None]
            wait = min([timeout, *(at - self.now() for at in due)])
            if wait > 0:
                self._changed.wait(wait)

    def wake(self) -> None:
        """Ends every `wait_for_work`."""
        with self._changed:
            self._changed.notify_all()

    # -- phones ---------------------------------------------------------------------------------

    def phones(self) -> dict[str, list[Message | Incoming]]:
        """What lies on each phone, oldest first; the phone that was used last comes first."""
        with self._changed:
            return {number: list(entries) for number, entries in reversed(self._phones.items())}

    def _show(self, number: str, entry: Message | Incoming) -> None:
        entries = self._phones.pop(number, [])
        entries.append(entry)
        self._phones[number] = entries  # now the last one

    def _touch(self) -> None:
        self.version += 1


def _inbound_push(account: Account, incoming: Incoming) -> Push:
    push = InboundPush(
        api=account.inbound_api, id=incoming.id, recipient=incoming.to, sender=incoming.sender,
        text=incoming.text, sent=incoming.sent, counter=incoming.counter, keyword=incoming.keyword,
        files=incoming.files,
    )  # fmt: skip
    if account.inbound_api == "json":
        return Push("inbound", account.inbound_url, encode_inbound_json(push))
    query = encode_inbound_query(push, short_code=SHORT_CODE)
    return Push("inbound", courier.append_query(account.inbound_url, query), wanted="true")

"""The response time of each page of the admin with a million messages and three million statuses.

`python -m benchmarks --only admin_pages` sums it up. `python -m benchmarks.admin_pages` lists every page: it fills the
database that DATABASE_URL names, PostgreSQL and empty or filled by an earlier run, and leaves it: drop it afterwards.
"""

import os
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from benchmarks import million
from django_front_sms.contacts import Contacts

LIMIT_MS, LIMIT_QUERIES = 150, 12
ROOT = "/admin/front_sms/"
LISTS = (
    "outboundmessage", "inboundmessage", "deliverystatus", "event", "bulksend", "accountstate", "countergap",
    "refusedpush", "optout", "conversation", "savedtext",
)  # fmt: skip
FILTERS = {
    "outboundmessage": """
        state__exact=delivered state__exact=sent state__exact=rejected state__exact=unconfirmed state__exact=sending
        status=missing account=default priority__exact=1 priority__exact=0 created_at=1 created_at=24 created_at=168
        state__exact=rejected&created_at=168 state__exact=rejected&error_code__exact=12
        state__exact=rejected&priority__exact=1""",
    "inboundmessage": """
        account=default problem=yes problem=no files=yes files=no received_at=1 received_at=168 api__exact=json
        api__exact=get problem=yes&received_at=168""",
    "deliverystatus": "matched=yes matched=no problem=yes problem=no received_at=1 received_at=168",
    "event": "failed__exact=1 failed__exact=0 kind__exact=state_changed kind__exact=counter_gap",
}


class Everybody(Contacts):
    """A site that knows a name for every number."""

    def labels(self, numbers: Iterable[str]) -> dict[str, str]:
        return {number: f"Person {number[-4:]}" for number in numbers}

    def search(self, text: str) -> list[str]:
        return [million.CROWD] if text == "Kari" else []


@dataclass
class Page:
    """A page of the admin: the durations of its requests except the first, and its number of queries.

    `busy`: the CPU time of Python and of the database's process, without that of other processes on the machine.
    Empty if the database's process is not visible.
    """

    name: str
    address: str
    first_ms: float = 0
    ms: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    queries: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.ms)

    @property
    def keeps_its_limits(self) -> bool:
        return self.median <= LIMIT_MS and self.queries <= LIMIT_QUERIES

    @property
    def would_alone(self) -> bool:
        """Whether it would keep its limits on an otherwise idle machine."""
        return statistics.median(self.busy or self.ms) <= LIMIT_MS and self.queries <= LIMIT_QUERIES

    def __str__(self) -> str:
        verdict = "" if self.keeps_its_limits else "  slow while others work" if self.would_alone else "  OVER"
        busy = f", busy {statistics.median(self.busy):.0f}" if self.busy else ""
        spread = f"({min(self.ms):.0f}-{max(self.ms):.0f}, first {self.first_ms:.0f}{busy})"
        return f"{self.name:<68} {self.median:6.0f} ms {spread} {self.queries:3} queries{verdict}"


class Work:
    """The CPU time of this process and of its database server process."""

    def __init__(self, database_process: int) -> None:
        self._file = f"/proc/{database_process}/schedstat"
        self.is_seen = os.path.exists(self._file)

    def seconds(self) -> float:
        theirs = 0.0
        if self.is_seen:
            with open(self._file) as file:
                theirs = int(file.read().split()[0]) / 1e9
        return time.process_time() + theirs


def run(rounds: int = 5) -> list[Page]:
    """Request every page `rounds` + 1 times, as a user with all permissions, in a database that is filled."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": "benchmarks.admin_pages.Everybody"}
    browser = Client()
    browser.force_login(_user())
    _worker_row()
    pages = [Page(name, address) for name, address in addresses()]
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # one core a page, as on a busy server
        cursor.execute("SELECT pg_backend_pid()")
        work = Work(cursor.fetchone()[0])
    for turn in range(rounds + 1):
        for page in pages:
            look(page, browser, work, is_first=turn == 0)
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            browser.get(page.address)
        page.queries = len(queries)
    return pages


def _user() -> Any:
    """A user with each permission of this app. A superuser would save the two queries for permissions."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission

    user, _ = get_user_model().objects.update_or_create(
        username="looker", defaults={"is_staff": True, "is_superuser": False}
    )
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="front_sms"))
    return user


def _worker_row() -> None:
    """Create the row that a worker creates for each account when it starts."""
    from django_front_sms.conf import get_settings
    from django_front_sms.models import AccountState

    for account in get_settings().accounts.values():
        AccountState.objects.get_or_create(key=account.gateway, defaults={"account": account.name})


def look(page: Page, browser: Any, work: Work, *, is_first: bool) -> None:
    began, busy = time.perf_counter(), work.seconds()
    answer = browser.get(page.address)
    took, worked = (time.perf_counter() - began) * 1000, (work.seconds() - busy) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{page.address} answered with {answer.status_code}")
    if is_first:
        page.first_ms = took
    else:
        page.ms.append(took)
        page.busy += [worked] if work.is_seen else []


def addresses() -> Iterator[tuple[str, str]]:
    """Every page that staff use: the dashboard, lists, each filter, searches with and without results, rows."""
    yield "index of the admin", "/admin/"
    yield "index of the app", ROOT
    yield "dashboard", f"{ROOT}dashboard/"
    yield "list of conversations without an answer", f"{ROOT}conversation/?show=unanswered"
    for name in LISTS:
        yield f"list of {name}", f"{ROOT}{name}/"
    yield "composer", f"{ROOT}outboundmessage/add/"
    yield "how many messages are new", f"{ROOT}outboundmessage/updates/?after=1"
    yield "list of outboundmessage, page 100", f"{ROOT}outboundmessage/?p=100"
    for name, filters in FILTERS.items():
        for words in filters.split():
            yield f"list of {name} where {words}", f"{ROOT}{name}/?{words}"
    yield from _searches()
    yield from _rows()


def _searches() -> Iterator[tuple[str, str]]:
    from django_front_sms.models import OutboundMessage

    newest = OutboundMessage.objects.latest("pk")
    old = OutboundMessage.objects.filter(pk__gte=newest.pk // 2, gateway_id__isnull=False).earliest("pk")
    number = old.recipient
    searches = {
        "outboundmessage": {
            "a number": number,
            "a number as people write it": f"{number[3:6]} {number[6:8]} {number[8:]}",
            "how numbers begin": number[:7],
            "how all numbers begin": "+47",
            "a number with a thousand messages": million.CROWD,
            "an id": f"#{old.pk}",
            "Front's id": f"#{old.gateway_id}",
            "a name": "Kari",
            "words that many texts have": "fysioterapeuten",
            "words of one recent text": newest.text[-33:-1],
            "words of one old text": old.text[-33:-1],
            "words that no text has": "zzzz",
            "the sender": old.sender,
        },
        "inboundmessage": {"a number": number, "words that many have": "takk", "words that none has": "zzzz"},
        "deliverystatus": {"Front's id": str(old.gateway_id)},
        "event": {"a subject": f"out:{old.pk}"},
    }
    for name, terms in searches.items():
        for what, term in terms.items():
            yield f"search of {name} for {what}", f"{ROOT}{name}/?{urlencode({'q': term})}"


def _rows() -> Iterator[tuple[str, str]]:
    from django_front_sms.models import InboundMessage, OutboundMessage

    for state in ("delivered", "unconfirmed", "queued", "rejected"):
        pk = OutboundMessage.objects.filter(state=state).latest("pk").pk
        yield f"page of a message that is {state}", f"{ROOT}outboundmessage/{pk}/change/"
        yield f"conversation of a message that is {state}", f"{ROOT}conversation/out/{pk}/"
    with_files = InboundMessage.objects.filter(files__isnull=False)
    for what, rows in (("an inbound message", InboundMessage.objects.all()), ("an MMS", with_files)):
        pk = rows.latest("pk").pk
        yield f"page of {what}", f"{ROOT}inboundmessage/{pk}/change/"
        yield f"conversation of {what}", f"{ROOT}conversation/in/{pk}/"
    crowd = OutboundMessage.objects.filter(recipient=million.CROWD).latest("pk")
    yield "conversation of a thousand messages", f"{ROOT}conversation/out/{crowd.pk}/"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if million.is_empty():
        million.fill()
    pages = run()
    for page in pages:
        print(page)
    kept, alone = sum(page.keeps_its_limits for page in pages), sum(page.would_alone for page in pages)
    print(
        f"{kept} of {len(pages)} pages ({alone} by the time that was worked on them) within {LIMIT_MS} ms and "
        f"{LIMIT_QUERIES} queries; load {', '.join(f'{load:.1f}' for load in os.getloadavg())}"
    )


if __name__ == "__main__":
    main()

"""Users who request pages of the admin at intervals, over HTTP with a session; each request is timed."""

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

EVERY = 1.0  # seconds between two requests
ROOT = "/admin/front_sms/"


@dataclass
class Visits:
    """Milliseconds of each page: its first request, and the others."""

    first: dict[str, float] = field(default_factory=dict)
    others: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)  # answers other than 200

    @property
    def all(self) -> list[float]:
        return [ms for times in self.others.values() for ms in times]

    def note(self, name: str, ms: float, status: int) -> None:
        if status != 200:
            self.wrong.append(f"{name}: {status}")
        elif name in self.first:
            self.others.setdefault(name, []).append(ms)
        else:
            self.first[name] = ms


class Staff(threading.Thread):
    """Requests one page after another until the end of its context."""

    def __init__(self, port: int) -> None:
        super().__init__(name="staff", daemon=True)
        self.port, self.visits = port, Visits()
        self._stopping = threading.Event()
        self._headers = {"Cookie": f"sessionid={session()}"}

    def __enter__(self) -> "Staff":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        from django.db import connection

        while not self._stopping.is_set():
            for name, address in pages():
                self._look(name, address)
                if self._stopping.wait(EVERY):
                    break
        connection.close()

    def _look(self, name: str, address: str) -> None:
        browser = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        began = time.perf_counter()
        try:
            browser.request("GET", address, headers=self._headers)
            answer = browser.getresponse()
            answer.read()
            self.visits.note(name, (time.perf_counter() - began) * 1000, answer.status)
        except OSError as error:
            self.visits.wrong.append(f"{name}: {type(error).__name__}")
        finally:
            browser.close()


def session() -> str:
    """The key of a session of a user with each permission of the app."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission
    from django.test import Client

    user = get_user_model().objects.create(username="staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="front_sms"))
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


def pages() -> Iterator[tuple[str, str]]:
    """Name and address; those of rows are of the newest ones at the time."""
    from django_front_sms.models import InboundMessage, OutboundMessage

    yield "index", "/admin/"
    yield "dashboard", f"{ROOT}dashboard/"
    yield "composer", f"{ROOT}outboundmessage/add/"
    for model in ("outboundmessage", "inboundmessage", "deliverystatus", "event", "conversation"):
        yield f"list of {model}", f"{ROOT}{model}/"
    yield "list of outboundmessage, delivered", f"{ROOT}outboundmessage/?state__exact=delivered"
    yield "list of conversations without an answer", f"{ROOT}conversation/?show=unanswered"
    if row := OutboundMessage.objects.filter(state="delivered").order_by("-pk").first():
        yield "search for a number", f"{ROOT}outboundmessage/?q=%2B{row.recipient[1:]}"
        yield "a message", f"{ROOT}outboundmessage/{row.pk}/change/"
        yield "the conversation of a message", f"{ROOT}conversation/out/{row.pk}/"
    if inbound := InboundMessage.objects.order_by("-pk").first():
        yield "an inbound message", f"{ROOT}inboundmessage/{inbound.pk}/change/"
        yield "the conversation of an inbound message", f"{ROOT}conversation/in/{inbound.pk}/"

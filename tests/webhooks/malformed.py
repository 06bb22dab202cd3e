"""Malformed pushes, each sent twice: both must be answered with `true`, and stored as one row.

    python -m tests.webhooks.malformed --cases 100000          # on the database that DATABASE_URL names

The cases are the manual's payloads, damaged: bytes changed, values replaced, keys doubled, parameters broken. They
follow from the seed. Prints the result, and exits with 1 if anything was refused, lost or doubled.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

from django.test import Client

from django_front_sms.signing import Purpose, webhook_path
from tests.webhooks import pushes

EVIL: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63 - 1, 2**63, 2**70, -(2**70), 1e308, float("nan"), float("inf")),
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\udfff\ud800",
        "😀",
        "\u202e",
        "x" * 300,
        "9" * 30,
        "1e400",
        "-0",
        "٣",
        "STOPP",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"id": 1},
        "+",
        "0047",
        " 47",
        "26114",
        "\r\n",
        "<script>",
        "'; DROP TABLE x; --",
        "%s %(x)s",
    ),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-02-30T00:00:00Z", "2019-12-31T23:59:60Z", "now"),
]
BYTES = [b"\0", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b'"', b"\\", b"\\u0000", b"{", b"[" * 50, b"}", b",", b"1e400"]
BYTES += [b"%00", b"%", b"%zz", b"&", b"=", b"+", b";", b"\r\n", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"9" * 40]
KEYS = ["id", "to", "from", "text", "sent", "counter", "keyword", "files", "status", "origid"]
FILE_KEYS = ["id", "contentType", "fileName", "fileData"]
PARAMETERS = ["fromid", "phonenr", "txt", "time", "countnr", "code", "status", "origid", "x", ""]
TYPES = ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "é", "\x7f"]


@dataclass(frozen=True)
class Case:
    purpose: Purpose
    method: str
    query: bytes = b""
    body: bytes = b""
    content_type: str = "application/json"

    @property
    def raw(self) -> bytes:
        """Return the bytes that must be stored."""
        if self.purpose == "status":
            return b"\n".join(part for part in (self.query, self.body) if part)
        return self.query if self.method == "GET" else self.body or self.query


def cases(seed: int) -> Iterator[Case]:
    """Yield cases without end; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        match chance.randrange(6):
            case 0 | 1:
                yield Case("inbound", "POST", body=_document(chance))
            case 2:
                yield Case("inbound", "POST", body=_damaged(chance, chance.choice([pushes.SMS, pushes.MMS])))
            case 3:
                yield Case("inbound", "GET", query=_query(chance, pushes.QUERY))
            case 4:
                yield Case("status", "GET", query=_query(chance, pushes.STATUS))
            case _:
                body = chance.choice([_document(chance), _query(chance, pushes.STATUS), b""])
                query = chance.choice([b"", b"", _query(chance, pushes.STATUS)])
                yield Case("status", "POST", query, body, chance.choice(TYPES))


def _document(chance: random.Random) -> bytes:
    document = json.loads(chance.choice([pushes.SMS, pushes.MMS]))
    for _ in range(chance.randrange(1, 5)):
        document[chance.choice(KEYS)] = chance.choice(EVIL)
        files = document.get("files")
        if isinstance(files, list) and files and isinstance(files[0], dict):
            chance.choice(files)[chance.choice(FILE_KEYS)] = chance.choice(EVIL)
        if chance.random() < 0.2:
            document.pop(chance.choice(list(document)))
    text = json.dumps(document, ensure_ascii=chance.random() < 0.7)
    if chance.random() < 0.1:
        text = text.replace("{", '{"id": 1, ', 1)  # twice the same key
    if chance.random() < 0.02:
        text = text.replace("null", "[" * 100_000, 1)
    encoded = text.encode("utf-8", "surrogatepass")
    return _damaged(chance, encoded) if chance.random() < 0.2 else encoded


def _damaged(chance: random.Random, whole: bytes) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(whole) + 1)
        end = min(len(whole), start + chance.choice([0, 0, 1, 5, 1000]))
        noise = chance.choice([b"", chance.choice(BYTES), chance.randbytes(chance.randrange(8))])
        whole = whole[:start] + noise + whole[end:]
    return whole


def _query(chance: random.Random, whole: bytes) -> bytes:
    """Percent-encoded, as Front does: Django itself refuses raw bytes beyond ASCII under ASGI."""
    parts = whole.split(b"&")
    for _ in range(chance.randrange(1, 5)):
        value = chance.choice(
            [chance.choice(BYTES), chance.randbytes(6), str(chance.choice(EVIL)).encode("utf-8", "replace")]
        )
        name = chance.choice(PARAMETERS).encode()
        parts.insert(chance.randrange(len(parts) + 1), name + b"=" + quote_from_bytes(value).encode())
        if chance.random() < 0.3:
            parts.pop(chance.randrange(len(parts)))
    if chance.random() < 0.01:
        parts += [b"a%d=%%" % number for number in range(1001)]
    return b"&".join(parts)


def run(count: int, seed: int) -> Counter[str]:
    """Push `count` cases, twice each. Returns their number, and what went wrong."""
    from django.db import transaction

    seen: Counter[str] = Counter()
    source, browser = cases(seed), Client()  # one for all cases: each loads the middleware anew
    while seen["cases"] < count:
        with transaction.atomic():
            for number in range(min(500, count - seen["cases"])):
                _judge(browser, next(source), seen, look=number % 5 == 0)
            transaction.set_rollback(True)
    return seen


def _judge(browser: Client, case: Case, seen: Counter[str], *, look: bool) -> None:
    from django_front_sms import inbox
    from django_front_sms.inbox.reread import whole_body
    from django_front_sms.models import DeliveryStatus, InboundMessage

    seen["cases"] += 1
    for _time in range(2):
        response = _push(browser, case)
        seen["5xx"] += response.status_code >= 500
        seen["other answers"] += (response.status_code, response.content) != (200, b"true")
    if case.purpose == "status":
        kept = [bytes(raw) for raw in DeliveryStatus.objects.values_list("raw", flat=True)]
        expected = 2  # each is appended; the fold does not mind
        DeliveryStatus.objects.all().delete()
    else:
        if look:
            inbox.process()
        kept = [whole_body(message) for message in InboundMessage.objects.all()]
        expected = 1
        InboundMessage.objects.all().delete()
    seen["lost"] += case.raw not in kept
    seen["doubled"] += len(kept) > expected


def _push(browser: Client, case: Case) -> Any:
    query = case.query.decode("latin-1")
    if case.method == "GET":
        return browser.generic("GET", webhook_path(case.purpose), QUERY_STRING=query)
    extra = {"CONTENT_TYPE": case.content_type, "CONTENT_LENGTH": str(len(case.body)), "QUERY_STRING": query}
    return browser.generic("POST", webhook_path(case.purpose), case.body, **extra)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.webhooks.malformed", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    import logging

    from django.db import connection
    from django.test import override_settings

    from django_front_sms import events

    logging.disable(logging.CRITICAL)
    events.hint = lambda task: None  # type: ignore[assignment]
    storages = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    name: Any = connection.creation.create_test_db(verbosity=0)
    began = time.monotonic()
    try:
        with override_settings(STORAGES=storages):
            seen = run(options.cases, options.seed)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    wrong = {key: seen[key] for key in ("5xx", "other answers", "lost", "doubled")}
    summary = ", ".join(f"{number} {key}" for key, number in wrong.items())
    seconds = time.monotonic() - began
    sys.stdout.write(f"{connection.vendor}: {seen['cases']} cases, each pushed twice: {summary} ({seconds:.0f} s)\n")
    return int(any(wrong.values()))


if __name__ == "__main__":
    sys.exit(main())

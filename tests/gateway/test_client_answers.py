"""Which answers are clear and which are ambiguous. The bytes are written by hand, from the manual."""

import pytest

from django_front_sms.gateway.client import Client, ExchangeResult, ResultKind
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms

from .wire import HANG_TIMEOUT, Line, Server, answers, framed

pytestmark = pytest.mark.timeout(120)

SMS = Sms(service_id=3, sender="26114123450000", recipient="+47999999999", text="Test æøå ÆØÅ", unicode=False)
BULK = BulkSms(
    service_id=1234, sender="Mitt Firma", recipients=("+4799999999", "+4799999998"), text="Test æøå ÆØÅ", unicode=None
)
ACCEPTED = b'{"id": 145099, "errorcode": 0, "description": "OK"}'
REFUSED = b'{\n  "id": 0,\n  "errorcode": 1,\n  "description": "Invalid mobile number"\n}'  # §2.1.1
HTML = b"<html><body>ErrorCode=0, ID=145099</body></html>"


def after(reply: bytes, transport: str = "json", timeout: float = HANG_TIMEOUT) -> ExchangeResult:
    with Server(answers(reply)) as server, Client(server.url, timeout=timeout) as client:
        outcome = client.send(SMS, transport=transport)
    assert len(server.requests) == 1
    return outcome


def after_bulk(reply: bytes) -> ExchangeResult:
    with Server(answers(reply)) as server, Client(server.url, timeout=HANG_TIMEOUT) as client:
        outcome = client.send_bulk(BULK)
    assert len(server.requests) == 1
    return outcome


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return CHUNKS + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


ANSWERED = {
    "accepted": (framed(ACCEPTED), Answer(id=145099, errorcode=0, description="OK")),
    "accepted, in chunks": (chunked(ACCEPTED[:9], ACCEPTED[9:]), Answer(id=145099, errorcode=0, description="OK")),
    "accepted, until the connection ends": (
        b"HTTP/1.0 200 OK\r\n\r\n" + ACCEPTED,
        Answer(id=145099, errorcode=0, description="OK"),
    ),
    "accepted, after an informational response": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + framed(ACCEPTED),
        Answer(id=145099, errorcode=0, description="OK"),
    ),
    "accepted with the highest id": (
        framed(b'{"id": 9223372036854775807, "errorcode": 0}'),
        Answer(id=9223372036854775807, errorcode=0, description=""),
    ),
    "accepted, behind a byte order mark": (
        framed(b"\xef\xbb\xbf" + ACCEPTED),
        Answer(id=145099, errorcode=0, description="OK"),
    ),
    "refused": (framed(REFUSED), Answer(id=0, errorcode=1, description="Invalid mobile number")),
    "refused under 400": (
        framed(REFUSED, "400 Bad Request"),
        Answer(id=0, errorcode=1, description="Invalid mobile number"),
    ),
    "refused under 403": (
        framed(b'{"errorcode": 13}', "403 Forbidden"),
        Answer(id=None, errorcode=13, description=""),
    ),
    "refused with a code that the manual hasn't yet": (
        framed(b'{"id": 0, "errorcode": 99, "description": "?"}'),
        Answer(id=0, errorcode=99, description="?"),
    ),
    "text": (framed(b"ErrorCode=0, ID=145099"), Answer(id=145099, errorcode=0, description="")),
    "text, refused": (framed(b"errorcode=17", "409 Conflict"), Answer(id=None, errorcode=17, description="")),
}


@pytest.mark.parametrize("transport", ["json", "get"])
@pytest.mark.parametrize(("reply", "answer"), ANSWERED.values(), ids=ANSWERED)
def test_a_documented_answer_is_an_answer_in_either_format_with_any_status_below_500(reply, answer, transport):
    outcome = after(reply, transport)
    assert (outcome.kind, outcome.answer, outcome.detail) == (ResultKind.ANSWERED, answer, "")


AMBIGUOUS = {
    "500 with a readable acceptance": framed(ACCEPTED, "500 Internal Server Error"),
    "500 with a readable refusal": framed(REFUSED, "500 Internal Server Error"),
    "503": framed(b"", "503 Service Unavailable"),
    "302": framed(ACCEPTED, "302 Found", "Location: /psk/push.php\r\n"),
    "307": framed(REFUSED, "307 Temporary Redirect", "Location: /psk/push.php\r\n"),
    "600": framed(ACCEPTED, "600 What"),
    "101": framed(ACCEPTED, "101 Switching Protocols"),
    "103": b"HTTP/1.1 103 Early Hints\r\n\r\n" + framed(ACCEPTED),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "204 with a body": framed(ACCEPTED, "204 No Content"),
    "an empty body": framed(b""),
    "HTML around an answer": framed(HTML),
    "HTML under 404": framed(HTML, "404 Not Found"),
    "truncated JSON": framed(b'{"id": 145099, "errorcode": 0, "descr'),
    "JSON that is no object": framed(b"[0, 145099]"),
    "JSON without a code": framed(b'{"id": 145099}'),
    "JSON with a text inside": framed(b'{"error": "ErrorCode=0, ID=145099"}'),
    "a code that is no number": framed(b'{"id": 145099, "errorcode": "none"}'),
    "code 0 with id 0": framed(b'{"id": 0, "errorcode": 0, "description": "OK"}'),
    "code 0 with a negative id": framed(b'{"id": -1, "errorcode": 0}'),
    "code 0 without an id": framed(b'{"errorcode": 0, "description": "OK"}'),
    "code 0 with an id of 2^63": framed(b'{"id": 9223372036854775808, "errorcode": 0}'),
    "code 0 with an id of 2^70": framed(b'{"id": 1180591620717411303424, "errorcode": 0}'),
    "text without an id": framed(b"ErrorCode=0"),
    "text with id 0": framed(b"ErrorCode=0, ID=0"),
    "text with an id of 2^70": framed(b"ErrorCode=0, ID=1180591620717411303424"),
    "a bulk answer": framed(b'{"errorcode": 0, "invalidPhoneno": [], "duplicatePhoneno": []}', "201 Created"),
    "a body shorter than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + ACCEPTED,
    "a body longer than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nErrorCode=0, ID=145099",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: all\r\n\r\n" + ACCEPTED,
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + ACCEPTED,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 51\r\n\r\n" + ACCEPTED,
    "chunks without an end": chunked(ACCEPTED, end=b""),
    "a chunk shorter than it says": CHUNKS + b"ff\r\n" + ACCEPTED,
    "a chunk longer than it says": CHUNKS + b"14\r\nErrorCode=0, ID=145099\r\n0\r\n\r\n",
    "a chunk of no size": CHUNKS + b"zz\r\n" + ACCEPTED + b"\r\n0\r\n\r\n",
    "a packed body": framed(b"\x1f\x8b\x08\x00", headers="Content-Encoding: gzip\r\n"),
    "headers that break off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a status line that breaks off": b"HTTP/1.1 2",
    "no HTTP": b"ErrorCode=0, ID=145099\r\n",
    "another protocol": b"HTTP/3 200 OK\r\n\r\n" + ACCEPTED,
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    "a thousand headers": framed(ACCEPTED, headers="X: y\r\n" * 1000),
    "nothing": b"",
}


@pytest.mark.parametrize("transport", ["json", "get"])
@pytest.mark.parametrize("reply", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_anything_else_is_ambiguous(reply, transport):
    outcome = after(reply, transport)
    assert (outcome.kind, outcome.answer) == (ResultKind.AMBIGUOUS, None)
    assert outcome.detail


def test_an_ambiguous_result_has_the_http_status():
    assert [after(AMBIGUOUS[name]).http_status for name in ("302", "503", "truncated JSON", "nothing")] == [
        302,
        503,
        200,
        None,
    ]


@pytest.mark.parametrize("spaces, kind", [(65_536, ResultKind.ANSWERED), (65_537, ResultKind.AMBIGUOUS)])
@pytest.mark.parametrize("frame", [framed, chunked, lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body])
def test_an_answer_holds_at_most_64_kib(frame, spaces, kind):
    assert after(frame(ACCEPTED.ljust(spaces))).kind is kind


def test_an_endless_answer_is_ambiguous():
    def script(line: Line) -> None:
        line.read()
        line.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                line.write(b" " * 65_536)
        except OSError:
            server.notes.put("the client left")

    with Server(script) as server, Client(server.url, timeout=HANG_TIMEOUT) as client:
        assert client.send(SMS).detail == "the answer is too large"
        assert server.note() == "the client left"


# --- bulk (§2.4)

BULK_ACCEPTED = b'{\n  "errorcode": 0,\n  "description": "OK",\n  "invalidPhoneno": [],\n  "duplicatePhoneno": []\n}'


def test_a_bulk_answer_of_201_is_accepted_and_names_the_numbers_left_out():
    lists = BULK_ACCEPTED.replace(b'"invalidPhoneno": []', b'"invalidPhoneno": ["004799999998"]')
    outcome = after_bulk(framed(lists, "201 Created"))
    assert (outcome.kind, outcome.http_status) == (ResultKind.ANSWERED, 201)
    assert outcome.answer == BulkAnswer(errorcode=0, description="OK", invalid=("+4799999998",), duplicates=())


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "400 Bad Request"])
def test_a_bulk_answer_of_another_status_with_code_0_is_ambiguous(status):
    assert after_bulk(framed(BULK_ACCEPTED, status)).kind is ResultKind.AMBIGUOUS


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "403 Forbidden"])
def test_a_readable_bulk_refusal_is_an_answer(status):
    outcome = after_bulk(framed(b'{"errorcode": 16, "description": "txt"}', status))
    assert (outcome.kind, outcome.answer) == (ResultKind.ANSWERED, BulkAnswer(errorcode=16, description="txt"))


@pytest.mark.parametrize(
    "reply",
    [
        framed(b'{"errorcode": 16, "description": "txt"}', "201 Created"),
        framed(BULK_ACCEPTED, "500 Internal Server Error"),
        framed(b'{"errorcode": 16}', "502 Bad Gateway"),
        framed(BULK_ACCEPTED, "302 Found"),
        framed(BULK_ACCEPTED[:-1], "201 Created"),
        framed(b"", "201 Created"),
        framed(HTML, "400 Bad Request"),
        framed(BULK_ACCEPTED.replace(b"[]", b'"none"'), "201 Created"),
    ],
    ids=["refused under 201", "500", "502", "302", "truncated", "empty", "HTML", "lists of another shape"],
)
def test_any_other_bulk_answer_is_ambiguous(reply):
    assert after_bulk(reply).kind is ResultKind.AMBIGUOUS


def test_a_bulk_answer_may_be_longer_than_a_single_one():
    numbers = ", ".join(f'"0047{number}"' for number in range(99_900_000, 99_930_000)).encode()
    outcome = after_bulk(framed(BULK_ACCEPTED.replace(b"[]", b"[" + numbers + b"]", 1), "201 Created"))
    assert isinstance(outcome.answer, BulkAnswer) and len(outcome.answer.invalid) == 30_000
    assert "+4799900000" not in repr(outcome)


def test_a_bulk_answer_holds_at_most_4_mib():
    assert after_bulk(framed(BULK_ACCEPTED.ljust(4 * 2**20 + 1), "201 Created")).detail == "the answer is too large"

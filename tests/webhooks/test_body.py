"""Reading request bodies from WSGI, with and without a length, and from ASGI."""

import asyncio
import io
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile, RefusedPush
from django_front_sms.signing import webhook_path
from tests.webhooks.pushes import JPEG, QUERY, SMS, STATUS, file, sms

LARGE = 2_700_000  # beyond DATA_UPLOAD_MAX_MEMORY_SIZE and FILE_UPLOAD_MAX_MEMORY_SIZE, which are 2.5 MB

pytestmark = pytest.mark.usefixtures("hints")


class Dripping(io.BytesIO):
    """A connection that gives a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 7) if size and size > 0 else 7)


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


class InvalidChunkSize(Exception):
    """The exception of Gunicorn."""


class WrongChunk(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise InvalidChunkSize


def wsgi(stream: io.BytesIO, purpose: Any = "inbound", **environ: Any) -> tuple[int, bytes]:
    """Status and body of a POST, with exactly this in the WSGI environment."""
    request = RequestFactory().post(webhook_path(purpose), content_type="application/json")
    base = {key: value for key, value in request.environ.items() if key != "CONTENT_LENGTH"}
    seen: list[str] = []
    handler = WSGIHandler()
    answer = handler({**base, "wsgi.input": stream, **environ}, lambda status, headers: seen.append(status))
    content = b"".join(answer)
    return int(seen[0].split()[0]), content


def asgi(
    *chunks: bytes, purpose: Any = "inbound", method: str = "POST", query: bytes = b"", headers: Any = ()
) -> tuple[int, bytes]:
    """Status and body of a request through Django's ASGI handler."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": webhook_path(purpose),
        "query_string": query,
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 4711),
    }

    async def exchange() -> tuple[int, bytes]:
        server = ApplicationCommunicator(ASGIHandler(), scope)
        for number, chunk in enumerate(chunks, 1):
            await server.send_input({"type": "http.request", "body": chunk, "more_body": number < len(chunks)})
        start, body = await server.receive_output(10), await server.receive_output(10)
        await server.wait(10)
        return start["status"], body["body"]

    return asyncio.run(exchange())


@pytest.mark.django_db(transaction=True)
class TestWSGI:
    def test_a_body_in_small_parts_is_read_completely(self):
        assert wsgi(Dripping(SMS), CONTENT_LENGTH=str(len(SMS))) == (200, b"true")
        assert bytes(InboundMessage.objects.get().raw) == SMS

    def test_a_body_without_length_is_read_where_the_server_ends_it(self):
        assert wsgi(Dripping(SMS), **{"wsgi.input_terminated": True}) == (200, b"true")
        assert bytes(InboundMessage.objects.get().raw) == SMS

    def test_a_body_without_length_or_end_is_answered_with_length_required(self):
        assert wsgi(Broken())[0] == 411
        assert wsgi(Broken(), HTTP_TRANSFER_ENCODING="chunked", QUERY_STRING=STATUS.decode())[0] == 411
        assert InboundMessage.objects.count() == 0

    def test_a_post_with_all_fields_in_the_query_needs_neither_body_nor_length(self):
        assert wsgi(Broken(), "status", QUERY_STRING=STATUS.decode()) == (200, b"true")
        assert DeliveryStatus.objects.get().gateway_id == 145099

    @pytest.mark.parametrize("purpose", ["status", "inbound"])
    def test_a_body_that_was_cut_short_is_not_stored(self, purpose):
        assert wsgi(io.BytesIO(SMS[:50]), purpose, CONTENT_LENGTH=str(len(SMS)))[0] == 400
        assert InboundMessage.objects.count() == DeliveryStatus.objects.count() == 0

    @pytest.mark.parametrize("purpose", ["status", "inbound"])
    def test_a_wrong_chunk_is_a_bad_request(self, purpose):
        assert wsgi(WrongChunk(), purpose, **{"wsgi.input_terminated": True})[0] == 400
        assert InboundMessage.objects.count() == DeliveryStatus.objects.count() == 0

    def test_a_connection_that_breaks_is_not_stored(self):
        assert wsgi(Broken(), CONTENT_LENGTH="10")[0] == 400
        assert wsgi(Broken(), **{"wsgi.input_terminated": True})[0] == 400
        assert InboundMessage.objects.count() == 0

    def test_a_length_over_the_limit_is_refused_before_a_byte_is_read(self):
        assert wsgi(Broken(), CONTENT_LENGTH="26214401")[0] == 413
        assert RefusedPush.objects.get().size == 26_214_401

    @pytest.mark.parametrize("length", ["9" * 30, "9" * 5000])
    def test_an_absurd_length_is_refused_as_too_large(self, length):
        assert wsgi(Broken(), CONTENT_LENGTH=length)[0] == 413

    @pytest.mark.parametrize("length", ["-1", "1.5", "x", "²"])
    def test_a_length_that_is_no_number_is_a_bad_request(self, length):
        assert wsgi(Broken(), CONTENT_LENGTH=length)[0] == 400

    def test_a_body_without_length_is_read_no_further_than_the_limit(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 100}
        stream = io.BytesIO(b" " * 5000)
        assert wsgi(stream, **{"wsgi.input_terminated": True})[0] == 413
        assert stream.tell() == 101
        assert RefusedPush.objects.get().size is None

    def test_an_mms_larger_than_djangos_limits_is_stored(self):
        body = sms(files=[file(JPEG * (LARGE // len(JPEG)))])
        assert len(body) > LARGE
        assert wsgi(io.BytesIO(body), CONTENT_LENGTH=str(len(body))) == (200, b"true")
        assert MmsFile.objects.get().size == len(JPEG) * (LARGE // len(JPEG))


@pytest.mark.django_db(transaction=True)
class TestASGI:
    def test_a_post_is_stored(self):
        assert asgi(SMS, headers=[(b"content-length", b"%d" % len(SMS))]) == (200, b"true")
        assert bytes(InboundMessage.objects.get().raw) == SMS

    def test_a_chunked_post_is_stored(self):
        assert asgi(SMS[:100], SMS[100:]) == (200, b"true")
        assert bytes(InboundMessage.objects.get().raw) == SMS

    def test_a_get_in_latin_1_is_stored(self):
        assert asgi(b"", method="GET", query=QUERY) == (200, b"true")
        message = InboundMessage.objects.get()
        assert (message.text, bytes(message.raw)) == ("Test æøå ÆØÅ", QUERY)

    def test_a_status_is_stored(self):
        assert asgi(b"", method="GET", query=STATUS, purpose="status") == (200, b"true")
        assert bytes(DeliveryStatus.objects.get().raw) == STATUS

    def test_a_large_mms_is_stored(self):
        body = sms(files=[file(JPEG * (LARGE // len(JPEG)))])
        assert asgi(body[:LARGE], body[LARGE:]) == (200, b"true")
        assert MmsFile.objects.count() == 1

    def test_a_body_over_the_limit_is_refused(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 100}
        assert asgi(b" " * 101)[0] == 413
        assert RefusedPush.objects.count() == 1

    def test_a_body_that_was_cut_short_is_not_stored(self):
        assert asgi(SMS[:50], headers=[(b"content-length", b"%d" % len(SMS))])[0] == 400
        assert InboundMessage.objects.count() == 0

    def test_a_store_that_fails_asks_front_to_try_again(self, monkeypatch):
        monkeypatch.setattr("django_front_sms.inbox.store_inbound", lambda *push: 1 / 0)
        assert asgi(SMS) == (503, b"false")

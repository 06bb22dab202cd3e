"""The two endpoints that Front calls: shared security cases, and the cases of each endpoint."""

import logging
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client

from django_front_sms import events, webhooks
from django_front_sms.models import DeliveryStatus, InboundMessage, MmsFile, RefusedPush
from django_front_sms.signing import webhook_path
from tests.webhooks.pushes import QUERY, SMS, STATUS, by_get, by_post, sms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hints")]


def rows() -> int:
    return sum(model.objects.count() for model in (DeliveryStatus, InboundMessage, MmsFile))


class SecurityCases:
    """Tests for each endpoint, with its `purpose` and an authentic push."""

    purpose: Any
    other_purpose: Any
    authentic: dict[str, Any]

    def push(self, **changes: Any) -> Any:
        request = {"method": "POST", "path": webhook_path(self.purpose), **self.authentic, **changes}
        return Client().generic(request.pop("method"), request.pop("path"), request.pop("data", b""), **request)

    def test_an_authentic_push_is_stored_and_answered_with_true(self):
        response = self.push()
        assert (response.status_code, response.content) == (200, b"true")
        assert rows() == 1

    def test_a_wrong_token_is_not_found(self):
        token = webhook_path(self.purpose).split("/")[2]
        for wrong in ("x", token[:-1], token + "x", token.swapcase(), "æøå"):
            path = webhook_path(self.purpose).replace(token, wrong)
            assert self.push(path=path).status_code == 404
        assert rows() == 0

    def test_a_missing_token_is_not_found(self):
        assert self.push(path=f"/front-sms/{self.purpose}/").status_code == 404
        assert self.push(path=f"/front-sms//{self.purpose}/").status_code == 404

    def test_a_token_for_the_other_purpose_is_not_found(self):
        path = webhook_path(self.other_purpose).replace(self.other_purpose, self.purpose)
        assert self.push(path=path).status_code == 404
        assert rows() == 0

    def test_an_address_that_is_not_fronts_is_forbidden(self):
        assert self.push(REMOTE_ADDR="6.6.6.6").status_code == 403
        assert rows() == 0

    def test_the_log_of_a_forbidden_push_names_the_address_and_the_number_of_proxies(self, caplog):
        self.push(REMOTE_ADDR="6.6.6.6")
        (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert "6.6.6.6" in record.getMessage() and "TRUSTED_PROXY_COUNT is 0" in record.getMessage()

    def test_a_forged_forwarded_header_is_ignored(self):
        assert self.push(REMOTE_ADDR="6.6.6.6", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 403

    def test_behind_a_unix_socket_the_one_trusted_proxy_is_believed(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "TRUSTED_PROXY_COUNT": 1}
        assert self.push(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 200
        assert self.push(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="127.0.0.1, 6.6.6.6").status_code == 403
        assert self.push(REMOTE_ADDR="").status_code == 403

    def test_the_check_of_addresses_can_be_switched_off(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "WEBHOOK_ALLOWED_IPS": None}
        assert self.push(REMOTE_ADDR="6.6.6.6").status_code == 200

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
    def test_other_methods_are_not_allowed(self, method):
        response = self.push(method=method)
        assert (response.status_code, response.get("Allow")) == (405, "GET, POST")
        assert rows() == 0

    def test_a_body_over_the_limit_is_refused_and_noted_for_staff(self, settings, caplog):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 1000}
        response = self.push(method="POST", data=b" " * 1001, content_type="application/json")
        assert response.status_code == 413
        assert rows() == 0
        note = RefusedPush.objects.get()
        assert (note.account, note.purpose, note.size, note.limit) == ("default", self.purpose, 1001, 1000)
        assert any(record.levelno == logging.ERROR and "MAX_INBOUND_BYTES" in record.msg for record in caplog.records)

    def test_a_body_at_the_limit_is_read(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 1000}
        assert self.push(method="POST", data=b" " * 1000, content_type="application/json").status_code == 200

    def test_token_address_method_and_size_are_checked_in_this_order(self, settings):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 1}
        wrong = {"path": f"/front-sms/x/{self.purpose}/", "REMOTE_ADDR": "6.6.6.6", "method": "PUT", "data": b"  "}
        expected = [404, 403, 405, 413]
        seen = []
        for name in ("path", "REMOTE_ADDR", "method", "data"):
            seen.append(self.push(**{"method": "POST", "data": b"  ", "content_type": "application/json", **wrong}))
            del wrong[name]
        assert [response.status_code for response in seen] == expected
        assert RefusedPush.objects.count() == 1

    def test_no_answer_may_be_cached(self, settings):
        answers = [
            self.push(),
            self.push(path=f"/front-sms/x/{self.purpose}/"),
            self.push(REMOTE_ADDR="6.6.6.6"),
            self.push(method="PUT"),
            self.push(method="POST", data=b"  ", CONTENT_LENGTH="x"),
        ]
        assert [answer.status_code for answer in answers] == [200, 404, 403, 405, 400]
        assert {answer["Cache-Control"] for answer in answers} == {"no-store"}

    def test_a_store_that_fails_asks_front_to_try_again(self, monkeypatch, hints):
        def fail(*args, **kwargs):
            raise OperationalError("the database is down")

        monkeypatch.setattr("django.db.models.query.QuerySet._insert", fail)
        response = self.push()
        assert (response.status_code, response.content) == (503, b"false")
        assert response["Cache-Control"] == "no-store"
        assert hints == []

    def test_one_hint_is_sent(self, hints, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            self.push()
        assert hints == ["deliver_events"]

    def test_the_endpoint_is_exempt_from_csrf_checks(self):
        request = {"method": "POST", **self.authentic}
        client = Client(enforce_csrf_checks=True)
        response = client.generic(
            request.pop("method"), webhook_path(self.purpose), request.pop("data", b""), **request
        )
        assert response.status_code == 200

    def test_no_log_holds_a_token_a_number_or_a_text(self, caplog, settings, monkeypatch):
        settings.FRONT_SMS = {**settings.FRONT_SMS, "MAX_INBOUND_BYTES": 1000}
        token = webhook_path(self.purpose).split("/")[2]
        canaries = [token, "4712345678", "kanarifugl", "canary"]
        body = sms(**{"from": "+4712345678", "text": "kanarifugl", "id": 2**70})
        query = "status=kanarifugl&origid=4712345678x&phonenr=004712345678&txt=kanarifugl"
        answers = []
        with caplog.at_level(logging.DEBUG):
            for changes in (
                {},
                {"path": f"/front-sms/canary/{self.purpose}/"},
                {"REMOTE_ADDR": "6.6.6.6"},
                {"method": "PUT"},
                {"data": b"kanarifugl" * 200},
                {"CONTENT_LENGTH": "5000"},
                {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
                {"CONTENT_LENGTH": "kanarifugl"},
            ):
                request = {"data": body, "content_type": "application/json", **changes}
                answers.append(self.push(**{"method": "POST", **request}).status_code)
            answers.append(self.push(method="GET", QUERY_STRING=query).status_code)
            monkeypatch.setattr("django.db.models.query.QuerySet._insert", _fail_with_canary)
            answers.append(self.push(method="POST", data=body + b" ", content_type="application/json").status_code)
        assert set(answers) == {200, 400, 403, 404, 405, 411, 413, 503}
        text = "\n".join(logging.Formatter().format(record) for record in caplog.records)
        assert len(caplog.records) >= sum(answer != 200 for answer in answers)
        assert [canary for canary in canaries if canary in text] == []


def _fail_with_canary(*args: Any, **kwargs: Any) -> None:
    raise OperationalError("DETAIL: Failing row contains (kanarifugl, +4712345678)")


class TestStatusByGet(SecurityCases):
    purpose, other_purpose = "status", "inbound"
    authentic = {"method": "GET", "QUERY_STRING": STATUS.decode()}


class TestStatusByPost(SecurityCases):
    purpose, other_purpose = "status", "inbound"
    authentic = {"method": "POST", "QUERY_STRING": STATUS.decode()}


class TestInboundByGet(SecurityCases):
    purpose, other_purpose = "inbound", "status"
    authentic = {"method": "GET", "QUERY_STRING": QUERY.decode()}


class TestInboundByPost(SecurityCases):
    purpose, other_purpose = "inbound", "status"
    authentic = {"method": "POST", "data": SMS, "content_type": "application/json"}


class TestStatuses:
    def test_the_manuals_status_is_kept_as_it_came(self):
        by_get(STATUS, "status")
        status = DeliveryStatus.objects.get()
        assert (status.account, status.status, status.gateway_id) == ("default", 4, 145099)
        assert (bytes(status.raw), status.problem, status.message) == (STATUS, "", None)
        assert status.process_at is not None

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/x-www-form-urlencoded", b"status=-1&origid=145099"),
            ("application/json", b'{"status": -1, "origid": 145099}'),
            ("application/json", b'{"status": "-1", "origid": "145099"}'),
            (
                "multipart/form-data; boundary=x",
                b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\n-1\r\n'
                b'--x\r\nContent-Disposition: form-data; name="origid"\r\n\r\n145099\r\n--x--\r\n',
            ),
            ("", b"status=-1&origid=145099"),
        ],
    )
    def test_a_status_is_read_from_any_kind_of_body(self, content_type, body):
        assert by_post(body, "status", content_type).content == b"true"
        status = DeliveryStatus.objects.get()
        assert (status.status, status.gateway_id, bytes(status.raw)) == (-1, 145099, body)

    def test_the_query_is_read_before_the_body_and_both_are_kept(self):
        by_post(b"status=5&origid=1", "status", "application/x-www-form-urlencoded", QUERY_STRING=STATUS.decode())
        status = DeliveryStatus.objects.get()
        assert (status.status, status.gateway_id) == (4, 145099)
        assert bytes(status.raw) == STATUS + b"\nstatus=5&origid=1"

    def test_a_repeated_status_is_stored_as_two_rows(self):
        by_get(STATUS, "status")
        by_get(STATUS, "status")
        assert DeliveryStatus.objects.count() == 2

    @pytest.mark.parametrize("query", [b"", b"status=4", b"status=4&origid=x", b"status=4&origid=99999999999999999999"])
    def test_a_status_without_a_readable_id_is_kept_for_staff_and_not_processed_again(self, query):
        assert by_get(query, "status").content == b"true"
        status = DeliveryStatus.objects.get()
        assert (status.gateway_id, status.process_at, bytes(status.raw)) == (None, None, query)
        assert status.problem

    def test_an_unknown_status_is_stored(self):
        by_get(b"status=77&origid=145099", "status")
        assert DeliveryStatus.objects.get().status == 77


class TestInboundAnswers:
    def test_a_redelivery_is_answered_alike_and_stored_once(self, hints, django_capture_on_commit_callbacks):
        for push in (lambda: by_post(SMS), lambda: by_get(QUERY)):
            with django_capture_on_commit_callbacks(execute=True):
                first, second = push(), push()
            assert (first.status_code, first.content) == (second.status_code, second.content) == (200, b"true")
        assert InboundMessage.objects.count() == 2
        assert hints == ["deliver_events"] * 2

    def test_an_unreadable_push_is_answered_with_true_and_kept_byte_for_byte(self):
        for body in (b"", b"{", b"[1]", b"\xff\xfe\x00", b'{"id": 1e999}'):
            assert by_post(body, CONTENT_LENGTH=str(len(body))).content == b"true"
        kept = {bytes(message.raw): message.problem for message in InboundMessage.objects.all()}
        assert set(kept) == {b"", b"{", b"[1]", b"\xff\xfe\x00", b'{"id": 1e999}'}
        assert all(kept.values())

    def test_a_post_without_a_body_keeps_its_query(self):
        by_post(b"", QUERY_STRING=QUERY.decode())
        assert bytes(InboundMessage.objects.get().raw) == QUERY


class TestSiteSettings:
    @pytest.mark.django_db(transaction=True)
    def test_with_atomic_requests_a_push_is_committed_before_it_is_answered(self, settings, monkeypatch, hints):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        monkeypatch.setattr(events, "hint", lambda task: hints.append(transaction.get_autocommit()))
        by_post(SMS)
        by_get(STATUS, "status")
        assert hints == [True, True]

    @pytest.mark.parametrize("view", [webhooks.status, webhooks.inbound])
    def test_the_views_are_marked_for_csrf_login_and_transactions(self, view):
        assert view.csrf_exempt and not view.login_required
        assert view._non_atomic_requests == {"default"}

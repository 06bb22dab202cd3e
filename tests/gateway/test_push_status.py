"""Delivery statuses (§2.3) are read from the query or the body, and unreadable fields are named."""

import pytest

from django_front_sms.gateway.push import StatusPush, decode_status
from tests.gateway.multipart import MULTIPART


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"status=5&origid=145099"),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"origid=145099&status=5\r\n"),
        ("", b"status=5&origid=145099"),
        ("text/plain", b"status=5&origid=145099"),
        ("application/json", b'{"status": 5, "origid": 145099}'),
        ("Application/JSON;charset=utf-8", b'{"status": "5", "origid": "145099"}'),
        ("", b' {"status": 5, "origid": 145099}'),
        ("multipart/form-data; boundary=x42", MULTIPART),
        ('Multipart/Form-Data; charset=utf-8; Boundary="x42"', MULTIPART.replace(b"\r\n", b"\n")),
    ],
)
def test_a_status_is_read_from_any_body(content_type, body):
    assert decode_status(b"", content_type, body) == StatusPush(status=5, gateway_id=145099)


def test_the_query_comes_before_the_body():
    assert decode_status("status=4&origid=1", "", b"status=5&origid=2") == StatusPush(4, 1)
    assert decode_status("origid=1", "", b"status=5&origid=2") == StatusPush(5, 1)


@pytest.mark.parametrize("status", [-1, 0, 4, 5, 6, 99])
def test_known_and_unknown_statuses_are_values(status):
    assert decode_status(f"status={status}&origid=1") == StatusPush(status, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", StatusPush(None, None, "status is missing; origid is missing")),
        ("status=4", StatusPush(4, None, "origid is missing")),
        ("status=&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=DELIVRD&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=4.0&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=%D9%A4&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=--1&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=%B2&origid=1", StatusPush(None, 1, "status is not a whole number")),
        ("status=+4&origid=0145099", StatusPush(4, 145099)),
        ("status=4&origid=" + "0" * 30 + "7", StatusPush(4, 7)),
        (f"status=4&origid={2**63 - 1}", StatusPush(4, 2**63 - 1)),
        (f"status=4&origid={2**63}", StatusPush(4, None, "origid is beyond 64 bits")),
        (f"status=4&origid={2**70}", StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=" + "9" * 5000, StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=-" + "9" * 5000, StatusPush(4, None, "origid is beyond 64 bits")),
        ("status=4&origid=1&status=5", StatusPush(5, 1, "status is given more than once, the last was taken")),
        ("status=4&origid=1&status=4", StatusPush(4, 1)),
        ("Status=4&origid=1", StatusPush(None, 1, "status is missing")),
        ("?status=4&origid=1#top", StatusPush(4, None, "origid is not a whole number")),
        ("&".join(f"p{number}=1" for number in range(2000)) + "&status=4&origid=1", StatusPush(4, 1)),
    ],
)
def test_unreadable_parameters_of_a_status_are_named(query, expected):
    assert decode_status(query) == expected


@pytest.mark.parametrize(
    ("content_type", "body", "problem"),
    [
        ("application/json", b"status=4", "the JSON cannot be read; status is missing; origid is missing"),
        ("application/json", b"[4, 1]", "the JSON is not an object; status is missing; origid is missing"),
        ("", b'{"status": ' + b"[" * 40_000, "the JSON cannot be read; status is missing; origid is missing"),
        ("", b'{"status": true, "origid": NaN}', "status is not a whole number; origid is not a whole number"),
        ("multipart/form-data", MULTIPART, "status is missing; origid is missing"),
        ("multipart/form-data; boundary=x43", MULTIPART, "status is missing; origid is missing"),
    ],
)
def test_unreadable_fields_of_a_status_body_are_named(content_type, body, problem):
    assert decode_status("", content_type, body) == StatusPush(None, None, problem)

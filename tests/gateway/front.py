"""Front's side of §2.1 and §2.4: decoders of requests and encoders of answers."""

import json
from typing import Any

from django_front_sms.gateway.numbers import from_wire, to_wire
from django_front_sms.gateway.query import pairs
from django_front_sms.gateway.submit import Answer, BulkAnswer, BulkSms, Sms


def read_json(body: bytes) -> Sms:
    """The message of a POST to `push.php`."""
    fields = json.loads(body)
    return Sms(**_common(fields), recipient=from_wire(fields["phoneno"]), price=fields.get("price"))


def read_query(query: str | bytes) -> Sms:
    """The message of a GET to `push.php`, decoded as its `encoding` says."""
    raw = dict(pairs(query))
    charset = raw.get("encoding", b"iso-8859-1").decode()
    fields: dict[str, Any] = {name: value.decode(charset) for name, value in raw.items()}
    fields["serviceid"] = int(fields["serviceid"])
    fields["unicode"] = {"true": True, "false": False}.get(fields.get("unicode", ""))
    price = int(fields["price"]) if "price" in fields else None
    return Sms(**_common(fields), recipient=from_wire(fields["phoneno"]), price=price)


def read_bulk(body: bytes) -> BulkSms:
    """The message of a POST to `push_bulk.php`."""
    fields = json.loads(body)
    return BulkSms(**_common(fields), recipients=tuple(map(from_wire, fields["phoneno"])))


def _common(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "service_id": fields["serviceid"],
        "sender": fields["fromid"],
        "text": fields["txt"],
        "unicode": fields.get("unicode"),
        "password": fields.get("password"),
    }


def answer_json(answer: Answer) -> bytes:
    fields = {"id": answer.id, "errorcode": answer.errorcode, "description": answer.description}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def answer_text(answer: Answer) -> bytes:
    """Encode the answer to a GET, which has no description."""
    text = f"ErrorCode={answer.errorcode}"
    return (text if answer.id is None else f"{text}, ID={answer.id}").encode()


def answer_bulk(answer: BulkAnswer) -> bytes:
    return json.dumps(
        {
            "errorcode": answer.errorcode,
            "description": answer.description,
            "invalidPhoneno": [to_wire(number) for number in answer.invalid],
            "duplicatePhoneno": [to_wire(number) for number in answer.duplicates],
        }
    ).encode()

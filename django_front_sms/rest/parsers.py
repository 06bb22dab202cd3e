"""Reading a body: JSON in UTF-8, of limited size, without values that cannot be stored or returned."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.http import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from django_front_sms.rest.exceptions import BodyTooLarge

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJSONParser(BaseParser):
    """Reads at most the bytes that the view allows for its action."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        view: Any = (parser_context or {})["view"]
        return _loads(_read(stream, view.get_max_body_bytes()))


def _read(stream: IO[Any], limit: int) -> bytes:
    try:
        body: bytes = stream.read(limit + 1)
    except UnreadablePostError:
        raise ParseError(_("The body was cut short.")) from None
    if len(body) > limit:
        text = _("The body is too large: at most %(limit)d bytes. Send it in parts.")
        raise BodyTooLarge(text % {"limit": limit})
    return body


def _loads(body: bytes) -> Any:
    try:
        data = json.loads(body.decode(), parse_constant=_refuse_constant)
        if _SURROGATE.search(body):
            json.dumps(data, ensure_ascii=False).encode()  # the reader has joined pairs; a half of one fails here
    except UnicodeEncodeError:
        raise ParseError(_("The body holds half of a surrogate pair, which is not a character.")) from None
    except UnicodeDecodeError:
        raise ParseError(_("The body is not UTF-8.")) from None
    except (ValueError, RecursionError):
        raise ParseError(_("The body is not valid JSON.")) from None
    return data


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")

"""Reading a body: JSON in UTF-8, no longer than it may be, without what could not be stored or given back."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.http import UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from django_front_sms.rest.exceptions import BodyTooLarge

MAX_BYTES = 20 * 2**20  # of a body: ten thousand messages of the longest texts, and their metadata
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Json(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body: bytes = stream.read(MAX_BYTES + 1)
        except UnreadablePostError:
            raise ParseError(_("The body was cut short.")) from None
        if len(body) > MAX_BYTES:
            limit = {"limit": MAX_BYTES}
            raise BodyTooLarge(_("The body is too large: at most %(limit)d bytes. Send it in parts.") % limit)
        try:
            data = json.loads(body.decode(), parse_constant=_no_number)
            if _SURROGATE.search(body):
                json.dumps(data, ensure_ascii=False).encode()  # pairs are joined by now; what is left is half of one
        except UnicodeEncodeError:
            raise ParseError(_("The body holds half of a surrogate pair, which is no character.")) from None
        except UnicodeDecodeError:
            raise ParseError(_("The body is not UTF-8.")) from None
        except (ValueError, RecursionError):
            raise ParseError(_("The body is not JSON that can be read.")) from None
        return data


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")

"""Forms posted by a browser: urlencoded, or multipart for pictures."""

from __future__ import annotations

from email import message_from_string
from email.message import Message as Header
from urllib.parse import parse_qsl

from .mms import Attachment


def read_form(content_type: str, body: bytes) -> tuple[dict[str, str], list[Attachment]]:
    """Return the text fields and the attached files; an empty file field is left out."""
    header = Header()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), []
    fields: dict[str, str] = {}
    files: list[Attachment] = []
    for section in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, blank, content = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if blank:
            _read_section(message_from_string(head.decode("utf-8", "replace")), content, fields, files)
    return fields, files


def _read_section(head: Header, content: bytes, fields: dict[str, str], files: list[Attachment]) -> None:
    name = head.get_param("name", "", header="content-disposition")
    filename = head.get_filename()
    if filename is None:
        fields[str(name)] = content.decode("utf-8", "replace").replace("\r\n", "\n")
    elif filename:
        files.append(Attachment(head.get_content_type(), filename, content))

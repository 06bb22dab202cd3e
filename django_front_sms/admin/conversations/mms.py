"""An MMS on a page: its slides in order, verified pictures, and everything else as a download."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from django_front_sms import inbox
from django_front_sms.admin.badges import icon
from django_front_sms.admin.urls import reverse_admin
from django_front_sms.downloads import may_download
from django_front_sms.models import InboundMessage, MmsFile

_SHAPES = {"audio": "sound", "video": "film", "text": "file", "image": "picture"}


def shown(request: HttpRequest, message: InboundMessage) -> dict[str, Any]:
    """The context of `mms.html`: `slides`, and the files that are in no slide (`others`). `beyond` has the lines of the
    message's text that are in no slide: Front copies the subject and the content of all text files into it (§2.5.1)."""
    prefetch_related_objects([message], "files")
    slides = inbox.slides_of(message)
    parts = [part for slide in slides for part in slide.parts]
    placed = {part.file.pk for part in parts}
    return {
        "beyond": _beyond(message.text, [part.text for part in parts if part.text] if may_download(request) else []),
        "slides": [
            {"parts": [_file(request, part.file, part.text) for part in slide.parts], "time": slide.duration}
            for slide in slides
        ],
        "others": [_file(request, file) for file in inbox.files_of(message) if file.pk not in placed],
    }


def _beyond(text: str, texts: list[str]) -> str:
    """The lines of `text` that none of `texts` has."""
    shown_lines = {line.strip() for each in texts for line in each.splitlines()}
    return "\n".join(line for line in text.splitlines() if line.strip() not in shown_lines)


def _file(request: HttpRequest, file: MmsFile, text: str | None = None) -> dict[str, Any]:
    """The template context of a file; with its content only for users who may view files."""
    may = may_download(request)
    kind = file.content_type.partition(";")[0].strip()  # §2.5.1: parameters may follow
    url = reverse_admin(request, "inboundmessage_file", file.message_id, file.pk)
    return {
        "file": file,
        "type": kind,
        "url": url if may and file.file else "",
        "icon": icon(_SHAPES.get(kind.partition("/")[0], "file")),
        "picture": bool(may and inbox.picture_type(file)),
        "text": text if may else None,
    }

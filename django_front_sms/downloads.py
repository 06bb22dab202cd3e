"""Downloads of MMS files, served so that scripts in them cannot run on this site.

The bytes, the name and the type of a file are untrusted. Files are served sandboxed, as an attachment unless they were
verified to be a picture, never with a type that a browser would run, and never by the storage's own URL.
"""

import unicodedata

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext as _

from django_front_sms import inbox
from django_front_sms.access import may_use
from django_front_sms.models import MmsFile
from django_front_sms.signals import send_personal_data_read

ANYTHING = "application/octet-stream"
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def may_download(request: HttpRequest) -> bool:
    """Whether the user may view both inbound messages and their files."""
    return bool(request.user.has_perms(["front_sms.view_inboundmessage", "front_sms.view_mmsfile"]))


def download(request: HttpRequest, message_id: int, file_id: int) -> FileResponse:
    """The response with a file of this message. Raises `PermissionDenied`, and `Http404` if there is no such file."""
    if not may_download(request):
        raise PermissionDenied
    # Not by both in one query: a message's key beyond 64 bits, unlike the row's own, would be an error on SQLite.
    file = MmsFile.objects.select_related("message").defer("message__raw").filter(pk=file_id).first()
    if file is None or file.message_id != message_id or not may_use(request.user, file.message.account):
        raise Http404(_("There is no such row."))
    if not file.file:
        raise Http404(_("This file is not in the storage yet: the message keeps it, and the worker tries again."))
    try:
        stream = file.file.storage.open(str(file.file.name), "rb")
    except FileNotFoundError:
        raise Http404(_("The storage does not have this file any more.")) from None
    send_personal_data_read(request.user, MmsFile, [file.pk])
    picture = inbox.picture_type(file)
    return FileResponse(
        stream,
        as_attachment=not picture,
        filename=safe_name(file),
        content_type=picture or ANYTHING,
        headers=HEADERS,
    )


def safe_name(file: MmsFile) -> str:
    """The sender's name for a file, without characters that could mislead a person or a file system: paths, control
    characters, and marks that change the direction of writing."""
    kept = "".join("_" if char in '/\\:*?"<>|' else char for char in file.name if unicodedata.category(char)[0] != "C")
    return kept.strip(". ")[-100:] or f"file-{file.pk}"

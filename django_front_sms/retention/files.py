"""Deletes the files of MMS from the storage, and their names from the database."""

import logging
from collections.abc import Collection

from django_front_sms.models import MmsFile
from django_front_sms.models.inbound import mms_storage

logger = logging.getLogger(__name__)


def delete_files(keys: Collection[int]) -> int:
    """Delete files, and empty their rows; returns how many. If the storage fails to delete a file, its row keeps the
    name, so that the next run tries again.

    Equal files share one file in the storage, which is deleted with the last row that names it. An equal file that
    arrives between the query and the deletion is lost: nothing locks a name in the storage.
    """
    rows = list(MmsFile.objects.filter(pk__in=keys))
    names = {str(row.file.name) for row in rows if row.file}
    others = MmsFile.objects.filter(file__in=names).exclude(pk__in=keys)
    shared = set(others.values_list("file", flat=True)) if names else set()
    kept = {name for name in names - shared if not _deleted(name)}
    emptied = 0
    for row in rows:
        if str(row.file.name) not in kept:
            kind = row.content_type.partition(";")[0].strip()  # without the name that may follow it
            row_now = MmsFile.objects.filter(pk=row.pk)
            emptied += row_now.update(file="", name="", sha256="", content_type=kind)
    return emptied


def _deleted(name: str) -> bool:
    try:
        mms_storage().delete(name)
    except Exception as error:  # a storage may raise any exception
        logger.error("A file of an MMS could not be deleted (%s). The next purge will try again.", type(error).__name__)
        return False
    return True

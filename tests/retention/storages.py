"""A storage that deletes files, and one that does not."""

from django.core.files.storage import FileSystemStorage

UNWILLING = {
    "default": {"BACKEND": "tests.retention.storages.Unwilling"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

WILLING = {**UNWILLING, "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}


class Unwilling(FileSystemStorage):
    """A storage that deletes nothing."""

    def delete(self, name):
        raise OSError("not today")

"""Storages for files of MMS that fail in different ways, and `STORAGES` with and without one."""

import threading

from django.core.files.storage import FileSystemStorage, InMemoryStorage

DOWN = {
    "default": {"BACKEND": "tests.inbox.storages.Unwilling"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
UP = {**DOWN, "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}


class Unwilling(InMemoryStorage):
    """A storage that is down."""

    def _save(self, name, content):
        raise OSError("s3://key:secret@bucket is not there")


class Picky(FileSystemStorage):
    """A storage that accepts only pictures."""

    def _save(self, name, content):
        if name.endswith(".bin"):
            raise OSError
        return super()._save(name, content)


class Silent(InMemoryStorage):
    """A storage that never answers, until the test is over."""

    over = threading.Event()

    def _save(self, name, content):
        self.over.wait(20)
        return super()._save(name, content)

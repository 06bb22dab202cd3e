"""A small clinic that reminds its patients by SMS."""

from example_project.celery import app as celery_app

__all__ = ["celery_app"]

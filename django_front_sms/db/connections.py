"""Database connections that a worker keeps from job to job."""

from django.db import connections


def close_broken_connections() -> None:
    """Close connections of this thread that the server has ended, so that the next query opens a new one.

    Django's `close_old_connections` would close all of them where `CONN_MAX_AGE` is 0, as it is by default, and a new
    connection costs more than a claim.
    """
    for each in connections.all(initialized_only=True):
        if each.connection is not None and not each.is_usable():
            each.close()

"""Models that are read from the database that they are written to."""

from typing import Any, ClassVar, Self, TypeVar

from django.db import models, router

Row = TypeVar("Row", bound=models.Model, covariant=True)


class PrimaryQuerySet(models.QuerySet[Row]):
    """Reads from the database that `db_for_write` names: replicas lag, and `db_for_read` may name one.

    Every QuerySet of this app is one: managers, related managers, and Django's own queries, such as `refresh_from_db`
    and prefetching. `using` overrides it.
    """

    @property
    def db(self) -> str:
        # Private: the database and the hints of a QuerySet have no public name. `test_private_names` names the
        # versions tried.
        chosen: Any = self
        return chosen._db or router.db_for_write(self.model, **chosen._hints)


class PrimaryModel(models.Model):
    """A model whose rows are read from the database that they are written to."""

    objects: ClassVar[models.Manager[Self]] = PrimaryQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

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
        chosen: Any = self  # Django's types lack what `using` and hints leave in a QuerySet
        return chosen._db or router.db_for_write(self.model, **chosen._hints)


class PrimaryManager(models.Manager[Row]):
    """The manager of models without custom queries."""

    def get_queryset(self) -> PrimaryQuerySet[Row]:
        chosen: Any = self
        return PrimaryQuerySet(self.model, using=chosen._db, hints=chosen._hints)


class PrimaryModel(models.Model):
    """A model whose rows are read from the database that they are written to."""

    objects: ClassVar[models.Manager[Self]] = PrimaryManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

"""The page of integrations names the versions that `tox` installs at least, and its command does what it says."""

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.docs.pages import DOCS, HERE, ROOT, blocks_of, cells
from tests.docs.test_command_lines import parse_manage

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")


def test_every_package_of_the_neighbours_is_listed_with_the_version_that_was_run():
    listed = {row[0]: row[1] for row in cells(DOCS / "howto" / "integrations.md")}
    bounds = re.findall(r"^ {4}(django-[\w-]+)(?:\[\w+\])?>=([\d.]+)$", (ROOT / "tox.ini").read_text(), re.M)

    assert len(bounds) > 12
    for package, version in bounds:
        assert version in listed[package].split(), package


# ---- django-tenants


class Tenants:
    """Stands for django-tenants, with two tenants; records what is called in whose schema. SIGTERM comes in the third
    call."""

    def __init__(self) -> None:
        self.schema = "public"
        self.calls: list[tuple[str, ...]] = []
        self.rows = [SimpleNamespace(schema_name=name) for name in ("public", "clinic_a", "clinic_b")]

    def get_tenant_model(self) -> Any:
        return SimpleNamespace(objects=self)

    def exclude(self, schema_name: str) -> list[Any]:
        return [row for row in self.rows if row.schema_name != schema_name]

    @contextlib.contextmanager
    def tenant_context(self, tenant: Any) -> Iterator[None]:
        self.schema = tenant.schema_name
        yield
        self.schema = "public"

    def call_command(self, *words: str) -> None:
        parse_manage([*words])
        self.calls.append((self.schema, *words))
        if len(self.calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)


def not_handled(number: int, frame: Any) -> None:
    raise AssertionError("The command does not handle SIGTERM.")


@pytest.fixture
def tenants(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenants]:
    tenants = Tenants()
    utils = ModuleType("django_tenants.utils")
    vars(utils).update(get_tenant_model=tenants.get_tenant_model, tenant_context=tenants.tenant_context)
    monkeypatch.setitem(sys.modules, "django_tenants", ModuleType("django_tenants"))
    monkeypatch.setitem(sys.modules, "django_tenants.utils", utils)
    before = signal.signal(signal.SIGTERM, not_handled)
    yield tenants
    signal.signal(signal.SIGTERM, before)


def test_the_command_for_tenants_works_for_one_after_the_other_until_sigterm(tenants: Tenants) -> None:
    (block,) = [each for each in blocks_of(DOCS / "howto" / "integrations.md") if "Command(BaseCommand)" in each.text]
    names: dict[str, Any] = {"__name__": "sms_of_tenants"}
    exec(compile(block.text, str(block), "exec"), names)
    names["call_command"] = tenants.call_command

    names["Command"]().handle()

    once = ("front_sms", "worker", "--once")
    assert tenants.calls == [("clinic_a", *once), ("clinic_b", *once), ("clinic_a", *once)]

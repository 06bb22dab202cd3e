"""The page of integrations names the versions that `tox` installs at least."""

import re

import pytest

from tests.docs.pages import DOCS, HERE, ROOT, cells

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")


def test_every_package_of_the_neighbours_is_listed_with_the_version_that_was_run():
    listed = {row[0]: row[1] for row in cells(DOCS / "howto" / "integrations.md")}
    bounds = re.findall(r"^ {4}(django-[\w-]+)(?:\[\w+\])?>=([\d.]+)$", (ROOT / "tox.ini").read_text(), re.M)

    assert len(bounds) > 12
    for package, version in bounds:
        assert version in listed[package].split(), package

"""The examples for login packages: `tox -e logins` runs them with the packages themselves, from tests/contrib/site."""

import sys
from types import ModuleType
from typing import Any

import pytest

from django_front_sms.testing import FrontSMS
from tests.docs.pages import DOCS, HERE, ROOT, Block, blocks_of

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")
NUMBER = "+4799999999"


def example(file: str) -> Block:
    (block,) = [each for each in blocks_of(DOCS / "howto" / "login-packages.md") if each.file == file]
    return block


def statements(text: str) -> list[str]:
    """The lines of a module, whatever the order of its imports."""
    code = text.split('"""\n')[-1]
    return sorted(line for line in code.splitlines() if line and not line.startswith("#"))


@pytest.mark.parametrize("file", ["accounts/models.py", "accounts/sms.py"])
def test_the_site_with_the_packages_has_the_example_of_the_page(file: str) -> None:
    assert statements(example(file).text) == statements((ROOT / "tests/contrib/site" / file).read_text())


class SideChannelDevice:
    """What the example uses of django-otp's class."""

    token: str | None = None
    saved: str | None = None

    def generate_token(self, length: int = 6, valid_secs: int = 300, commit: bool = True) -> None:
        self.token = "482913" if self.saved is None else "173062"
        if commit:
            self.save()

    def save(self) -> None:
        self.saved = self.token


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("django_otp.models")
    vars(module).update(SideChannelDevice=SideChannelDevice)
    monkeypatch.setitem(sys.modules, "django_otp", ModuleType("django_otp"))
    monkeypatch.setitem(sys.modules, "django_otp.models", module)
    names: dict[str, Any] = {"__name__": "accounts.models"}
    exec(compile(example("accounts/models.py").text, "accounts/models.py", "exec"), names)
    device = names["SMSDevice"]()
    device.number = NUMBER
    return device


def test_a_device_says_that_a_code_was_sent_and_stores_it(device: Any, front: FrontSMS) -> None:
    assert device.generate_challenge() == "A code was sent by SMS."
    assert [sms.text for sms in front.outbox] == ["Your code is 482913."]
    assert device.saved == "482913"


def test_a_device_says_that_a_code_was_refused_and_keeps_the_one_that_was_sent(
    device: Any, front: FrontSMS, settings: Any
) -> None:
    settings.FRONT_SMS = {**settings.FRONT_SMS, "RATE_LIMITS": {"per_recipient": "1/h"}}
    device.generate_challenge()
    assert device.generate_challenge() == "No code could be sent. Try again later."
    assert len(front.outbox) == 1 and device.saved == "482913"

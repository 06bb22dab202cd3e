"""Running `manage.py front_sms …`, for text output and for JSON."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from django_front_sms.conf import get_settings

NUMBER = "+4799999999"
transactional_db = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code of `manage.py front_sms …`, and its output."""
    out = StringIO()
    try:
        call_command("front_sms", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def read(*arguments: str) -> Any:
    """Return the JSON output."""
    return json.loads(run(*arguments, "--json")[1])


def set_account(settings: Any, **changed: Any) -> None:
    account = {**settings.FRONT_SMS["ACCOUNTS"]["default"], **changed}
    settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": {"default": account}}


def gateway() -> str:
    """Return the key of the account's state."""
    return get_settings().account("default").gateway

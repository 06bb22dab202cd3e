"""Settings for one test."""

from typing import Any


def configure(settings: Any, account: str = "default", /, **keys: Any) -> None:
    """Set keys of `FRONT_SMS`; keys of an account are set on `account`, which is created if missing."""
    front_sms = {**settings.FRONT_SMS, "ACCOUNTS": {**settings.FRONT_SMS["ACCOUNTS"]}}
    of_account = {**front_sms["ACCOUNTS"].get(account, front_sms["ACCOUNTS"]["default"])}
    for key, value in keys.items():
        target = of_account if key in _ACCOUNT_KEYS else front_sms
        target[key] = value
    front_sms["ACCOUNTS"][account] = of_account
    settings.FRONT_SMS = front_sms


_ACCOUNT_KEYS = {
    "SERVICE_ID",
    "PASSWORD",
    "SENDER",
    "GATEWAY_URL",
    "TRANSPORT",
    "DUPLICATE_FILTER",
    "MAX_PER_SECOND",
    "QUIET_HOURS",
}

"""Runs the checks."""

from django.core.checks import run_checks

from django_front_sms.checks import TAG


def found() -> list[str]:
    """The numbers of the checks that fail, as `check --deploy --tag front_sms` finds them."""
    messages = run_checks(tags=[TAG], include_deployment_checks=True, databases=[])
    for message in messages:
        assert message.hint
        assert "%(" not in message.msg
    return [str(message.id).removeprefix("front_sms.") for message in messages]

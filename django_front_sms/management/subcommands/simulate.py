"""`front_sms simulate`: run the simulator, configured for an account of this site."""

from argparse import Action, ArgumentParser, Namespace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import OutputWrapper
from django.db import DatabaseError
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.conf import Account, get_settings
from django_front_sms.management.subcommands.urls import LOCAL, checked, urls_of
from django_front_sms.models import InboundMessage, OutboundMessage
from django_front_sms.signing import address_allowed
from django_front_sms.simulator.__main__ import build_parser, main

HELP = gettext_lazy("Run the simulator as the gateway of this site: no real SMS is sent, and its page shows phones.")
DEFAULT_PORT = 9900


class _FromSettings:
    """The default of an option that is taken from the site's settings, as shown in the help."""

    def __str__(self) -> str:
        return _("as this site's settings have it")


FROM_SETTINGS = _FromSettings()
_OF_ACCOUNT = ("port", "service_id", "password", "status_url", "inbound_url", "first_id")


def parents() -> list[ArgumentParser]:
    """The parsers of the simulator's own options."""
    parser = build_parser()
    parser.set_defaults(**dict.fromkeys(_OF_ACCOUNT, FROM_SETTINGS))
    return [parser]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--account", default="default", help=_("the account whose gateway is simulated (default: %(default)s)")
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        default="http://127.0.0.1:8000",
        help=_("where this site answers its webhooks (default: %(default)s)"),
    )


def handle(out: OutputWrapper, given: Namespace) -> int:
    account = get_settings().account(given.account)
    arguments = arguments_of(account, given)
    gateway = urlsplit(account.gateway_url)
    if gateway.hostname not in LOCAL or gateway.port != build_parser().parse_args(arguments).port:
        where = {"name": account.name, "url": account.gateway_url}
        out.write(_("Account “%(name)s” sends to %(url)s: set its GATEWAY_URL to the gateway named below.") % where)
    if not address_allowed(ip_address("127.0.0.1")):
        out.write(_("Add 127.0.0.1 to WEBHOOK_ALLOWED_IPS: this site refuses what the simulator pushes."))
    out.flush()
    main(arguments)
    return 0


def arguments_of(account: Account, given: Namespace) -> list[str]:
    """The simulator's command line: the given options, and the others from the account."""
    values = {**_answers(account, given), **{k: v for k, v in vars(given).items() if v is not FROM_SETTINGS}}
    values["senders"] = given.senders or [account.sender] * bool(account.sender)
    values["duplicate_filter"] = given.duplicate_filter and account.duplicate_filter is not False
    arguments: list[str] = []
    for action in options_of(build_parser()):
        value, option = values.get(action.dest, action.default), action.option_strings[-1]
        if value == action.default:
            continue
        if action.nargs == 0:
            arguments.append(option)
        elif isinstance(action.nargs, int):
            arguments += [option, *map(str, value)]
        else:
            arguments += [f"{option}={item}" for item in (value if isinstance(value, list) else [value])]
    return arguments


def options_of(parser: ArgumentParser) -> list[Action]:
    """The options of a parser.

    `_actions` is private to argparse, and used here alone; the tests name the versions that were tried. Django's
    `call_command` reads it too.
    """
    return parser._actions


def _answers(account: Account, given: Namespace) -> dict[str, Any]:
    base = checked(given.base_url)
    gateway = urlsplit(account.gateway_url)
    urls = urls_of(account.name, base)
    return {
        "port": (gateway.hostname in LOCAL and gateway.port) or DEFAULT_PORT,
        "service_id": account.service_id,
        "password": account.password,
        "status_url": urls["status"],
        "inbound_url": urls["inbound"],
        "first_id": _first_id(account),
    }


def _first_id(account: Account) -> int | None:
    """The first inbound id that the site has not stored; None if it has stored none (the manual's ids are used).

    A used id with another text would be reported to staff.
    """
    latest = 0
    for model in (OutboundMessage, InboundMessage):
        rows = model.objects.filter(account=account.name, gateway_id__isnull=False)
        try:
            latest = max(latest, rows.aggregate(latest=Max("gateway_id"))["latest"] or 0)
        except DatabaseError:  # no tables yet
            return None
    return latest + 1 if latest else None

"""`front_sms resume ACCOUNT`: resume sending of a paused account, once the cause is fixed."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms import outbox
from django_front_sms.conf import get_settings
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.models import AccountState
from django_front_sms.timeline import explain

HELP = gettext_lazy("Resume sending for a paused account. All messages that wait are sent.")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("account", metavar="ACCOUNT", help=_("its name in FRONT_SMS"))
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    account = get_settings().account(given.account)
    memory = AccountState.objects.filter(key=account.gateway).first()
    code = memory.pause_code if memory else None
    resumed = outbox.resume(account.name)
    if given.json:
        write_json(out, {"account": account.name, "resumed": resumed, "pause_code": code})
    elif not resumed:
        out.write(_("Account “%(name)s” was not paused.") % {"name": account.name})
    else:
        out.write(_("Account “%(name)s” sends again.") % {"name": account.name})
        if code is not None:
            why = {"code": code, "meaning": explain(code)}
            out.write(_("It was paused for code %(code)s: %(meaning)s If that still holds, it will pause again.") % why)
    return 0

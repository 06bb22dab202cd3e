"""`manage.py front_sms …`: passes the command line to the module of the subcommand."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from django_front_sms import health
from django_front_sms.exceptions import FrontSMSError
from django_front_sms.management.subcommands.registry import SUBCOMMANDS

# Options of every Django command, which users write behind the subcommand, too. Django has applied the first two
# before.
_VALUES = ("--settings", "--pythonpath")
_FLAGS = ("--traceback", "--no-color", "--force-color", "--skip-checks")


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("Send SMS, show the state of the queue, and set up the gateway.")
        choices = parser.add_subparsers(dest="subcommand", required=True, metavar=_("subcommand"))
        for name, module in SUBCOMMANDS.items():
            parents = module.parents() if hasattr(module, "parents") else []
            subparser = choices.add_parser(
                name,
                help=str(module.HELP),
                description=str(module.HELP),
                parents=parents,
                conflict_handler="resolve",
                formatter_class=DjangoHelpFormatter,
            )
            _add_options_of_django(subparser)
            module.add_arguments(subparser)

    def handle(self, *args: Any, subcommand: str, **options: Any) -> None:
        try:
            code = SUBCOMMANDS[subcommand].handle(self.stdout, argparse.Namespace(**options))
        except FrontSMSError as error:
            raise CommandError(str(error)) from error
        except DatabaseError:
            if health.migrations(timezone.now())["migrations"]["missing"]:
                raise CommandError(_("The database lacks tables of this app. Run: manage.py migrate")) from None
            raise
        if code:
            sys.exit(code)


def _add_options_of_django(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbosity", type=int, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    for option in _VALUES:
        parser.add_argument(option, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    for option in _FLAGS:
        parser.add_argument(option, action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)

"""`front_sms sweep`: run the sweep once, which workers run every ten seconds."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms import events, jobs, outbox
from django_front_sms.management.subcommands.output import add_json, write_json

HELP = gettext_lazy("Rescue messages whose lease expired, end expired ones, fold statuses, and wake a worker.")


def add_arguments(parser: ArgumentParser) -> None:
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    jobs.sweep()
    due = {"messages": outbox.has_due(), "events": events.has_due()}
    if given.json:
        write_json(out, {"due": due})
    elif any(due.values()):
        out.write(_("Swept. Messages or events are due, and a worker was woken."))
    else:
        out.write(_("Swept. Nothing is due."))
    return 0

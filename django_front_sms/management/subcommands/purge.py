"""`front_sms purge`: remove texts, numbers and files older than `RETENTION_DAYS`."""

import sys
from argparse import ArgumentParser, Namespace

import click
from django.core.management.base import OutputWrapper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms import retention
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.retention import Purged

HELP = gettext_lazy(
    "Remove texts, numbers and files that are older than RETENTION_DAYS. States, prices and times are kept."
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help=_("change nothing; count what would be removed"))
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    purged = retention.purge(dry_run=True) if given.dry_run else _purge()
    if given.json:
        write_json(out, {"before": purged.before, "dry_run": purged.dry_run, "counts": purged.counts})
    else:
        for line in _lines(purged):
            out.write(line)
    return 0


def _purge() -> Purged:
    """Purge, with a progress bar if standard error is a terminal."""
    if not sys.stderr.isatty():
        return retention.purge()
    total = sum(retention.due().values())
    with click.progressbar(length=total, label=_("Purging"), file=sys.stderr) as bar:
        return retention.purge(progress=lambda kind, count: bar.update(count))


def _lines(purged: Purged) -> list[str]:
    if purged.before is None:
        return [_("RETENTION_DAYS is not set, so messages are kept. Set it to a number of days, and run this again.")]
    names = {
        "outbound": _("outgoing messages"),
        "bulk_sends": _("texts of bulk sends"),
        "statuses": _("statuses as they came"),
        "files": _("files of MMS"),
        "inbound": _("inbound messages"),
        "events": _("events for receivers"),
        "handled": _("marks on conversations"),
    }
    heading = _("Older than %(when)s, to be removed:") if purged.dry_run else _("Older than %(when)s, removed:")
    rows = [f"  {names[kind]:<28} {count}" for kind, count in purged.counts.items()]
    return [heading % {"when": f"{timezone.localtime(purged.before):%Y-%m-%d %H:%M}"}, *rows]

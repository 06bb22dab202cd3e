"""`front_sms erase NUMBER`: erase everything about one number, and print a receipt."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from functools import partial

import click
from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms import retention
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.retention import Receipt

HELP = gettext_lazy("Erase everything that is stored about a person's number, in both directions, and print a receipt.")

SOMETHING_IS_LEFT = 3


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("number", metavar="NUMBER", help=_("the person's number"))
    parser.add_argument(
        "--opt-outs", action="store_true", help=_("erase that the person opted out, too; messages may be sent again")
    )
    parser.add_argument(
        "--inbound",
        nargs="+",
        type=int,
        default=[],
        metavar="KEY",
        help=_("erase these inbound messages, too, which an earlier receipt listed to be looked at"),
    )
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    receipt = _erase(given)
    if given.json:
        write_json(out, {**asdict(receipt), "complete": receipt.is_complete})
    else:
        for line in _lines(receipt):
            out.write(line)
    return 0 if receipt.is_complete else SOMETHING_IS_LEFT


def _erase(given: Namespace) -> Receipt:
    """Erase, with a progress bar if standard error is a terminal."""
    erase = partial(retention.erase, given.number, opt_outs=given.opt_outs, inbound=given.inbound)
    if not sys.stderr.isatty():
        return erase()
    with click.progressbar(length=1, label=_("Erasing"), file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return erase(progress=report)


def _lines(receipt: Receipt) -> list[str]:
    names = {
        "outbound": _("outgoing messages"),
        "files": _("files of MMS"),
        "inbound": _("inbound messages"),
        "bulk_texts": _("texts of bulk sends"),
        "statuses": _("delivery statuses of unknown messages"),
        "events": _("events for receivers"),
        "opt_outs": _("opt-outs"),
        "admin_history": _("entries in the admin's history"),
    }
    lines = [_("Erased of %(number)s:") % {"number": receipt.number}]
    lines += [f"  {names[kind]:<38} {count}" for kind, count in receipt.erased.items()]
    if receipt.cancelled:
        lines.append(_("Stopped before: %(count)s waiting messages.") % {"count": receipt.cancelled})
    if receipt.kept["opt_outs"]:
        lines.append(_("Kept: that the person opted out, so that nobody writes again. --opt-outs erases it, too."))
    reasons = {
        "under_way": _("Left, because they may be on their way. Run this again in a few minutes:"),
        "unconfirmed": _("Left, because a person must decide about them in the admin first:"),
        "inbound": _(
            "Left, because no worker has processed them yet, or their files could not be deleted. Run this again:"
        ),
        "unreadable": _(
            "Inbound messages without a readable sender, whose body or files could not be searched. Look at them in "
            "the admin, and erase those of the person with --inbound:"
        ),
        "mentioned": _(
            "Inbound messages from others that could not be read in full, and contain the number. Look at them in "
            "the admin, and erase those of the person with --inbound:"
        ),
        "unreadable_statuses": _(
            "Delivery statuses of unknown messages that could not be searched. They are deleted after 30 days:"
        ),
    }
    for reason, keys in receipt.left.items():
        if keys:
            lines.append(f"{reasons[reason]} {', '.join(f'#{key}' for key in keys)}")
    return lines

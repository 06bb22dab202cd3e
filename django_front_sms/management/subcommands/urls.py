"""`front_sms urls`: what to paste into Front's portal (§1.1, §1.2)."""

from argparse import ArgumentParser, Namespace
from urllib.parse import urlsplit

from django.core.management.base import CommandError, OutputWrapper
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.conf import get_settings
from django_front_sms.management.subcommands.output import add_json, write_json
from django_front_sms.signing import webhook_path

HELP = gettext_lazy("Print the URLs for statuses and for inbound messages, to paste into Front's portal.")
LOCAL = ("localhost", "127.0.0.1", "::1")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--base-url", required=True, metavar="URL", help=_("where Front reaches this site: https://sms.example.no")
    )
    parser.add_argument("--account", help=_("of this account alone (default: all)"))
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    base = checked(given.base_url)
    conf = get_settings()
    names = [conf.account(given.account).name] if given.account else list(conf.accounts)
    found = {name: urls_of(name, base) for name in names}
    if given.json:
        write_json(out, found)
        return 0
    if base.startswith("http://"):
        out.write(
            _("Only this machine reaches http:// addresses like these: they are for the simulator, not for Front.")
        )
    for name, urls in found.items():
        out.write(_("Account “%(name)s”") % {"name": name})
        out.write(f"  {_('URL for status:')}            {urls['status']}")
        out.write(f"  {_('URL for inbound messages:')}  {urls['inbound']}")
    out.write(_("Paste them into Front's portal. They contain a secret: anyone who has it can send requests as Front."))
    return 0


def checked(base_url: str) -> str:
    """`base_url` without a slash at its end; raises `CommandError` if Front cannot, or should not, call it."""
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise CommandError(_("--base-url is not the address of a site. Write it like https://sms.example.no"))
    if parts.scheme == "http" and host not in LOCAL:
        raise CommandError(
            _("Over http://, others on the network can read the messages and the secret in the URLs. Use https://.")
        )
    return base_url.rstrip("/")


def urls_of(account: str, base: str) -> dict[str, str]:
    """The URLs of an account's webhooks, by purpose; `base` as `checked` returns it."""
    try:
        paths = {"status": webhook_path("status", account), "inbound": webhook_path("inbound", account)}
    except NoReverseMatch:
        raise CommandError(
            _('The site\'s URLs have no webhooks. Add path("front-sms/", include("django_front_sms.urls")) to them.')
        ) from None
    below = urlsplit(base).path
    # Under FORCE_SCRIPT_NAME the paths begin with the sub-path that the base URL ends in.
    root = base.removesuffix(below) if below and all(_is_below(path, below) for path in paths.values()) else base
    return {purpose: root + path for purpose, path in paths.items()}


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")

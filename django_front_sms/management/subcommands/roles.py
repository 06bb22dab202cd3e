"""`front_sms roles`: the three groups that a site's staff need, with this app's permissions."""

from argparse import ArgumentParser, Namespace

from django.contrib.auth.models import Group, Permission
from django.core.management.base import OutputWrapper
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_front_sms.exceptions import NotPossible
from django_front_sms.management.subcommands.output import add_json, write_json

HELP = gettext_lazy("Make the groups viewer, operator and manager, or bring their permissions up to date.")

_SEEN = (
    "outboundmessage inboundmessage mmsfile bulksend deliverystatus optout countergap refusedpush accountstate event"
    " savedtext"
)
VIEWER = {f"view_{model}" for model in _SEEN.split()}
OPERATOR = VIEWER | {
    "add_outboundmessage",
    "add_bulksend",
    "cancel_outboundmessage",
    "resend_outboundmessage",
    "decide_outboundmessage",
    "read_again_inboundmessage",
    "add_optout",
}
MANAGER = OPERATOR | {
    "set_price_outboundmessage",
    "ignore_opt_out_outboundmessage",
    "export_outboundmessage",
    "export_inboundmessage",
    "resume_accountstate",
    "redeliver_event",
    "delete_optout",
    "add_savedtext",
    "change_savedtext",
    "delete_savedtext",
}
# Names of groups, which must be the same in every language, so that a later run finds them.
ROLES = {"Front SMS viewer": VIEWER, "Front SMS operator": OPERATOR, "Front SMS manager": MANAGER}


def add_arguments(parser: ArgumentParser) -> None:
    add_json(parser)


def handle(out: OutputWrapper, given: Namespace) -> int:
    with transaction.atomic():
        changes = {name: _give(name, wanted) for name, wanted in ROLES.items()}
    if given.json:
        write_json(out, changes)
        return 0
    for name, change in changes.items():
        if not any(change.values()):
            out.write(_("Group “%(name)s” is up to date.") % {"name": name})
            continue
        out.write(_("Group “%(name)s”:") % {"name": name})
        for codename in change["added"]:
            out.write(f"  + front_sms.{codename}")
        for codename in change["removed"]:
            out.write(f"  - front_sms.{codename}")
    return 0


def _give(name: str, wanted: set[str]) -> dict[str, list[str]]:
    """Set the group's permissions of this app. Permissions of other apps are not changed."""
    ours = Permission.objects.filter(content_type__app_label="front_sms")
    permissions = list(ours.filter(codename__in=wanted))
    missing = wanted - {permission.codename for permission in permissions}
    if missing:
        names = ", ".join(sorted(missing))
        raise NotPossible(
            _("These permissions are not in the database: %(names)s. Run “migrate” first.") % {"names": names}
        )
    group, _made = Group.objects.get_or_create(name=name)
    surplus = list(group.permissions.filter(content_type__app_label="front_sms").exclude(codename__in=wanted))
    had = set(group.permissions.values_list("pk", flat=True))
    added = [permission for permission in permissions if permission.pk not in had]
    group.permissions.add(*added)
    group.permissions.remove(*surplus)
    return {"added": sorted(each.codename for each in added), "removed": sorted(each.codename for each in surplus)}

"""Viewer, operator, manager: the groups that `front_sms roles` creates, and what each may do on the screens."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse

from django_front_sms.management.subcommands.roles import MANAGER, OPERATOR, ROLES, VIEWER
from django_front_sms.models import AccountState, OutboundMessage
from tests.commands.running import read, run
from tests.factories import AccountStateFactory, EventFactory, InboundMessageFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

PERMITTED = {  # action -> lowest permitted role
    "cancel": "operator",
    "resend": "operator",
    "mark_sent": "operator",
    "send_anyway": "operator",
    "give_up": "operator",
    "read_again": "operator",
    "opt_out": "operator",
    "resume": "manager",
    "deliver_again": "manager",
}
RANKS = ["viewer", "operator", "manager"]


def staff(role: str) -> Client:
    run("roles")
    user = User.objects.create(username=role, is_staff=True)
    user.groups.add(Group.objects.get(name=f"Front SMS {role}"))
    browser = Client()
    browser.force_login(user)
    return browser


def codenames(group: str) -> set[str]:
    return set(Group.objects.get(name=group).permissions.values_list("codename", flat=True))


def row_for(action: str):
    rows = {
        "cancel": OutboundMessageFactory,
        "resend": lambda: OutboundMessageFactory(delivered=True),
        "read_again": lambda: InboundMessageFactory(problem="it could not be read"),
        "opt_out": lambda: InboundMessageFactory(sender="+4799999999", opt_out_intent="perhaps"),
        "resume": lambda: AccountStateFactory(paused=True),
        "deliver_again": lambda: EventFactory(subject="out:1", failed=True),
    }
    return rows.get(action, lambda: OutboundMessageFactory(unconfirmed=True))()


# ---- The command


def test_three_groups_are_created_each_with_the_permissions_of_the_previous_one():
    run("roles")

    assert {name: codenames(name) for name in ROLES} == ROLES
    assert VIEWER < OPERATOR < MANAGER
    assert all(name.startswith("view_") for name in VIEWER)


def test_the_roles_have_all_own_permissions_of_the_app_and_only_existing_ones():
    declared = set(Permission.objects.filter(content_type__app_label="front_sms").values_list("codename", flat=True))
    own = {name for name in declared if name.split("_")[0] not in ("view", "add", "change", "delete")}

    assert own <= MANAGER <= declared


def test_a_second_run_changes_nothing_and_says_so():
    run("roles")

    assert run("roles") == (0, "".join(f"Group “{name}” is up to date.\n" for name in ROLES))


def test_a_group_is_updated_and_permissions_of_other_apps_are_kept():
    run("roles")
    group = Group.objects.get(name="Front SMS viewer")
    foreign = Permission.objects.get(codename="view_user")
    group.permissions.remove(Permission.objects.get(codename="view_outboundmessage"))
    group.permissions.add(foreign, Permission.objects.get(codename="add_outboundmessage"))

    code, text = run("roles")

    assert code == 0 and "+ front_sms.view_outboundmessage" in text and "- front_sms.add_outboundmessage" in text
    assert codenames("Front SMS viewer") == VIEWER | {"view_user"}


def test_the_changes_are_printed_as_json():
    assert set(read("roles")["Front SMS manager"]["added"]) == MANAGER
    assert read("roles")["Front SMS manager"] == {"added": [], "removed": []}


def test_before_the_migrations_the_error_says_what_to_do():
    Permission.objects.filter(codename="export_outboundmessage").delete()

    with pytest.raises(CommandError, match=r"export_outboundmessage\. Run “migrate” first"):
        run("roles")
    assert not Group.objects.exists()


# ---- What each may do


@pytest.mark.parametrize("role", RANKS)
@pytest.mark.parametrize("action", PERMITTED)
def test_each_role_has_exactly_its_permissions(action, role):
    browser, row = staff(role), row_for(action)
    page = reverse(f"admin:front_sms_{row._meta.model_name}_change", args=[row.pk])
    may = RANKS.index(role) >= RANKS.index(PERMITTED[action])

    answer = browser.post(page.replace("change/", f"action/{action}/"))

    assert answer.status_code == (200 if may else 403)
    assert (f"action/{action}/" in browser.get(page).content.decode()) == may


@pytest.mark.parametrize("role", RANKS)
def test_only_managers_may_export_messages(role):
    browser = staff(role)
    OutboundMessageFactory()

    for model in ("outboundmessage", "inboundmessage"):
        assert (browser.post(f"/admin/front_sms/{model}/export/").status_code == 200) == (role == "manager")


@pytest.mark.parametrize("role", RANKS)
def test_every_role_sees_every_screen(role):
    browser = staff(role)
    sms = OutboundMessageFactory(retried=True)
    AccountStateFactory(paused=True)

    for app in browser.get("/admin/").context["app_list"]:
        for model in app["models"]:
            assert browser.get(model["admin_url"]).status_code == 200, model["name"]
    assert browser.get(reverse("admin:front_sms_outboundmessage_change", args=[sms.pk])).status_code == 200


def test_users_in_no_group_see_nothing():
    OutboundMessageFactory()
    run("roles")
    browser = Client()
    browser.force_login(User.objects.create(username="nobody", is_staff=True))

    assert browser.get("/admin/").context["app_list"] == []
    assert browser.get("/admin/front_sms/outboundmessage/").status_code == 403
    assert OutboundMessage.objects.count() == 1 and not AccountState.objects.exists()

"""An `AdminSite` of the project's own, on which alone the models are registered."""

import re

import pytest
from django.conf import settings

from django_front_sms.models import MmsFile, OutboundMessage
from tests.sites.crawl import ROLES, crawl, links, one_of_each, staff, work

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sites.office")]

ALONE = not hasattr(settings, "THEME")  # beside other apps and themes, some of the links are theirs
# Jazzmin links the user's own page in the site that is called "admin".
OF_THEMES = "nothing" if ALONE else r"/admin/auth/user/\d+/change/"


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_every_page_opens_and_none_leads_to_the_other_admin_site(role):
    rows = one_of_each()
    pages = crawl(staff(role), "/office/")

    led_away = {link for content in pages.values() for link in links(content) if link.startswith("/admin/")}
    assert not [link for link in led_away if not re.fullmatch(OF_THEMES, link)]
    for model, row in rows.items():
        assert f"/office/front_sms/{model}/{row.pk}/change/" in pages
    assert f"/office/front_sms/inboundmessage/{rows['inboundmessage'].pk}/files/{MmsFile.objects.get().pk}/" in pages
    assert any(re.fullmatch(r"/office/front_sms/conversation/(in|out)/\d+/", page) for page in pages)


def test_actions_of_staff_lead_to_pages_of_the_same_site():
    led = work(staff("manager"), "/office/")

    assert {address for address in led if address and not address.startswith("/office/")} == set()
    assert len([address for address in led if address]) == 8


def test_each_page_of_its_own_names_its_site_in_the_request():
    """django-unfold makes its links by that name."""
    sms = one_of_each()["outboundmessage"]
    browser = staff("superuser")
    app = "/office/front_sms/"
    for page in ("outboundmessage/add/", "conversation/", f"conversation/out/{sms.pk}/", "dashboard/"):
        assert browser.get(f"{app}{page}", follow=True).wsgi_request.current_app == "office", page
    asked = browser.post(f"{app}outboundmessage/{OutboundMessage.objects.queued().latest('pk').pk}/action/cancel/")
    export = browser.post(f"{app}outboundmessage/", {"action": "export_ticked", "_selected_action": sms.pk})
    assert [each.wsgi_request.current_app for each in (asked, export)] == ["office", "office"]


@pytest.mark.urls("tests.sites.partial_admin_sites")
def test_pages_that_the_site_does_not_have_are_not_linked():
    rows = one_of_each()

    pages = crawl(staff("superuser"), "/messages/")

    assert f"/messages/front_sms/outboundmessage/{rows['outboundmessage'].pk}/change/" in pages
    assert not [link for content in pages.values() for link in links(content) if "/dashboard/" in link]
    assert not ALONE or not any("Dashboard" in content for content in pages.values())


@pytest.mark.urls("tests.sites.partial_admin_sites")
def test_a_site_without_outgoing_messages_shows_conversations_and_bulk_sends_without_links_to_them():
    rows = one_of_each()
    staff_user = staff("superuser")

    pages = crawl(staff_user, "/conversations/")

    assert f"/conversations/front_sms/bulksend/{rows['bulksend'].pk}/change/" in pages
    conversations = [
        page for page in pages if re.fullmatch(r"/conversations/front_sms/conversation/(in|out)/\d+/", page)
    ]
    assert conversations
    for page, content in pages.items():
        assert not [link for link in links(content) if "/outboundmessage/" in link], page
        assert not re.search(r'(?:href|src)="(?:None)?"|action="None"', content), page
        assert not ALONE or 'action=""' not in content, page
    assert staff_user.post(conversations[0], {"text": "Et svar", "key": "reply-1"}).status_code in (200, 302)
    assert staff_user.get("/conversations/front_sms/bulksend/add/").status_code == 403

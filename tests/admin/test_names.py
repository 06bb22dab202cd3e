"""Names of people beside their numbers, in lists, on pages, in searches and in exports."""

import csv
import io

import pytest

from django_front_sms.contacts import Contacts
from tests.factories import InboundMessageFactory, OptOutFactory, OutboundMessageFactory

pytestmark = pytest.mark.django_db

KARI = "+4790000026"
LISTS = ["outboundmessage", "inboundmessage", "optout"]
calls: list[list[str]] = []


class Patients(Contacts):
    def labels(self, numbers):
        calls.append(list(numbers))
        return {number: "Kari <Nordmann>" for number in numbers if number == KARI}

    def search(self, text):
        return [KARI] if "nordmann" in text.lower() else []

    def url(self, number):
        return f"/patients/{number[-2:]}/"


@pytest.fixture(autouse=True)
def patients(settings):
    settings.FRONT_SMS = {**settings.FRONT_SMS, "CONTACTS": f"{__name__}.Patients"}
    calls.clear()


def rows() -> list:
    for number in (KARI, "+4790000034"):
        sms = OutboundMessageFactory(recipient=number)
        mo = InboundMessageFactory(sender=number)
        out = OptOutFactory(number=number)
        if number == KARI:
            kept = [sms, mo, out]
    return kept


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_people_in_one_call(admin_client, name):
    rows()
    content = admin_client.get(f"/admin/front_sms/{name}/").content.decode()

    assert f'<bdi>Kari &lt;Nordmann&gt;</bdi> <span class="fs-tel">{KARI}</span>' in content
    assert "+4790000034" in content
    assert [sorted(numbers) for numbers in calls] == [[KARI, "+4790000034"]]


@pytest.mark.parametrize(("name", "depth"), [(name, depth) for name in LISTS for depth in ("", "&depth=all")])
def test_a_name_finds_the_rows_of_that_person(admin_client, name, depth):
    kept = dict(zip(LISTS, rows(), strict=True))
    found = admin_client.get(f"/admin/front_sms/{name}/?q=Nordmann{depth}").context["cl"].result_list

    assert [row.pk for row in found] == [kept[name].pk]


@pytest.mark.parametrize("name", LISTS[:2])
def test_the_page_of_a_message_names_the_person_and_links_to_the_sites_page(admin_client, name):
    kept = dict(zip(LISTS, rows(), strict=True))
    content = admin_client.get(f"/admin/front_sms/{name}/{kept[name].pk}/change/").content.decode()

    assert "<bdi>Kari &lt;Nordmann&gt;</bdi>" in content and 'href="/patients/26/"' in content


@pytest.mark.parametrize(("name", "before"), [("outboundmessage", "Recipient"), ("inboundmessage", "Sender")])
def test_an_export_has_the_name_beside_the_number(admin_client, name, before):
    rows()
    answer = admin_client.post(f"/admin/front_sms/{name}/export/", {"format": "comma"})
    titles, *lines = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    column = titles.index("Name")

    assert titles[column - 1] == before
    assert [line[column - 1 : column + 1] for line in lines] == [["+4790000034", ""], [KARI, "Kari <Nordmann>"]]
    assert len(calls) == 1

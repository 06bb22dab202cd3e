"""No list, search, order or page of the admin reveals the text of a sensitive message, not even by its rows."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from django_front_sms.models import OutboundMessage, SendAttempt
from django_front_sms.models.outbound import HIDDEN_TEXT
from tests.admin.composer.composer_requests import LIST, review
from tests.admin.conversations.conversation_page import address
from tests.admin.conversations.conversation_rows import inbound, outbound
from tests.factories import NUMBER, OutboundMessageFactory

pytestmark = pytest.mark.django_db

CODE = "Koden er 482913"
SECRET: dict[type[Model], set[str]] = {
    OutboundMessage: {"text", "metadata", "payload_digest", "idempotency_digest", "token"},
    SendAttempt: {"token", "twin_key", "wire_digest"},
}
SCREENS = {model: screen for model, screen in admin.site._registry.items() if model._meta.app_label == "front_sms"}


def paths(model: type[Model], depth: int = 3, via: str = "") -> Iterator[str]:
    """The lookups from `model`, over relations in both directions, that reach a column of `SECRET`."""
    for field in model._meta.get_fields():
        if field.related_model and depth:
            for name in {field.name, getattr(field, "attname", field.name)}:
                yield from paths(field.related_model, depth - 1, f"{via}{name}__")
        elif field.name in SECRET.get(model, ()):
            yield f"{via}{field.name}"


@pytest.mark.parametrize("model", SCREENS, ids=lambda model: model._meta.model_name)
def test_no_list_can_be_filtered_by_a_column_that_may_reveal_a_text(model, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user
    found = list(paths(model))
    ends = ("", "__exact", "__startswith", "__contains", "__gt", "__in", "__isnull", "__length", "__code", "__regex")

    allowed = {
        f"{path}{end}" for path in found for end in ends if SCREENS[model].lookup_allowed(path + end, "4", request)
    }

    assert allowed == set()
    if model is OutboundMessage:
        assert {"text", "send_attempts__wire_digest", "duplicates__text", "bulk__messages__text"} <= set(found)


@pytest.mark.parametrize(
    "lookup", ["text__startswith", "payload_digest", "metadata__code", "send_attempts__wire_digest"]
)
@pytest.mark.parametrize("page", ["", "export/", "updates/"])
def test_an_address_with_such_a_filter_is_refused(admin_client, page, lookup):
    sms = OutboundMessageFactory(text=CODE, sensitive=True, metadata={"code": "482913"}, payload_digest="4")
    query = f"?{lookup}=Koden er 4&after={sms.pk - 1}"

    assert admin_client.get(f"{LIST}{page}{query}").status_code == 400
    assert admin_client.post(f"{LIST}{page}{query}", {"format": "comma"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "recipient__startswith=%2B4799",
        "created_at__gte=2026-01-01T00:00:00Z",
        "bulk__isnull=1",
        "bulk_id__isnull=1",
        "created_by__isnull=1",
        "reply_to__isnull=True",
        "id__gte=1",
        "pk__gte=1",
        "sensitive__exact=1",
        "state__in=queued,sent",
        "from=2026-01-01",
    ],
)
def test_a_list_can_be_filtered_by_what_its_pages_show(viewer, query):
    sms = OutboundMessageFactory(recipient=NUMBER, sensitive=True)

    response = viewer.get(f"{LIST}?{query}")

    assert response.status_code == 200
    assert list(response.context["cl"].result_list) == [sms]


def test_a_related_row_is_found_by_its_key_only(viewer, admin_user):
    sms = OutboundMessageFactory(created_by=admin_user)

    for lookup in ("created_by", "created_by__exact", "created_by__id__exact", "created_by__pk"):
        assert list(viewer.get(f"{LIST}?{lookup}={admin_user.pk}").context["cl"].result_list) == [sms]
    for lookup in ("created_by__username", "created_by__password__startswith", "bulk__text", "duplicate_of__recipient"):
        assert viewer.get(f"{LIST}?{lookup}=a").status_code == 400


def test_a_filter_that_a_site_adds_can_be_used(rf, admin_user, monkeypatch):
    screen = SCREENS[OutboundMessage]
    request = rf.get("/")
    request.user = admin_user
    assert not screen.lookup_allowed("bulk__account__exact", "a", request)

    monkeypatch.setattr(screen, "list_filter", ("bulk__account", ("metadata", admin.AllValuesFieldListFilter)))

    assert screen.lookup_allowed("bulk__account__exact", "a", request)
    assert screen.lookup_allowed("metadata__order", "7", request)
    assert not screen.lookup_allowed("bulk__text__startswith", "a", request)


def test_the_order_of_a_list_does_not_depend_on_a_text(viewer):
    texts = ["Koden er 1", "Koden er 2"]
    rows = [OutboundMessageFactory(recipient=NUMBER, text=text, sensitive=True) for text in texts]

    def orders() -> list[list[int]]:
        columns = range(len(viewer.get(LIST).context["cl"].list_display) + 1)
        pages = (viewer.get(LIST, {"o": f"{sign}{n}"}) for n in columns for sign in ("", "-"))
        return [[row.pk for row in page.context["cl"].result_list] for page in pages]

    before = orders()
    for row, text in zip(rows, reversed(texts), strict=True):
        OutboundMessage.objects.filter(pk=row.pk).update(text=text)

    assert orders() == before


@pytest.mark.parametrize("term", ["482913", '"482913"', "Koden", "koden er", "Koden er 482913"])
def test_a_search_does_not_find_a_sensitive_text(viewer, term):
    OutboundMessageFactory(text=CODE, sensitive=True)

    for query in ({"q": term}, {"q": term, "depth": "all"}, {"q": term, "from": "2026-01-01"}):
        assert list(viewer.get(LIST, query).context["cl"].result_list) == []
    assert NUMBER not in viewer.get("/admin/front_sms/conversation/", {"q": term}).content.decode().replace(" ", "")


@pytest.mark.parametrize("part", ["", "threads", "updates", "older"])
@pytest.mark.parametrize("opened", ["ours", "theirs"])
def test_a_conversation_shows_dots_for_a_sensitive_text(viewer, part, opened):
    theirs = inbound(seconds=0)
    ours = outbound(seconds=1, text=CODE, sensitive=True)

    content = viewer.get(address(ours if opened == "ours" else theirs), {"part": part}).content.decode()

    assert HIDDEN_TEXT in content.replace("\\u2022", "•")
    assert "482913" not in content


@pytest.mark.parametrize("part", ["", "threads"])
def test_the_list_of_conversations_shows_dots_for_a_sensitive_text(viewer, part):
    outbound(text=CODE, sensitive=True)

    content = viewer.get(reverse("admin:front_sms_conversation_changelist"), {"part": part}).content.decode()

    assert HIDDEN_TEXT in content.replace("\\u2022", "•")
    assert "482913" not in content


def test_the_composer_does_not_confirm_a_guess(admin_client):
    now = timezone.now()
    OutboundMessageFactory(recipient=NUMBER, text=CODE, created_at=now, sensitive=True)
    OutboundMessageFactory(recipient=NUMBER, text="Hei på deg", created_at=now)

    assert review(admin_client, text=CODE).context["earlier"] == []
    assert [each.number for each in review(admin_client, text="Hei på deg").context["earlier"]] == [NUMBER]

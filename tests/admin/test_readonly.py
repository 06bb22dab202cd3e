"""Properties of every screen: read-only, escaped, and with a constant number of queries."""

from html import unescape

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from django_front_sms.admin.readonly import CappedPaginator
from django_front_sms.models import (
    BulkSend,
    Conversation,
    CounterGap,
    Dashboard,
    OptOut,
    OutboundMessage,
    RefusedPush,
    SavedText,
)
from django_front_sms.states import State
from tests.factories import (
    NOON,
    AccountStateFactory,
    BulkSendFactory,
    DeliveryStatusFactory,
    EventFactory,
    InboundMessageFactory,
    MmsFileFactory,
    OutboundMessageFactory,
    SendAttemptFactory,
    at,
)

pytestmark = pytest.mark.django_db

EDITED = {OptOut, SavedText}  # see test_optouts and test_composer
SCREENS = {Conversation, Dashboard}  # without rows of their own; see test_conversations and test_dashboard
MODELS = [m for m in admin.site._registry if m._meta.app_label == "front_sms" and m not in EDITED | SCREENS]
EVIL = '<script>alert("1")</script>\'"><img src=x onerror=alert(2)>'


def url(row, view="change", *more):
    return reverse(f"admin:front_sms_{row._meta.model_name}_{view}", args=[row.pk, *more])


def listed(model) -> str:
    return reverse(f"admin:front_sms_{model._meta.model_name}_changelist")


def one_of_each(**fields):
    sms = OutboundMessageFactory(retried=True, **fields)
    bulk = BulkSendFactory(text="Hei", recipients=2)
    OutboundMessageFactory(bulk=bulk, state=State.SENT)
    refused = RefusedPush.objects.create(account="default", purpose="inbound", size=3 * 10**7, limit=26_214_400)
    gap = CounterGap.objects.create(account="default", first=7167, last=7168, shown_at=NOON)
    rows = [sms, sms.replies.get(), sms.statuses.first(), bulk, refused, gap]
    return [
        *rows,
        EventFactory(subject=f"out:{sms.pk}", failed=True, traceback="Traceback\nKeyError: 1"),
        AccountStateFactory(paused=True),
    ]


def test_there_is_a_screen_for_each_model_that_staff_use():
    names = {model._meta.model_name for model in MODELS}

    assert names == {row._meta.model_name for row in one_of_each()}


def test_every_list_and_page_opens(viewer):
    for row in one_of_each():
        assert viewer.get(listed(row)).status_code == 200
        assert viewer.get(url(row)).status_code == 200


@pytest.mark.parametrize("query", ["account=%00", "q=%00", "sender=Mitt&sender__contains=%00", "e=1&account=%00"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_nul_in_a_query_is_handled_as_an_invalid_filter(model, query, viewer):
    answer = viewer.get(f"{listed(model)}?{query}", follow=True)

    assert answer.status_code == 200
    assert "e=1" in answer.request["QUERY_STRING"]


def test_a_query_cannot_contain_regular_expressions(viewer):
    assert viewer.get(f"{listed(OutboundMessage)}?text__regex=(").status_code == 400
    assert viewer.get(f"{listed(OutboundMessage)}?text__iregex=a").status_code == 400
    assert viewer.get(f"{listed(OutboundMessage)}?recipient=%2B4799999999").status_code == 200


def test_without_the_permission_to_view_nothing_opens(login):
    somebody = login()

    for row in one_of_each():
        assert somebody.get(listed(row)).status_code == 403
        assert somebody.get(url(row)).status_code == 403


def test_anonymous_users_are_redirected_to_the_login(client):
    for row in one_of_each():
        answer = client.get(url(row))

        assert answer.status_code == 302 and "/login/?next=" in answer.headers["Location"]


def test_not_even_a_superuser_can_edit_add_or_delete_a_row(admin_client):
    for row in one_of_each():
        page = admin_client.get(url(row)).content.decode()

        assert 'name="_save"' not in page and 'name="text"' not in page
        assert admin_client.post(url(row), {"state": "delivered", "_save": "1"}).status_code == 403
        if not isinstance(row, BulkSend | OutboundMessage):  # what is sent is written in the composer
            assert admin_client.get(reverse(f"admin:front_sms_{row._meta.model_name}_add")).status_code == 403
        assert admin_client.post(url(row, "delete"), {"post": "yes"}).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()


def test_a_page_has_no_field_to_type_into_but_tokens_and_the_site_search(admin_client):
    for row in one_of_each():
        content = admin_client.get(url(row)).content.decode()
        inner = content[content.index('id="content-main"') :]

        assert "<textarea" not in inner and "<select" not in inner
        assert inner.count("<input") == inner.count('<input type="hidden"')


def test_received_markup_is_escaped_on_every_page(admin_client):
    sms = OutboundMessageFactory(text=EVIL, sender=EVIL[:11], state=State.REJECTED, error_text=EVIL, error_code=3)
    SendAttemptFactory(message=sms, number=1, claimed_at=at(1), outcome="ambiguous", detail=EVIL)
    reply = InboundMessageFactory(
        text=EVIL, sender=EVIL, recipient=EVIL, keyword=EVIL, problem=EVIL, raw=EVIL.encode(), in_reply_to=sms
    )
    MmsFileFactory(message=reply, name=EVIL, content_type=f"image/png{EVIL}", content=b"x")
    row = DeliveryStatusFactory(message=sms, status=4, received_at=at(1), problem=EVIL, raw=EVIL.encode())
    failed = EventFactory(subject=f"out:{EVIL}", failed=True, traceback=EVIL, data={EVIL: EVIL})
    bulk = BulkSendFactory(account=EVIL[:50], sender="x", text=EVIL, recipients=1)

    for target in (sms, reply, row, failed, bulk):
        for address in (url(target), listed(target)):
            content = admin_client.get(address).content.decode()

            assert "<script>alert" not in content and "<img src=x" not in content
            assert "<script>alert" in unescape(content)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_a_list_takes_the_same_queries_for_one_row_and_many(model, viewer, django_assert_max_num_queries):
    one_of_each(recipient="+4791111111")
    viewer.get(listed(model))  # content types and permissions are known from here on
    with django_assert_max_num_queries(9) as first:
        viewer.get(listed(model))
    for number in range(5):
        sms = OutboundMessageFactory(retried=True, gateway_id=number)
        MmsFileFactory(message=sms.replies.get(), name="a", content_type="image/png", content=b"x")
        EventFactory(subject=f"out:{sms.pk}")
        BulkSendFactory(sender="x", text="x", recipients=1)
    with django_assert_max_num_queries(len(first)):
        viewer.get(listed(model))


def test_rows_are_not_queried_if_the_count_is_zero(viewer, django_assert_max_num_queries):
    OutboundMessageFactory()
    viewer.get(listed(OutboundMessage))
    with django_assert_max_num_queries(8) as all_of_them:
        viewer.get(listed(OutboundMessage))
    with django_assert_max_num_queries(len(all_of_them) - 1):
        answer = viewer.get(listed(OutboundMessage), {"state__exact": "expired"})

    assert "0 sent messages" in answer.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_the_checkboxes_are_those_of_django(model):
    screen = admin.site._registry[model]
    for row in (each for each in one_of_each() if isinstance(each, model)):
        assert screen.action_checkbox(row) == admin.ModelAdmin.action_checkbox(screen, row)


def test_a_row_links_back_to_the_filtered_list(viewer):
    sms = OutboundMessageFactory()

    plain = viewer.get(listed(sms)).content.decode()
    filtered = viewer.get(listed(sms), {"state__exact": "queued", "q": "999 99 999"}).content.decode()

    assert f'<a href="{url(sms)}">' in plain
    kept = "_changelist_filters=state__exact%3Dqueued%26q%3D999%2B99%2B999"
    assert f'<a href="{url(sms)}?{kept}">' in filtered


def test_lists_and_pages_take_at_most_twelve_queries(viewer, django_assert_max_num_queries):
    ContentType.objects.get_for_models(*MODELS)  # a process asks for them once
    rows = one_of_each()
    rows += [
        OutboundMessageFactory(state=state, bulk=rows[3], duplicate_of=rows[0])
        for state in State
        if state != State.SENDING
    ]
    for row in rows:
        viewer.get(listed(row))
        with django_assert_max_num_queries(12):
            viewer.get(listed(row))
        with django_assert_max_num_queries(12):
            viewer.get(url(row))


def test_a_page_takes_the_same_queries_for_short_and_long_timelines(viewer, django_assert_max_num_queries):
    sms = OutboundMessageFactory(retried=True)
    OutboundMessageFactory(duplicate_of=sms, state=State.DUPLICATE)
    viewer.get(url(sms))
    with django_assert_max_num_queries(16) as first:
        viewer.get(url(sms))
    for number in range(3, 13):
        SendAttemptFactory(message=sms, number=number, claimed_at=at(number), error_code=0)
        DeliveryStatusFactory(message=sms, status=-1, received_at=at(number))
        InboundMessageFactory(in_reply_to=sms)
        OutboundMessageFactory(duplicate_of=sms, state=State.DUPLICATE)
    with django_assert_max_num_queries(len(first)):
        viewer.get(url(sms))


def test_a_list_never_counts_all_the_rows_of_a_large_table(viewer, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "cap", 3)
    for _ in range(5):
        OutboundMessageFactory()

    with django_assert_max_num_queries(9) as queries:
        content = viewer.get(listed(OutboundMessage)).content.decode()

    counts = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("SELECT COUNT(")]
    assert counts and all("LIMIT 4" in sql for sql in counts)
    assert "There are more. Search or filter to see them." in content


def test_a_list_with_an_exact_count_does_not_say_that_there_are_more(viewer):
    OutboundMessageFactory()

    assert "There are more." not in viewer.get(listed(OutboundMessage)).content.decode()


def test_a_state_is_shown_by_a_word_and_a_shape_not_by_colour_alone(viewer):
    for state in State:
        sms = OutboundMessageFactory(state=state)
        content = viewer.get(url(sms)).content.decode()
        badge = content[content.index("fs-badge") :]

        assert "<svg" in badge[:200] and str(state.label) in badge[:600]


def test_times_are_exact_in_the_markup(viewer):
    OutboundMessageFactory(created_at=NOON)

    content = viewer.get(listed(OutboundMessage)).content.decode()

    assert '<time datetime="2026-03-02T13:00:00+01:00" title="2026-03-02 13:00:00.000+01:00">' in content


def test_the_steps_of_a_row_have_tooltips_with_time_and_reason(viewer):
    OutboundMessageFactory(created_at=NOON, state=State.DELIVERED, sent_at=NOON, delivered_at=NOON)
    OutboundMessageFactory(created_at=NOON, next_at=NOON, waits_for="schedule")

    content = viewer.get(listed(OutboundMessage)).content.decode()

    assert "4 of 4: delivered\ncreated: 2026-03-02 13:00:00.000+01:00\nsent: " in content
    assert "due: 2026-03-02 13:00:00.000+01:00\nwaits for: its scheduled time" in content

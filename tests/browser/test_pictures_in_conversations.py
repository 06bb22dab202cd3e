"""A picture that loads late does not move the newest message out of view."""

import io

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.factories import InboundMessageFactory, MmsFileFactory, at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_newest_message_stays_visible_when_a_picture_is_loaded(transactional_db, page_of):
    image = pytest.importorskip("PIL.Image")
    content = io.BytesIO()
    image.new("RGB", (480, 900), "green").save(content, "PNG")
    for _ in range(4):
        InboundMessageFactory(text="Hei")
    mms = InboundMessageFactory(text="Se her", received_at=at(1))
    MmsFileFactory(
        message=mms, name="image01.png", content_type="image/png;Name=image01.png", content=content.getvalue()
    )
    InboundMessageFactory(text="Fint, ikke sant?", received_at=at(2))
    page = page_of(User.objects.create_superuser("kari"))

    page.goto(reverse("admin:front_sms_conversation_in", args=[mms.pk]))
    page.wait_for_function("document.querySelector('.fs-bubbles img').naturalWidth > 0")

    page.wait_for_function(
        "(() => { const pane = document.querySelector('.fs-scroll');"
        " return pane.scrollHeight > pane.clientHeight + 60"
        " && pane.scrollHeight - pane.scrollTop - pane.clientHeight < 60; })()",
        timeout=10_000,
    )

"""Reading saved texts."""

import pytest

from django_front_sms.models import SavedText
from tests.rest.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]


def test_saved_texts_are_found_by_name_account_and_language(viewer: Api) -> None:
    for name, account, language in (("time", "", "nb"), ("time", "default", "en"), ("stengt", "", "")):
        SavedText.objects.create(name=name, account=account, language=language, text="Hei {name}")

    def found(query: str) -> list[tuple[str, str, str]]:
        rows = viewer.get(f"saved-texts/?{query}").json()["results"]
        return [(row["name"], row["account"], row["language"]) for row in rows]

    assert found("") == [("stengt", "", ""), ("time", "default", "en"), ("time", "", "nb")]
    assert found("name=time") == [("time", "default", "en"), ("time", "", "nb")]
    assert found("account=") == [("stengt", "", ""), ("time", "", "nb")]
    assert found("language=en") == [("time", "default", "en")]


def test_a_saved_text_has_its_placeholders(viewer: Api) -> None:
    row = SavedText.objects.create(name="time", text="Hei {name}")
    data = viewer.get(f"saved-texts/{row.pk}/").json()
    assert (data["text"], data["account"], data["created_by"]) == ("Hei {name}", "", None)

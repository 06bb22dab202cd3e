"""Templates that Django's admin looks for below `admin/front_sms/` replace Django's templates deliberately."""

from pathlib import Path

import django.contrib.admin

import django_front_sms

OURS = Path(django_front_sms.__file__).parent / "templates" / "admin" / "front_sms"
DJANGOS = Path(django.contrib.admin.__file__).parent / "templates" / "admin"
REPLACED = {"app_index.html", "change_form.html", "change_list.html", "pagination.html", "search_form.html"}


def test_no_template_replaces_one_of_djangos_by_accident():
    assert {path.name for path in OURS.glob("*.html")} & {path.name for path in DJANGOS.glob("*.html")} <= REPLACED

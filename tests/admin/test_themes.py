"""The style sheets work without the theme of Django's admin; `tox -e neighbours` opens the pages under others."""

import re
from pathlib import Path

import django_front_sms

STATIC = Path(django_front_sms.__file__).parent / "static" / "django_front_sms"
SHEETS = {path.name: path.read_text() for path in STATIC.glob("*.css")}
DEFAULTS = re.search(r":where\(:root\) \{(.*?)\}", SHEETS["themes.css"], re.S)[1]


def test_every_variable_of_djangos_theme_has_a_value_without_it():
    used = {name for text in SHEETS.values() for name in re.findall(r"var\((--[\w-]+)", text)}
    known = set(re.findall(r"(--[\w-]+):", DEFAULTS))

    assert {name for name in used if not name.startswith("--fs-")} <= known


def test_screen_reader_texts_are_hidden_by_a_css_rule_of_the_app():
    assert re.search(r"^\.visually-hidden \{", SHEETS["admin.css"], re.M)


def test_every_page_loads_the_values():
    assert '@import "themes.css";' in SHEETS["admin.css"]

"""Saved texts: choosing the one that applies, and filling in its placeholders."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.utils.formats import localize
from django.utils.timezone import is_aware, localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import placeholders as syntax
from django_front_sms.models import SavedText


def render_text(name: str, /, *, account: str = "default", **values: Any) -> str:
    """Return the saved text `name` for `account` in the active language, with its placeholders filled in.

    A text of the account has precedence over one for every account; then one in the active language over one in its
    base language (`en` for `en-gb`), one for any language, and one in `LANGUAGE_CODE`. Dates and times are formatted
    for the active language, everything else by `str()`. Values that the text does not use are ignored.

    Raises `InvalidMessage` with code `unknown_text` where there is no such text, and `missing_value` where a
    placeholder has no value or None; `UnknownAccount` where `account` is not in the settings.
    """
    return fill_text(saved_text(name, account=account).text, values)


def saved_text(name: str, *, account: str = "default") -> SavedText:
    """The saved text that `render_text` takes. Raises `InvalidMessage` with code `unknown_text`."""
    get_settings().account(account)
    languages = _languages()
    # Compared in Python: to some databases "påminnelse" and "Paminnelse" are equal.
    rows = SavedText.objects.for_accounts([account]).filter(name=name, language__in=languages)
    candidates = [row for row in rows if row.name == name]
    if not candidates:
        raise InvalidMessage(
            _("There is no saved text “%(name)s” for this account and language. Save one, or use another name.")
            % {"name": name},
            "unknown_text",
        )
    return min(candidates, key=lambda row: (row.account != account, languages.index(row.language)))


def fill_text(text: str, values: Mapping[str, Any]) -> str:
    """Return `text` with its `{placeholders}` filled in from `values`.

    Raises `InvalidMessage` with code `missing_value` where a placeholder has no value or None, and
    `invalid_placeholder` where a brace belongs to no placeholder.
    """
    written = {name: _as_text(value) for name, value in values.items() if value is not None}
    try:
        return syntax.fill(text, written)
    except syntax.PlaceholderError as error:
        raise InvalidMessage(
            _("“%(part)s” is not a placeholder. Write one word in braces, such as {name}. Double a brace to print it.")
            % {"part": error.part},
            "invalid_placeholder",
        ) from None
    except KeyError as error:
        raise InvalidMessage(
            _("The text has the placeholder {%(name)s}, but there is no value for it. Fill it in.")
            % {"name": error.args[0]},
            "missing_value",
        ) from None


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in `text`, each once, in order; `ValueError` where a brace belongs to none."""
    return syntax.placeholders(text)


def _languages() -> list[str]:
    """The languages to look for, the best one first; an empty one is any language."""
    active = get_language() or settings.LANGUAGE_CODE
    site = settings.LANGUAGE_CODE
    return list(dict.fromkeys([active, active.split("-")[0], "", site, site.split("-")[0]]))


def _as_text(value: Any) -> str:
    if isinstance(value, datetime) and is_aware(value):
        value = localtime(value)
    if isinstance(value, (date, time)):
        return str(localize(value))
    return str(value)

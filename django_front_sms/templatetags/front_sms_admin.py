"""Template tags of this app's admin pages."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from django_front_sms.admin.index import split

register = template.Library()


@register.filter
def in_order(app_list: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The one app of an app's index as two: the models of each day, and the technical ones."""
    app = {**app_list[0], "models": [model for each in app_list for model in each["models"]]}
    daily, technical = split(app["models"])
    parts = ((app["name"], daily), (_("Technical"), technical))
    return [{**app, "name": name, "models": models} for name, models in parts if models]

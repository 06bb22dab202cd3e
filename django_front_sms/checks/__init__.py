"""System checks: one numbered id per mistake, each with what to do about it.

    mistakes.py     the mistakes, their words and their numbers
    values.py       each value of `FRONT_SMS` by itself
    rules.py        values that do not go together, or name what is not there
    site.py         the site around it: proxies, broker, URLs, storage
    databases.py    settings of the database that lose commits, or let them fail (`check --database default`)

Nothing here raises for a malformed setting, and nothing imports Celery. `manage.py check --tag front_sms` runs these
alone.
"""

from django_front_sms.checks import combinations, databases, site, values
from django_front_sms.checks.messages import MISTAKES, TAG, CheckSpec

__all__ = ["MISTAKES", "TAG", "CheckSpec", "combinations", "databases", "site", "values"]

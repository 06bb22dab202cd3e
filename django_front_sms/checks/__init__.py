"""System checks: one numbered id per mistake, each with what to do about it.

    mistakes.py     the mistakes, their words and their numbers
    values.py       each value of `FRONT_SMS` by itself
    rules.py        values that do not go together, or name what is not there
    site.py         the site around it: proxies, broker, URLs, storage
    databases.py    settings of the database that lose commits, or let them fail (`check --database default`)

Nothing here raises for a malformed setting, and nothing imports Celery. `manage.py check --tag front_sms` runs these
alone.
"""

from django_front_sms.checks import databases, rules, site, values
from django_front_sms.checks.mistakes import MISTAKES, TAG, Mistake

__all__ = ["MISTAKES", "TAG", "Mistake", "databases", "rules", "site", "values"]

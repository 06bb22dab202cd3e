"""System checks, each with an id of its own and a hint. `manage.py check --tag front_sms` runs only these.

    messages.py       the ids, texts and hints
    values.py         each value of `FRONT_SMS` by itself
    combinations.py   values that contradict each other, or name something that does not exist
    site.py           the site: proxies, broker, URLs, storage, routers
    databases.py      database settings that lose commits, or refuse content (`check --database default`)

Malformed settings raise no exception here.
"""

from django_front_sms.checks import combinations, databases, site, values
from django_front_sms.checks.messages import SPECS, TAG, CheckSpec

__all__ = ["SPECS", "TAG", "CheckSpec", "combinations", "databases", "site", "values"]

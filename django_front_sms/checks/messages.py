"""The messages of the checks, by id. `E`: the app cannot work, or breaks its promise; `W`: probably an error."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TAG = "front_sms"
SPECS: dict[str, "CheckSpec"] = {}


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A message of a check. `text` may have `%(placeholders)s`; `hint` says what to do."""

    id: str
    text: "_StrPromise"
    hint: "_StrPromise"

    def __post_init__(self) -> None:
        SPECS[self.id] = self

    def as_message(self, **values: Any) -> CheckMessage:
        """The message as Django's checks return it, with `values` for its placeholders."""
        level = Error if self.id.startswith(f"{TAG}.E") else Warning
        return level(str(self.text) % values, hint=str(self.hint), id=self.id)


NO_ACCOUNT = CheckSpec(
    "front_sms.E001",
    _("FRONT_SMS names no account."),
    _('Add FRONT_SMS = {"ACCOUNTS": {"default": {"SERVICE_ID": …}}} to the settings, with the number that Front gave.'),
)
NOT_A_DICT = CheckSpec(
    "front_sms.E002",
    _("%(where)s is not a dict."),
    _("Write a dict with the keys that the reference of settings lists."),
)
UNKNOWN_KEY = CheckSpec(
    "front_sms.E003",
    _('%(where)s has an unknown key, "%(key)s".'),
    _("Correct its spelling, or remove it: the reference of settings lists all keys, in capitals."),
)
SERVICE_ID = CheckSpec(
    "front_sms.E004",
    _("%(where)s has no SERVICE_ID, or one that is not a positive whole number."),
    _('Set it to the number that Front gave you, without quotes. From the environment: int(os.environ["…"]).'),
)
SAME_GATEWAY = CheckSpec(
    "front_sms.E005",
    _('The accounts "%(first)s" and "%(second)s" have the same GATEWAY_URL and SERVICE_ID.'),
    _("To Front they are one account: keep one of them, and give the sender with each message."),
)
GATEWAY_URL = CheckSpec(
    "front_sms.E006",
    _("GATEWAY_URL of %(where)s is not a URL below which push.php could be: %(value)s"),
    _('Leave it out for Front\'s own, or write the address without push.php, like "https://www.pling.as/psk/".'),
)
PLAIN_HTTP = CheckSpec(
    "front_sms.E007",
    _("GATEWAY_URL of %(where)s is http://, so texts, numbers and passwords would go over the network unencrypted."),
    _("Use https://. http:// is for a simulator on this machine; silence this check for one in another container."),
)
SENDER = CheckSpec(
    "front_sms.E008",
    _("SENDER of %(where)s cannot be a sender. %(reason)s"),
    _("Write it exactly as Front registered it: a text of at most 11 characters, or digits (§1.1)."),
)
CHOICE = CheckSpec(
    "front_sms.E009",
    _("%(where)s is %(value)s; it must be one of %(choices)s."),
    _("Choose one of these, or leave the key out for the default."),
)
WRONG_KIND = CheckSpec(
    "front_sms.E010",
    _("%(where)s is %(value)s; it must be %(wanted)s."),
    _("Correct it, or leave the key out for the default."),
)
NO_ROOM = CheckSpec(
    "front_sms.E011",
    _("DUPLICATE_WINDOW - TIMEOUT - WINDOW_MARGIN is %(seconds)s s, which leaves no time for a resend."),
    _("Lower TIMEOUT or WINDOW_MARGIN: a resend is safe only while Front's duplicate filter remembers the first try."),
)
OVERRIDE = CheckSpec(
    "front_sms.E012",
    _("RECIPIENT_OVERRIDE is not a phone number. %(reason)s"),
    _(
        "Write the one number that is to receive every SMS, with its country code, or None to send to the recipients "
        "themselves."
    ),
)
RATE_LIMIT = CheckSpec(
    "front_sms.E013",
    _('RATE_LIMITS: "%(key)s" is not a valid limit. %(reason)s'),
    _('Write {"per_recipient": "5/h", "international": "100/d"}: a count and s, m, h or d; "500s/d" counts segments.'),
)
CLIENT = CheckSpec(
    "front_sms.E014",
    _("CLIENT cannot be used: %(reason)s"),
    _("Name a class with the methods send and send_bulk by its dotted path, or leave the key out for the real client."),
)
STORAGE = CheckSpec(
    "front_sms.E015",
    _('MMS_STORAGE names "%(alias)s", which cannot be used: %(reason)s'),
    _("Add it to STORAGES, or name one that is there. Until then files of an MMS stay in the database."),
)
ADDRESS = CheckSpec(
    "front_sms.E016",
    _("WEBHOOK_ALLOWED_IPS has %(value)s, which is neither an address nor a network."),
    _('Write addresses or networks, like "192.0.2.1" or "192.0.2.0/24"; leave the key out for Front\'s own (§2.5).'),
)
WEAK_SECRET = CheckSpec(
    "front_sms.E017",
    _("WEBHOOK_SECRETS holds a secret of fewer than 16 characters (number %(number)s)."),
    _(
        "Anyone who guesses it can forge messages. Create a long one: "
        "python -c 'import secrets; print(secrets.token_urlsafe())'"
    ),
)
SEVERAL_DATABASES = CheckSpec(
    "front_sms.E018",
    _('A database router writes %(models)s to another database than outgoing messages, which go to "%(alias)s".'),
    _("Let db_for_write give one answer for the app front_sms and the user model: their rows refer to each other."),
)
NOBODY_ALLOWED = CheckSpec(
    "front_sms.E019",
    _("WEBHOOK_ALLOWED_IPS is an empty list, so every push of Front's is refused with 403."),
    _("Leave the key out for Front's own addresses (§2.5), or write None to let any address in."),
)
NAIVE_TIMES = CheckSpec(
    "front_sms.E020",
    _("USE_TZ is False, but this app's times have a time zone: messages would be queued, and none ever sent."),
    _("Set USE_TZ = True, which has been Django's default since 5.0."),
)
FLAT = CheckSpec(
    "front_sms.E021",
    _('FRONT_SMS has keys of an account at its top level: %(keys)s. These belong under ACCOUNTS["default"].'),
    _('Write FRONT_SMS = {"ACCOUNTS": {"default": {"SERVICE_ID": …, "SENDER": …}}}.'),
)
ALERTS = CheckSpec(
    "front_sms.E022",
    _("ALERTS cannot be used: %(reason)s."),
    _('Write {"TO": "managers", "AFTER": 15}: "managers", "admins" or a list of addresses, and minutes.'),
)
NO_TASK_FRAMEWORK = CheckSpec(
    "front_sms.E025",
    _('WORKER is "tasks", but Django %(version)s has no task framework: nothing would wake a worker.'),
    _('Use Django 6.0 or later, or write "celery" or "command".'),
)

UNGUARDED = CheckSpec(
    "front_sms.W001",
    _("The webhooks accept any address (WEBHOOK_ALLOWED_IPS is None), and have no secret of their own."),
    _("Set WEBHOOK_SECRETS, or leave WEBHOOK_ALLOWED_IPS out: only the URL's token protects Front's requests."),
)
PASSWORD_IN_URL = CheckSpec(
    "front_sms.W002",
    _('%(where)s sends its password in the URL (TRANSPORT "get"), where logs and proxies keep it.'),
    _('Use TRANSPORT "json", or let Front know your address and leave PASSWORD out.'),
)
PROXY = CheckSpec(
    "front_sms.W003",
    _("%(setting)s says that a proxy is in front of this site, but TRUSTED_PROXY_COUNT is 0."),
    _("Set it to how many proxies append to X-Forwarded-For: else pushes seem to come from a proxy, and get 403."),
)
MEMORY_BROKER = CheckSpec(
    "front_sms.W004",
    _("CELERY_BROKER_URL is in memory: workers are not notified of messages, and find them at their next sweep."),
    _("Use Redis (redis://…), or RabbitMQ. Without one nothing is lost, but each message waits for up to ten seconds."),
)
STAND_IN = CheckSpec(
    "front_sms.W005",
    _("CLIENT is %(path)s, which sends nothing, and DEBUG is off."),
    _("Leave CLIENT out where messages are to reach people."),
)
LOCAL_GATEWAY = CheckSpec(
    "front_sms.W006",
    _("GATEWAY_URL of %(where)s is on this machine, and DEBUG is off."),
    _("That is a simulator: nobody gets these messages. Leave GATEWAY_URL out for Front's own."),
)
PUBLIC_FILES = CheckSpec(
    "front_sms.W007",
    _("The files of an MMS are under MEDIA_ROOT, and are served at %(url)s without a login."),
    _("Point MMS_STORAGE to a storage outside MEDIA_ROOT: the files are personal data."),
)
WINDOW = CheckSpec(
    "front_sms.W008",
    _("DUPLICATE_WINDOW is %(seconds)s s; Front documents 120 s (§2.2, code 17)."),
    _(
        "Leave it out, unless Front told you another: a wrong window can cause a second message, or mark an unsent "
        "one as sent."
    ),
)
NO_WEBHOOKS = CheckSpec(
    "front_sms.W009",
    _("The site's URLs do not include the webhooks: neither delivery statuses nor replies can arrive."),
    _('Add path("front-sms/", include("django_front_sms.urls")) to the URLconf that ROOT_URLCONF names.'),
)
SQLITE_MODE = CheckSpec(
    "front_sms.W010",
    _('SQLite ("%(alias)s"): transactions begin without the write lock, and fail when two processes write.'),
    _('Set "transaction_mode": "IMMEDIATE" in the OPTIONS of this database.'),
)
SQLITE_JOURNAL = CheckSpec(
    "front_sms.W011",
    _('SQLite ("%(alias)s"): the journal mode is %(mode)s, so readers and writers block each other.'),
    _('Set "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" in the OPTIONS of this database.'),
)
SQLITE_SYNCHRONOUS = CheckSpec(
    "front_sms.W012",
    _('SQLite ("%(alias)s"): with this "synchronous" a power cut loses commits, and a message may go out twice.'),
    _('Set "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" in the OPTIONS of this database.'),
)
INNODB_FLUSH = CheckSpec(
    "front_sms.W013",
    _('MySQL ("%(alias)s"): innodb_flush_log_at_trx_commit is %(value)s, so a crash loses commits.'),
    _("Set it to 1 on the server: with a lost commit a message may go out twice, or never."),
)
PG_FSYNC = CheckSpec(
    "front_sms.W014",
    _('PostgreSQL ("%(alias)s"): fsync is off, so a crash loses commits, or the whole database.'),
    _("Set fsync = on in postgresql.conf."),
)
PG_COMMIT = CheckSpec(
    "front_sms.W015",
    _('PostgreSQL ("%(alias)s"): synchronous_commit is off, so a crash loses messages that were queued or received.'),
    _("Set synchronous_commit = on for this database, or for its user. Sending itself always commits synchronously."),
)
VISIBILITY = CheckSpec(
    "front_sms.W016",
    _("visibility_timeout is %(seconds)s s: Redis delivers tasks again that a worker has received and not started."),
    _("Leave it out of CELERY_BROKER_TRANSPORT_OPTIONS, or set at least 600 s: older hints have no effect."),
)
NO_BEAT = CheckSpec(
    "front_sms.W017",
    _("CELERY_BEAT_SCHEDULE does not name %(task)s."),
    _(
        "Merge django_front_sms.schedule.BEAT_SCHEDULE into it, and run beat. Silence this check where something else "
        "starts it."
    ),
)
NO_SENDER = CheckSpec(
    "front_sms.W018",
    _("%(where)s has no SENDER, so every message must name its sender."),
    _("Set SENDER to the sender that Front registered for you: a text of at most 11 characters, or digits (§1.1)."),
)
EAGER = CheckSpec(
    "front_sms.W019",
    _("CELERY_TASK_ALWAYS_EAGER is True, but messages are sent by a worker: without one they stay queued."),
    _('Start a worker, or write "WORKER": "command" and run manage.py front_sms worker. In tests, see the how-to.'),
)
NO_BROKER = CheckSpec(
    "front_sms.W020",
    _("Celery has no broker URL, so workers are woken through amqp://guest@localhost."),
    _('Import the project\'s Celery app in its __init__.py, and set CELERY_BROKER_URL; or set WORKER to "command".'),
)
CHARACTER_SET = CheckSpec(
    "front_sms.W021",
    _('The database "%(alias)s" cannot store every character, emoji for example: %(reason)s.'),
    _("Convert the tables to utf8mb4 on MySQL and MariaDB, or use a database with the encoding UTF8 on PostgreSQL."),
)
PACKET = CheckSpec(
    "front_sms.W022",
    _('MySQL ("%(alias)s"): max_allowed_packet is %(size)s bytes, less than twice MAX_INBOUND_BYTES.'),
    _("Raise it on the server: drivers may write a body in twice its size. Until then the body of a large MMS is cut."),
)
NOBODY_MAILED = CheckSpec(
    "front_sms.W023",
    _("ALERTS mails %(setting)s, which is empty: nobody gets the mail."),
    _("Fill in that setting, or give addresses in ALERTS."),
)

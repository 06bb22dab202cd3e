"""The form of the composer. Errors are shown beside the fields, which keep what was written."""

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_front_sms import access
from django_front_sms.admin.composer.drafts import fresh_key
from django_front_sms.admin.composer.plan import Composed, Plan
from django_front_sms.admin.composer.recipients import Entry, Recipients, entries, read, refuse_unsendable
from django_front_sms.admin.composer.tables import Table, personal_entries, read_file, read_table
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.gateway import gsm
from django_front_sms.gateway.numbers import from_wire
from django_front_sms.sending.validation import check_expiry, check_sender, check_text

MAX_NUMBERS = 10_000  # of one form: more would take longer than a web server waits
_READING = timedelta(minutes=10)  # a user may spend on the confirmation page
_NOT_IN_BULK = ("scheduled_at", "expires_at", "priority")


class LocalDateTimeInput(forms.DateTimeInput):
    """The browser's own picker of date and time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ComposerForm(forms.Form):
    to = forms.CharField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("One number, or many: one a line, or separated by commas. A name beside it is fine."),
    )
    table = forms.CharField(
        label=gettext_lazy("Table"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "number;name;time\n90000026;Kari;10:30",
            }
        ),
        help_text=gettext_lazy(
            "The first line names the columns, such as number;name;time. "
            "Write {name} in the text, and each row gets its own. Paste it from a spreadsheet, or choose a file."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("File (CSV or Excel)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    how = forms.ChoiceField(label=gettext_lazy("Send as"), widget=forms.RadioSelect, initial="each", required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        strip=False,
        error_messages={"required": gettext_lazy("The text is empty. Write something to send.")},
    )
    unicode = forms.ChoiceField(
        label=gettext_lazy("Special characters"),
        choices=[
            ("", gettext_lazy("Send them as they are")),
            ("gsm", gettext_lazy("Let Front replace them")),
        ],
        required=False,
    )
    account = forms.ChoiceField(label=gettext_lazy("Account"), required=False)
    sender = forms.CharField(
        label=gettext_lazy("Sender"),
        required=False,
        help_text=gettext_lazy("Empty: the account's own. Others must be registered at Front."),
    )
    priority = forms.ChoiceField(
        label=gettext_lazy("Priority"),
        choices=[("normal", gettext_lazy("normal")), ("urgent", gettext_lazy("urgent: sent before the others"))],
        required=False,
    )
    scheduled_at = forms.DateTimeField(
        label=gettext_lazy("Send at"),
        widget=LocalDateTimeInput,
        required=False,
        help_text=gettext_lazy("Leave it empty to send at once."),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Send no later than"),
        widget=LocalDateTimeInput,
        required=False,
        help_text=gettext_lazy("The message is not sent after this time."),
    )
    ignore_opt_out = forms.BooleanField(
        label=gettext_lazy("Also to those who opted out"),
        required=False,
        help_text=gettext_lazy("Only for what people must be told, such as a cancelled appointment."),
    )
    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    plan: Plan
    recipients: Recipients | None = None
    columns: Table | None = None

    def __init__(self, *args: Any, user: AbstractUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.user = user
        names = sendable_accounts(user)
        self._choose("account", [(name, name) for name in names])
        self.fields["account"].initial = "default" if "default" in names else names[0]
        if len(names) == 1:
            self.fields["account"].widget = forms.HiddenInput()
        ways = [("each", _("Single messages, each with a delivery status"))]
        if user.has_perm("front_sms.add_bulksend"):
            ways.append(("bulk", _("Bulk: faster for many numbers, without delivery statuses")))
        else:
            self.fields["how"].widget = forms.HiddenInput()
        self._choose("how", ways)
        if access.missing_permission(user, ignore_opt_out=True):
            del self.fields["ignore_opt_out"]
        self.fields["sender"].widget.attrs["placeholder"] = self.sender_of(self["account"].value())
        self.fields["scheduled_at"].help_text += f" {timezone.get_current_timezone_name()}"

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def sender_of(self, account: Any) -> str:
        accounts = get_settings().accounts
        return accounts[account].sender if account in accounts else ""

    def clean_to(self) -> str:
        return str(self.cleaned_data["to"])

    def clean_table(self) -> str:
        pasted = str(self.cleaned_data["table"])
        if pasted.strip():
            self.columns = read_table(pasted)
        return pasted

    def clean_how(self) -> str:
        return self.cleaned_data["how"] or "each"

    def clean_text(self) -> str:
        """Convert line breaks: browsers send each as two characters, and both would cost."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").replace("\r", "\n")

    def clean_account(self) -> str:
        return self.cleaned_data["account"] or str(self.fields["account"].initial)

    def clean_priority(self) -> str:
        return self.cleaned_data["priority"] or "normal"

    def clean_scheduled_at(self) -> Any:
        at = self.cleaned_data["scheduled_at"]
        if at and at < timezone.now() - _READING:
            raise ValidationError(_("This time has passed. Write a later one, or leave it empty to send at once."))
        return at

    def clean(self) -> None:
        it = self.cleaned_data
        self._clean_times()
        self._clean_sender_and_text()
        self._clean_recipients()
        if self.errors or self.recipients is None:
            return
        names = ("text", "account", "sender", "priority", "scheduled_at", "expires_at")
        composed = Composed(
            user=self.user,
            form=it["key"],
            unicode=False if it["unicode"] else None,
            bulk=it["how"] == "bulk",
            ignore_opt_out=it.get("ignore_opt_out", False),
            **{name: it[name] for name in names},
        )
        self.plan = Plan(composed, self.recipients)
        if not self.recipients.accepted:
            self._nobody()

    def checked(self) -> Recipients:
        """The numbers, checked as far as the other fields allow, which may still be missing."""
        it = self.cleaned_data if self.is_bound and not self.is_valid() else {}
        if self.recipients and "account" in it and "sender" in it:
            ignore_opt_out = it.get("ignore_opt_out", False)
            refuse_unsendable(
                self.recipients, account=it["account"], sender=it["sender"], ignore_opt_out=ignore_opt_out
            )
        return self.recipients or Recipients()

    def _clean_recipients(self) -> None:
        """Read the numbers, or the rows of the table with their own texts."""
        it = self.cleaned_data
        if "to" not in it or "table" not in it:
            return
        written: list[Entry] = list(entries(it["to"]))
        bad: list[Entry] = []
        if self.columns is not None:
            if written:
                self.add_error("to", _("There is a table, too. Leave one of them empty."))
                return
            if it.get("how") == "bulk":
                self.add_error("how", _("Bulk sends one text to all: send personal texts as single messages."))
            written, bad = personal_entries(self.columns, it.get("text") or "-")
        if (count := len(written) + len(bad)) > MAX_NUMBERS:
            problem = _("These are %(count)d numbers; send to at most %(most)d at once, and then to the others.")
            self.add_error("to", problem % {"count": count, "most": MAX_NUMBERS})
            return
        self.recipients = read(written)
        self.recipients.refused = sorted([*self.recipients.refused, *bad], key=lambda entry: entry.line)
        self.recipients.explain_repeated()
        if not self.recipients.accepted:
            self._nobody()

    def _nobody(self) -> None:
        count = len(self.recipients.refused) if self.recipients else 0
        problem = ngettext(
            "This number cannot be sent to. See why, and correct it.",
            "None of these %(count)d numbers can be sent to. See why, and correct them.",
            count,
        )
        field = "table" if self.columns is not None else "to"
        self.add_error(field, problem % {"count": count} if count else _("Write at least one number."))

    def _clean_times(self) -> None:
        it = self.cleaned_data
        if it.get("how") == "bulk":
            for name in _NOT_IN_BULK:
                if it.get(name) not in (None, "normal"):
                    self.add_error(name, _("Bulk is sent at once: leave this as it is, or send single messages."))
        elif it.get("expires_at"):
            self._ask("expires_at", check_expiry, it["expires_at"], it.get("scheduled_at"))

    def _clean_sender_and_text(self) -> None:
        it = self.cleaned_data
        if "sender" in it and "account" in it:
            it["sender"] = it["sender"] or self.sender_of(it["account"])
            self._ask("sender", check_sender, it["sender"])
        if "text" in it:
            if it.get("how") == "bulk" and it.get("unicode") and not gsm.is_gsm(it["text"]):
                self.add_error("unicode", _("Bulk does not replace characters: replace them yourself, or allow all."))
            self._ask("text", check_text, it["text"], None, get_settings())

    def _ask(self, name: str, check: Any, *args: Any) -> None:
        try:
            check(*args)
        except InvalidMessage as error:
            self.add_error(name, str(error))


def sendable_accounts(user: Any) -> list[str]:
    """The accounts in the settings that `user` may use."""
    usable = access.accounts_of(user)
    return [name for name in get_settings().accounts if usable is None or name in usable]


def prefilled(query: QueryDict) -> dict[str, Any]:
    """The initial values that a link gives: `?to=` (once for each number), `text`, `account`, `sender`, `how`."""
    values: dict[str, Any] = {name: query[name] for name in ("text", "account", "sender", "how") if name in query}
    # A plus that was not percent-encoded is a space in a query.
    values["to"] = "\n".join(from_wire(number) for number in query.getlist("to"))
    values["key"] = fresh_key()
    return values


def with_file(data: QueryDict, upload: Any) -> str:
    """Put the rows of an uploaded file into the table of `data`; returns the error, or an empty string."""
    if upload is None:
        return ""
    try:
        data["table"] = read_file(upload)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def presets(now: datetime) -> list[tuple[str, datetime]]:
    """Times that staff often choose for sending, with their labels."""
    tomorrow = (now + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
    monday = tomorrow + timedelta(days=-tomorrow.weekday() % 7)
    hour = (now + timedelta(hours=1)).replace(second=0, microsecond=0)
    found = [(_("In an hour"), hour), (_("Tomorrow 08:00"), tomorrow), (_("Monday 08:00"), monday)]
    return found if monday != tomorrow else found[:2]

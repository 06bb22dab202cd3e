"""Opt-outs: staff add and delete them for people who ask for it by phone or letter.

An opt-out is read-only once it exists: a correction is a deletion and an addition, each with its own permission.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin import search
from django_front_sms.admin.badges import moment
from django_front_sms.admin.composer.forms import sendable_accounts
from django_front_sms.admin.composer.recipients import why_no_number
from django_front_sms.admin.filters import AccountFilter
from django_front_sms.admin.names import numbers_of, with_name
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OptOut
from django_front_sms.optouts import number_form, sender_form


class OptOutForm(forms.ModelForm):  # type: ignore[type-arg]
    """A number in any usual form, and a sender of the account. `accounts`: those to choose from."""

    accounts: ClassVar[list[str]] = []
    number = forms.CharField(label=_("number"), help_text=_("The number that no messages are sent to."))
    account = forms.ChoiceField(label=_("account"))

    class Meta:
        model = OptOut
        fields = ("number", "sender", "account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].choices = [(name, name) for name in self.accounts]  # type: ignore[attr-defined]

    def clean_number(self) -> str:
        written: str = self.cleaned_data["number"]
        try:
            return number_form(written)
        except InvalidMessage:
            raise ValidationError(why_no_number(written)) from None

    def clean_sender(self) -> str:
        return sender_form(self.cleaned_data["sender"])


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyAdmin):
    add_form_template = "admin/change_form.html"
    form = OptOutForm
    shows_personal_data = True
    number_field = "number"
    list_display = ("number_", "sender_", "account", "since_", "source")
    list_filter = (AccountFilter,)
    filter_fields = ("id", "account", "sender", "number", "since", "created_by", "message")
    list_select_related = ("message", "created_by")
    search_fields = ("number",)
    search_help_text = _("A number, its beginning or its last digits")
    sortable_by = ("number_", "since_")

    has_add_permission = admin.ModelAdmin.has_add_permission
    has_delete_permission = admin.ModelAdmin.has_delete_permission

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.accounts = sendable_accounts(request.user)  # type: ignore[attr-defined]
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": self.form.Meta.fields})]
        fields = ("number", "sender_", "account", "since", "created_by", "message")
        return [(None, {"fields": [name for name in fields if getattr(obj, name, True) is not None]})]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_button, **(extra_context or {})})

    def page_context(self, request: HttpRequest, row: OptOut) -> dict[str, Any]:
        return {"title": row.number}

    def save_model(self, request: HttpRequest, obj: OptOut, form: Any, change: bool) -> None:
        obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: OptOut, post_url_continue: str | None = None) -> HttpResponse:
        done = gettext("%(number)s gets no more messages from %(sender)s.")
        self.message_user(request, done % {"number": obj.number, "sender": self.sender_(obj)}, messages.SUCCESS)
        return self.response_post_save_add(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        self.message_user(request, gettext("The opt-out was deleted: messages are sent again."), messages.SUCCESS)
        return self.response_post_save_change(request, None)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record the deleted opt-outs in the admin's history; `front_sms erase` finds the numbers there."""
        kind = ContentType.objects.get_for_model(OptOut)
        entries = [
            LogEntry(
                user=request.user,  # type: ignore[misc]
                content_type=kind,
                object_id=row.pk,
                object_repr=str(row),
                action_flag=DELETION,
                change_message=f"{row.number}, {self.sender_(row)}, {row.account}",
            )
            for row in queryset
        ]
        return LogEntry.objects.bulk_create(entries)

    def search_rows(self, request: HttpRequest, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        wanted = search.Search(term, number="number")
        ends = Q(number__endswith=wanted.last_digits) if wanted.last_digits else Q(pk__in=[])
        begins = search.by_number("number", term) if wanted.is_number else Q(number=term)
        return queryset.filter(begins | ends | Q(number__in=numbers_of(term)))

    @admin.display(description=_("number"), ordering="number")
    def number_(self, row: OptOut) -> SafeString | str:
        return with_name(row, row.number)

    @admin.display(description=_("sender"))
    def sender_(self, row: OptOut) -> Any:
        return row.sender or _("every sender")

    @admin.display(description=_("since"), ordering="pk")
    def since_(self, row: OptOut) -> SafeString | str:
        return moment(row.since)

    @admin.display(description=_("source"), empty_value="—")
    def source(self, row: OptOut) -> Any:
        if row.message_id:
            return _("inbound message %(pk)s") % {"pk": f"#{row.message_id}"}
        return row.created_by

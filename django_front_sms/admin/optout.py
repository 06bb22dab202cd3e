"""Opt-outs: the one screen where staff write, for whoever asked by phone or letter."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_front_sms.admin import search
from django_front_sms.admin.badges import moment
from django_front_sms.admin.filters import AccountFilter
from django_front_sms.admin.readonly import ReadOnlyAdmin
from django_front_sms.conf import get_settings
from django_front_sms.exceptions import InvalidMessage
from django_front_sms.models import OptOut
from django_front_sms.optouts import number_form, sender_form


class OptOutForm(forms.ModelForm):  # type: ignore[type-arg]
    """A number in any form that people write, and a sender as the account has it."""

    number = forms.CharField(label=_("number"), help_text=_("Whom no message may be sent to."))
    account = forms.ChoiceField(label=_("account"))

    class Meta:
        model = OptOut
        fields = ("number", "sender", "account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [*get_settings().accounts]
        if self.instance.pk and self.instance.account not in names:  # of an account that was removed since
            names.append(self.instance.account)
        self.fields["account"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_number(self) -> str:
        try:
            return number_form(self.cleaned_data["number"])
        except InvalidMessage as error:
            raise ValidationError(str(error)) from None

    def clean_sender(self) -> str:
        return sender_form(self.cleaned_data["sender"])


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyAdmin):
    change_form_template = "admin/change_form.html"
    form = OptOutForm
    list_display = ("number", "sender_", "account", "since_", "said")
    list_filter = (AccountFilter,)
    list_select_related = ("message", "created_by")
    search_fields = ("number",)
    search_help_text = _("A number or how it begins")
    readonly_fields = ("since", "created_by", "message")

    # ReadOnlyAdmin is for reading; here Django's own permissions decide.
    has_add_permission = admin.ModelAdmin.has_add_permission
    has_change_permission = admin.ModelAdmin.has_change_permission
    has_delete_permission = admin.ModelAdmin.has_delete_permission

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = ("since", "created_by", "message")
        return [(None, {"fields": [*self.form.Meta.fields, *(facts if obj else ())]})]

    def save_model(self, request: HttpRequest, obj: OptOut, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def find(self, queryset: "QuerySet[Any]", term: str) -> "QuerySet[Any]":
        return queryset.filter(search.by_number("number", term)) if term else queryset

    @admin.display(description=_("sender"))
    def sender_(self, row: OptOut) -> Any:
        return row.sender or _("every sender")

    @admin.display(description=_("since"))
    def since_(self, row: OptOut) -> SafeString | str:
        return moment(row.since)

    @admin.display(description=_("said by"), empty_value="—")
    def said(self, row: OptOut) -> Any:
        if row.message_id:
            return _("inbound message %(pk)s") % {"pk": f"#{row.message_id}"}
        return row.created_by

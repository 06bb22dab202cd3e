"""Saved texts, which staff choose from in the composer and in the reply box."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_front_sms import access
from django_front_sms.admin.badges import short
from django_front_sms.admin.composer.forms import sendable_accounts
from django_front_sms.admin.composer.preview import sentence
from django_front_sms.admin.readonly import FastChangeList, screens
from django_front_sms.models import SavedText

MOST = 100  # to choose from


def saved_texts(user: Any, accounts: Iterable[str]) -> list[SavedText]:
    """Texts to choose from in a message of one of `accounts`; none for users who may not see saved texts."""
    if not user.has_perm("front_sms.view_savedtext"):
        return []
    return list(SavedText.objects.for_accounts(accounts)[:MOST])


def _languages() -> list[tuple[str, Any]]:
    return [("", _("Any language")), *settings.LANGUAGES]


class SavedTextForm(forms.ModelForm):  # type: ignore[type-arg]
    account = forms.ChoiceField(label=_("Account"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False, choices=_languages)

    class Meta:
        model = SavedText
        fields = ("name", "text", "account", "language")
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 5, "dir": "auto"})}


@admin.register(SavedText)
class SavedTextAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SavedTextForm
    list_display = ("name", "short_text", "length", "account", "language")
    search_fields = ("name", "text")
    ordering = ("name", "account", "language")

    class Media:
        css: ClassVar = {"all": ["django_front_sms/admin.css"]}

    @property
    def urls(self) -> list[URLPattern]:
        return screens(self.get_urls())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FastChangeList]:
        return FastChangeList

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return access.visible(super().get_queryset(request), request.user, include_shared=True)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ModelForm]:  # type: ignore[type-arg]
        form: Any = super().get_form(request, *args, **kwargs)
        usable = sendable_accounts(request.user)
        every = [("", _("Every account"))] if access.accounts_of(request.user) is None else []
        form.base_fields["account"].choices = [*every, *((name, name) for name in usable)]
        return cast(type[ModelForm], form)  # type: ignore[type-arg]

    def has_change_permission(self, request: HttpRequest, obj: SavedText | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SavedText | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_own(request, obj)

    def _is_own(self, request: HttpRequest, row: SavedText | None) -> bool:
        """Whether the user may use every account that the text is for."""
        accounts = access.accounts_of(request.user)
        return row is None or accounts is None or row.account in accounts

    def save_model(self, request: HttpRequest, obj: SavedText, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @admin.display(description=_("text"))
    def short_text(self, row: SavedText) -> SafeString:
        return short(row.text)

    @admin.display(description=_("length"))
    def length(self, row: SavedText) -> str:
        return sentence(row.text, None)

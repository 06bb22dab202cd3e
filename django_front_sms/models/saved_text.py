"""Texts that are saved for reuse."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_front_sms.gateway.placeholders import PlaceholderError, placeholders
from django_front_sms.models.primary import PrimaryModel, PrimaryQuerySet


def check_placeholders(text: str) -> None:
    """Raise `ValidationError` where the braces of `text` are not `{placeholders}`."""
    try:
        placeholders(text)
    except PlaceholderError as error:
        raise ValidationError(
            _("“%(part)s” is not a placeholder. Write one word in braces, such as {name}. Double a brace to print it."),
            "invalid_placeholder",
            {"part": error.part},
        ) from None


class SavedTextQuerySet(PrimaryQuerySet["SavedText"]):
    def for_accounts(self, accounts: Iterable[str]) -> Self:
        """The texts of these accounts, and those of every account."""
        return self.filter(account__in=["", *accounts])


class SavedText(PrimaryModel):
    """A text with `{placeholders}`, for one account and language or for all of them."""

    name = models.CharField(_("name"), max_length=100, help_text=_("What the text is called, in lists and in code."))
    account = models.CharField(
        _("account"), max_length=50, blank=True, default="", help_text=_("Empty: every account.")
    )
    language = models.CharField(
        _("language"),
        max_length=20,
        blank=True,
        default="",
        help_text=_("A code such as nb. Empty: any language."),
    )
    text = models.TextField(
        _("text"), validators=[check_placeholders], help_text=_("Words in braces are filled in: Hello {name}!")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("created by"),
        related_name="+",
    )

    objects: ClassVar = SavedTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved text")
        verbose_name_plural = _("saved texts")
        ordering: ClassVar = ["name", "account", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name", "account", "language"],
                name="front_sms_one_saved_text",
                violation_error_message=_("There is a text of this name for the same account and language already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

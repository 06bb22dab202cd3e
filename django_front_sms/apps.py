from django.apps import AppConfig
from django.core.signals import request_started
from django.utils.translation import gettext_lazy as _


class FrontSMSConfig(AppConfig):
    name = "django_front_sms"
    label = "front_sms"
    verbose_name = _("Front SMS")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_front_sms import checks  # noqa: F401  (registers the system checks)
        from django_front_sms.inbox.refusals import install

        request_started.connect(install, dispatch_uid="django_front_sms.inbox.refusals")

"""URLs of a site with two admin sites, of which `office` alone has the models of this app."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.urls import include, path
from django.utils.module_loading import import_string

AdminSite = admin.site.__class__  # that of the theme: some have one, and need it

plain = AdminSite(name="admin")
plain.register(get_user_model())

office = AdminSite(name="office")
for _model, _model_admin in admin.site._registry.items():
    if _model._meta.app_label == "front_sms":
        office.register(_model, type(_model_admin))

urlpatterns = [
    path("admin/", plain.urls),
    path("office/", office.urls),
    path("front-sms/", include("django_front_sms.urls")),
    *(import_string(settings.URLS_OF_OTHER_APPS) if hasattr(settings, "URLS_OF_OTHER_APPS") else []),
]

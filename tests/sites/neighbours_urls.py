"""URLs of the site of `neighbours_settings`; `others` are those of the other apps, for sites with URLs of their own."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import include, path
from two_factor.urls import urlpatterns as two_factor_urls

from tests.urls import urlpatterns as usual


def show_toolbar(request: HttpRequest) -> bool:
    return True


themes = [path("grappelli/", include("grappelli.urls"))] if settings.THEME == "grappelli" else []
others = [
    *themes,
    path("", include(two_factor_urls)),
    path("accounts/", include("allauth.account.urls")),
    path("__debug__/", include("debug_toolbar.urls")),
]
urlpatterns = [*usual, path("api/sms/", include("django_front_sms.rest.urls")), *others]

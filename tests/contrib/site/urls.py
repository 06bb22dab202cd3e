from django.http import HttpResponse
from django.urls import include, path
from phone_verify.api import VerificationViewSet
from rest_framework.routers import DefaultRouter
from two_factor.urls import urlpatterns as two_factor_urls

router = DefaultRouter(trailing_slash=False)
router.register("phone", VerificationViewSet, basename="phone")

urlpatterns = [
    path("", lambda request: HttpResponse(str(request.user.is_authenticated))),
    path("", include(two_factor_urls)),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include(router.urls)),
    path("front-sms/", include("django_front_sms.urls")),
]

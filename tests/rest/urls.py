from django.urls import include, path

from tests.urls import urlpatterns as others

urlpatterns = [*others, path("api/sms/", include("django_front_sms.rest.urls"))]

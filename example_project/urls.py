from django.contrib import admin
from django.urls import include, path

from example_project.clinic import views

urlpatterns = [
    path("", views.front_page, name="front-page"),
    path("appointments/<int:pk>/remind/", views.remind, name="remind"),
    path("admin/", admin.site.urls),
    path("front-sms/", include("django_front_sms.urls")),
    path("api/sms/", include("django_front_sms.rest.urls")),
]

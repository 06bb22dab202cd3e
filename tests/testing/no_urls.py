"""A site that does not include the URLs of the app."""

urlpatterns: list[object] = []

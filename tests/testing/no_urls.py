"""A site that forgot to include the URLs of the app, after it had given them to Front."""

urlpatterns: list[object] = []

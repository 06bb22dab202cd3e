"""A user model whose key is no integer."""

from tests.sites.process import passes


def test_admin_and_rest_work_with_a_uuid_as_the_key_of_users():
    passes("uuid_site.py", "uuid_settings")

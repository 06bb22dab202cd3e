"""Every endpoint for anonymous users, users without permissions, viewers and operators."""

import pytest
from django.urls import get_resolver

from django_front_sms.rest import urls
from tests.rest.conftest import OPERATE, VIEW, Api
from tests.rest.endpoints import ENDPOINTS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.urls")]

every_endpoint = pytest.mark.parametrize(("method", "path", "body", "required", "status"), ENDPOINTS)


@every_endpoint
def test_anonymous_requests_are_refused(anonymous: Api, ids: dict, method, path, body, required, status) -> None:
    response = getattr(anonymous, method.lower())(path.format(**ids), body)
    assert response.status_code in (401, 403)
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


@every_endpoint
def test_the_missing_permission_is_named(without_permissions: Api, ids: dict, method, path, body, required, status):
    response = getattr(without_permissions, method.lower())(path.format(**ids), body)
    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"
    assert f"front_sms.{required[0]}" in response.json()["detail"]


@every_endpoint
def test_a_viewer_reads_and_changes_nothing(viewer: Api, ids: dict, method, path, body, required, status) -> None:
    response = getattr(viewer, method.lower())(path.format(**ids), body)
    assert response.status_code == (status if set(required) <= set(VIEW) else 403)


@every_endpoint
def test_an_operator_may_use_every_endpoint(operator: Api, ids: dict, method, path, body, required, status) -> None:
    response = getattr(operator, method.lower())(path.format(**ids), body)
    assert response.status_code == status, response.content


@every_endpoint
def test_each_permission_is_needed_and_together_they_are_enough(login, ids: dict, method, path, body, required, status):
    address = path.format(**ids)
    for missing in required:
        others = [name for name in (*VIEW, *OPERATE) if name != missing]
        assert getattr(login(*others), method.lower())(address, body).status_code == 403, missing
    assert getattr(login(*required), method.lower())(address, body).status_code == status


class Generous:
    """An authentication backend that permits everything, to anonymous users too."""

    def has_perm(self, *_args: object) -> bool:
        return True


@every_endpoint
def test_a_login_is_needed_even_if_the_backend_permits_everything(
    anonymous: Api, ids: dict, settings, method, path, body, required, status
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["tests.rest.test_permissions.Generous"]
    response = getattr(anonymous, method.lower())(path.format(**ids), body)
    assert (response.status_code, response.json()["code"]) == (403, "not_authenticated")


def test_every_endpoint_is_listed_above() -> None:
    tested = {path for _method, path, *_rest in ENDPOINTS}
    patterns = [str(pattern.pattern) for pattern in urls.urlpatterns[:-1]]
    assert len(tested) == len(patterns)
    for pattern in patterns:
        assert any(pattern.split("<")[0] == path.split("{")[0] for path in tested), pattern
    methods = [method for pattern in urls.urlpatterns[:-1] for method in pattern.callback.actions if method != "head"]
    assert len(methods) == len(ENDPOINTS)


def test_every_action_of_a_viewset_has_an_address_and_permissions() -> None:
    for pattern in urls.urlpatterns[:-1]:
        viewset = pattern.callback.cls
        routed = {
            name
            for each in urls.urlpatterns[:-1]
            if each.callback.cls is viewset
            for name in each.callback.actions.values()
        }
        assert routed == set(viewset.required_permissions)
        assert {action.__name__ for action in viewset.get_extra_actions()} <= routed


def test_the_api_is_where_the_site_includes_it() -> None:
    assert get_resolver().resolve("/api/sms/messages/").view_name == "front_sms_rest:messages"

"""The attacks that `docs/why/security.md` lists, each with the tests that try it.

    python -m tests.attacks

runs these tests, and prints for each attack how many cases passed, and how many requests they made to Django. Ends with
1 if a test fails, or if an attack has no test.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.handlers.base import BaseHandler

# Attack: for each file, a pattern of the tests in it.
ATTACKS: dict[str, dict[str, str]] = {
    "Forged, foreign, cut and missing tokens": {
        "tests/webhooks/test_signing.py": "TestTokens",
        "tests/webhooks/test_forgeries.py": "token",
        "tests/webhooks/test_views.py": "token_is_not_found|for_the_other_purpose",
    },
    "Foreign addresses and forged `X-Forwarded-For`": {
        "tests/webhooks/test_signing.py": "TestCallerAddress|TestAllowedAddresses",
        "tests/webhooks/test_forgeries.py": "forwarded_address|other_header|true_address",
        "tests/webhooks/test_views.py": "address_that_is_not_fronts|forwarded_header|unix_socket|looked_at_before",
    },
    "Other methods than GET and POST": {"tests/webhooks/test_views.py": "other_methods"},
    "The same push again, also at the same moment": {"tests/inbox/test_inbound.py": "TestOnce|TestTogether"},
    "Malformed and damaged pushes": {
        "tests/webhooks/test_corpus.py": "",
        "tests/gateway/test_push_total.py": "",
    },
    "Bodies that are too large, cut short, broken, or without a length": {
        "tests/webhooks/test_body.py": "",
        "tests/webhooks/test_views.py": "over_the_limit",
    },
    "Bombs in an MMS: a million files, XML entities, huge pictures": {
        "tests/gateway/test_push_files.py": "no_more_files|no_body_costs|less_than_the_mms_again",
        "tests/inbox/test_slides.py": "is_refused|end_to_the_slides|deepest|bad_arrangement|any_bytes",
        "tests/inbox/test_pictures.py": "TestVerifying|too_large|any_bytes",
    },
    "Scripts and markup in what people write": {
        "tests/admin/test_readonly.py": "received_markup",
        "tests/admin/conversations/test_messages.py": "markup_in_messages|verified_pictures",
        "tests/admin/composer/test_review.py": "nothing_that_was_written_is_run",
        "tests/admin/test_inbound.py": "can_do_nothing|verified|only_from_our_own|whatever_its_bytes",
        "tests/rest/test_inbound.py": "no_browser_executes",
    },
    "Admin pages, for each kind of user": {
        "tests/admin/test_readonly.py": "without_the_perm|anonymous_users|superuser_can|every_list_and_page",
        "tests/admin/test_roles.py": "each_role_has|every_role|only_managers|in_no_group",
        "tests/admin/conversations/test_access.py": "require_permission|with_permission|anonymous|without_permission",
        "tests/admin/conversations/test_messages.py": "without_permission",
        "tests/admin/conversations/test_updates.py": "without_permission",
        "tests/admin/test_export.py": "requires_permission_to_view_and|with_its_permission",
        "tests/sites/test_office.py": "every_page",
        "tests/sites/test_outsiders.py": "",
    },
    "Admin requests from another site, or by GET": {
        "tests/admin/test_actions.py": "without_csrf_token|requires_post|requires_a_confirmation",
        "tests/admin/test_export.py": "from_another_site|get_request_exports_nothing",
        "tests/admin/conversations/test_access.py": "other_methods",
    },
    "Odd searches, filters and cursors in addresses of the admin": {
        "tests/admin/test_readonly.py": "a_nul|no_patterns",
        "tests/admin/test_outbound_search.py": "odd_searches",
        "tests/admin/conversations/test_list.py": "broken_cursor|nul_characters",
        "tests/admin/conversations/test_updates.py": "malformed_versions",
    },
    "Rows of accounts that the user may not see": {
        "tests/sites/test_account_access.py": "",
        "tests/rest/test_account_access.py": "",
    },
    "REST calls, for each kind of user": {"tests/rest/test_permissions.py": ""},
    "REST calls with malformed bodies and values": {"tests/rest/test_problems.py": ""},
    "Sending again what the user may not send": {
        "tests/admin/test_actions.py": "only_with_the_permissions|row_by_row|without_its_permission|for_another_act",
        "tests/admin/composer/test_access.py": "needs_a_permission|without_permission_there|only_own_equal_texts",
        "tests/rest/test_messages.py": "resending_needs|need_their_permissions",
        "tests/rest/test_bulk.py": "needs_its_permission",
    },
    "Undoing an opt-out by editing it": {
        "tests/admin/test_optouts.py": "never_changed|deleting_requires_its_permission|with_view_permission",
        "tests/rest/test_optouts_and_previews.py": "only_to_those_who_may_view|until_the_opt_out_is_removed",
    },
    "Requests that cost more than they should": {
        "tests/rest/test_bulk.py": "length_of_a_list|stops_after|unknown_names|too_long_lists",
        "tests/rest/test_problems.py": "body_size|too_large_body|throttled",
    },
    "Texts and numbers in error mails, debug pages and frames": {
        "tests/test_redaction.py": "",
        "tests/test_canaries.py": "",
    },
    "What `erase` might leave": {
        "tests/retention/test_erase.py": "",
        "tests/retention/test_search.py": "",
        "tests/commands/test_erase.py": "",
    },
    "Formulas in exports": {"tests/admin/test_export.py": "formula|quoted|workbook_holds"},
    "Exceeding `RATE_LIMITS`, also at the same moment": {
        "tests/sending/test_limits.py": "one_more|one_call|has_a_limit|at_no_time|same_moment|overlapping|of_their_own",
    },
    "Tokens in logs": {
        "tests/webhooks/test_refusals.py": "TestAddresses|TestRefusedByDjango",
        "tests/webhooks/test_views.py": "no_log_holds",
    },
    "DNS rebinding at the simulator": {"tests/simulator/test_server.py": "host"},
    "Idempotency keys of other users": {"tests/rest/test_idempotency.py": ""},
    "A flood of statuses of unknown messages": {
        "tests/retention/test_purge.py": "matches_no_message",
        "tests/admin/dashboard/test_alerts.py": "many_unknown_statuses",
    },
    "The same message twice by hand": {
        "tests/admin/composer/test_send.py": "second_click|two_clicks|another_(page|text)",
        "tests/admin/composer/test_review.py": "window|another_text",
        "tests/admin/composer/test_access.py": "equal_t",
        "tests/admin/conversations/test_reply.py": "double_click",
        "tests/admin/test_actions.py": "double_click",
    },
}


def attacks_of(nodeid: str) -> Iterator[str]:
    """The attacks that the test with this id tries."""
    file, _, name = nodeid.partition("::")
    for attack, tests in ATTACKS.items():
        if file in tests and re.search(tests[file], name.partition("[")[0]):
            yield attack


def files() -> list[str]:
    return sorted({file for tests in ATTACKS.values() for file in tests})


class Tally:
    """A plugin of pytest that keeps the tests of `ATTACKS`, and counts cases and requests."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self._answer, self._answer_async = BaseHandler.get_response, BaseHandler.get_response_async
        self._running: list[str] = []

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        wanted = [item for item in items if any(attacks_of(item.nodeid))]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running = list(attacks_of(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.cases.update(attacks_of(report.nodeid))

    def pytest_sessionstart(self) -> None:
        def get_response(handler: Any, request: Any) -> Any:
            self.requests.update(self._running)
            return self._answer(handler, request)

        async def get_response_async(handler: Any, request: Any) -> Any:
            self.requests.update(self._running)
            return await self._answer_async(handler, request)

        counted = {"get_response": get_response, "get_response_async": get_response_async}
        self._counting = mock.patch.multiple(BaseHandler, **counted)
        self._counting.start()

    def pytest_sessionfinish(self) -> None:
        self._counting.stop()


def main() -> int:
    tally = Tally()
    code = pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *files()], plugins=[tally])
    for attack in ATTACKS:
        sys.stdout.write(f"{tally.cases[attack]:6} cases {tally.requests[attack]:6} requests  {attack}\n")
    return int(code) or int(any(not tally.cases[attack] for attack in ATTACKS))


if __name__ == "__main__":
    sys.exit(main())

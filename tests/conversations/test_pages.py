"""Threads and their messages, in the order of time, page by page, without counting."""

from datetime import timedelta

import phonenumbers
import pytest

from django_front_sms import conversations
from django_front_sms.conversations import Cursor, pages, thread, threads, unanswered
from django_front_sms.exceptions import NotPossible
from django_front_sms.models import OutboundMessage
from tests.factories import InboundMessageFactory, MmsFileFactory, OutboundMessageFactory, at

pytestmark = pytest.mark.django_db

KARI, OLA, ASE = "+4799999999", "+4799999998", "+4799999997"


def out(number: str, seconds: float, text: str = "ours", **fields):
    return OutboundMessageFactory(recipient=number, created_at=at(seconds), text=text, **fields)


def come(number: str, seconds: float, text: str = "theirs", **fields):
    return InboundMessageFactory(sender=number, received_at=at(seconds), text=text, **fields)


def numbers(page) -> list[str]:
    return [thread.number for thread in page.rows]


def texts(page) -> list[str]:
    return [row.text for row in page.rows]


def all_pages(**options) -> list[str]:
    """The numbers of all pages, one after the other."""
    found, before = [], None
    while True:
        page = threads(before=before, **options)
        found += numbers(page)
        if page.before is None:
            return found
        before = Cursor.parse(str(page.before))


class TestThreads:
    def test_each_counterpart_is_there_once_with_its_latest_message_and_the_newest_first(self):
        out(KARI, 1), come(KARI, 2, "Ja"), out(OLA, 3, "Hei"), come(ASE, 4), out(ASE, 5, "Takk")

        page = threads()

        assert [(row.account, row.number, row.latest.text) for row in page.rows] == [
            ("default", ASE, "Takk"),
            ("default", OLA, "Hei"),
            ("default", KARI, "Ja"),
        ]
        assert page.before is None

    def test_two_accounts_that_write_to_the_same_number_have_a_thread_each(self):
        out(KARI, 1), out(KARI, 2, account="second"), come(KARI, 3)

        assert [row.account for row in threads().rows] == ["default", "second"]
        assert [row.account for row in threads(account="second").rows] == ["second"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
    @pytest.mark.parametrize("chunk", [1, 2, 250])
    def test_pages_together_have_each_thread_once_in_the_order_of_its_latest_message(self, monkeypatch, limit, chunk):
        monkeypatch.setattr(pages, "CHUNK", chunk)
        monkeypatch.setattr(pages, "ROUNDS", 100)
        people = [f"+47999999{n:02}" for n in range(12)]
        for step in range(60):
            who = people[step * step % 12]
            out(who, step) if step % 3 else come(who, step)
        latest = {people[step * step % 12]: step for step in range(60)}

        assert all_pages(limit=limit) == sorted(latest, key=lambda who: -latest[who])

    def test_new_messages_do_not_shift_pages(self):
        out(KARI, 1), out(OLA, 2), out(ASE, 3)
        first = threads(limit=1)

        come("+4790000000", 4), come(KARI, 5)

        assert numbers(first) == [ASE] and numbers(threads(limit=5, before=first.before)) == [OLA]

    def test_a_counterpart_with_most_messages_does_not_hide_others(self, monkeypatch):
        monkeypatch.setattr(pages, "CHUNK", 3)
        out(OLA, 0), come(ASE, 1)
        for second in range(2, 40):
            out(KARI, second)

        page = threads()

        assert numbers(page) == [KARI, ASE, OLA] and page.before is None

    def test_a_page_that_has_cost_enough_ends_early_and_the_next_goes_on_in_order(self, monkeypatch):
        monkeypatch.setattr(pages, "CHUNK", 2)
        monkeypatch.setattr(pages, "ROUNDS", 2)
        people = [f"+47999999{n:02}" for n in range(12)]
        for second, who in enumerate(people):
            out(who, second)
        come(ASE, -1)

        page = threads()

        assert numbers(page) == people[:-5:-1] and page.before is not None
        assert all_pages() == [*reversed(people), ASE]

    def test_a_number_is_found_by_its_beginning(self):
        out(KARI, 1), come(OLA, 2), out("+4791234567", 3), come("26114", 4)

        assert numbers(threads(prefixes=["+479999"])) == [OLA, KARI]
        assert numbers(threads(prefixes=["26", "+4791"])) == ["26114", "+4791234567"]
        assert numbers(threads(prefixes=[])) == []

    def test_a_number_that_is_asked_for_in_full_is_found_in_every_account_and_read_once(
        self, settings, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr(pages, "CHUNK", 2)
        for account in ("default", "second"):
            for second in range(5):
                out(KARI, second, account=account)

        accounts = {**settings.FRONT_SMS["ACCOUNTS"], "second": {"SERVICE_ID": 5}}
        settings.FRONT_SMS = {**settings.FRONT_SMS, "ACCOUNTS": accounts}
        assert [row.account for row in threads(prefixes=[KARI]).rows] == ["second", "default"]
        with django_assert_num_queries(3):  # a chunk of ours, one of theirs, and the message
            assert numbers(threads(account="second", prefixes=[KARI])) == [KARI]

    def test_unanswered_conversations_are_those_in_which_the_counterpart_wrote_last(self):
        out(KARI, 1), come(KARI, 2), come(OLA, 3), out(OLA, 4), come(ASE, 5), out("+4791234567", 6)

        assert numbers(threads(unanswered=True)) == [ASE, KARI]
        assert all_pages(unanswered=True, limit=1) == [ASE, KARI]

    def test_messages_without_a_counterpart_are_in_no_thread(self):
        come("", 1, problem="not JSON"), out("", 2, ""), come("Front", 3)

        assert numbers(threads()) == ["Front"] and texts(thread("default", "")) == []

    def test_the_queries_are_few_and_read_no_raw_push(self, django_assert_max_num_queries):
        for n in range(30):
            (
                out(f"+47999999{n:02}", n),
                MmsFileFactory(
                    message=come(f"+47999998{n:02}", n), name="a.txt", content_type="text/plain", content=b"a"
                ),
            )
        first = threads(limit=10)

        for before in (None, first.before):
            with django_assert_max_num_queries(5) as queries:
                page = threads(limit=10, before=before)
                assert [list(row.latest.files.all()) for row in page.rows if hasattr(row.latest, "files")]
            assert not any('"raw"' in query["sql"] or "`raw`" in query["sql"] for query in queries.captured_queries)


class TestOneThread:
    def test_both_directions_come_in_the_order_of_time(self):
        out(KARI, 1, "a"), come(KARI, 2, "b"), come(KARI, 3, "c"), out(KARI, 4, "d")
        out(OLA, 2), come(OLA, 3), out(KARI, 2, account="second")

        page = thread("default", KARI)

        assert texts(page) == ["a", "b", "c", "d"] and page.before is None

    @pytest.mark.parametrize("limit", [1, 2, 3, 10])
    def test_older_messages_are_on_the_pages_before(self, limit):
        for n in range(10):
            out(KARI, n, str(n)) if n % 4 else come(KARI, n, str(n))
        read, before = [], None
        while True:
            page = thread("default", KARI, before=before, limit=limit)
            read = texts(page) + read
            if page.before is None:
                break
            before = page.before
            come(KARI, 100), out(KARI, 101)  # shifts nothing

        assert read == [str(n) for n in range(10)]

    def test_messages_of_the_other_direction_are_not_on_an_earlier_page(self):
        for n in range(3):
            out(KARI, n, str(n))
        first = thread("default", KARI, limit=1)
        come(KARI, 9, "new")

        assert texts(thread("default", KARI, before=first.before)) == ["0", "1"]

    def test_the_queries_are_three_however_many_messages(self, django_assert_num_queries, django_user_model):
        who = django_user_model.objects.create(username="kari")
        for n in range(5):
            (
                out(KARI, n, created_by=who),
                MmsFileFactory(message=come(KARI, n), name="a.txt", content_type="text/plain", content=b"a"),
            )

        with django_assert_num_queries(3) as queries:
            for row in thread("default", KARI).rows:
                assert row.created_by.username if isinstance(row, OutboundMessage) else list(row.files.all())
        assert not any('"raw"' in query["sql"] or "`raw`" in query["sql"] for query in queries.captured_queries)


class TestHandled:
    def test_a_handled_conversation_waits_no_more_until_the_next_inbound_message(self, django_user_model):
        kari = django_user_model.objects.create(username="kari")
        come(OLA, 1), come(ASE, 2)

        conversations.mark_handled("default", OLA, by=kari)

        assert numbers(threads(unanswered=True)) == [ASE]
        assert conversations.unanswered_count() == 1
        assert not conversations.is_unanswered("default", OLA)
        assert conversations.handled("default", OLA).by == kari

        come(OLA, 3)

        assert numbers(threads(unanswered=True)) == [OLA, ASE]
        assert conversations.unanswered_count() == 2
        assert conversations.handled("default", OLA) is None and conversations.is_unanswered("default", OLA)

        conversations.mark_handled("default", OLA, by=None)
        assert numbers(threads(unanswered=True)) == [ASE]

    def test_handling_can_be_undone(self):
        come(OLA, 1)
        conversations.mark_handled("default", OLA, by=None)

        assert conversations.unmark_handled("default", OLA)

        assert numbers(threads(unanswered=True)) == [OLA] and not conversations.unmark_handled("default", OLA)

    def test_a_message_that_the_user_had_not_seen_still_waits(self):
        seen = come(OLA, 1)
        come(OLA, 2)

        conversations.mark_handled("default", OLA, by=None, up_to=seen.pk)

        assert numbers(threads(unanswered=True)) == [OLA]

    def test_an_old_page_does_not_undo_a_newer_mark(self):
        seen = come(OLA, 1)
        come(OLA, 2)
        conversations.mark_handled("default", OLA, by=None)

        conversations.mark_handled("default", OLA, by=None, up_to=seen.pk)

        assert numbers(threads(unanswered=True)) == []

    def test_the_number_may_be_written_in_any_way(self):
        come(OLA, 1)
        conversations.mark_handled("default", phonenumbers.parse(OLA), by=None)
        assert conversations.handled("default", "0047 99 99 99 98") and conversations.unmark_handled(
            "default", "99999998"
        )

    def test_handling_is_for_one_account(self):
        come(OLA, 1), come(OLA, 2, account="second")
        conversations.mark_handled("default", OLA, by=None)
        assert [row.account for row in threads(unanswered=True).rows] == ["second"]

    @pytest.mark.parametrize("number", [OLA, ""])
    def test_a_conversation_without_inbound_messages_cannot_be_handled(self, number):
        out(OLA, 1), come("", 2)
        with pytest.raises(NotPossible, match="nothing to mark"):
            conversations.mark_handled("default", number, by=None)


class TestUnanswered:
    def test_stop_and_start_are_no_questions(self):
        come(OLA, 1, opt_out_intent="out"), come(ASE, 2, opt_out_intent="in"), come(KARI, 3, opt_out_intent="perhaps")
        assert numbers(threads(unanswered=True)) == [KARI] and conversations.unanswered_count() == 1
        assert not conversations.is_unanswered("default", OLA)

    def test_a_question_before_stop_still_waits(self):
        come(OLA, 1), come(OLA, 2, opt_out_intent="out")
        assert numbers(threads(unanswered=True)) == [OLA] and conversations.unanswered_count() == 1

    def test_stop_does_not_open_a_handled_conversation(self):
        come(OLA, 1)
        conversations.mark_handled("default", OLA, by=None)
        come(OLA, 2, opt_out_intent="out")
        assert numbers(threads(unanswered=True)) == [] and conversations.handled("default", OLA)

    def test_the_count_is_two_queries_and_each_conversation_counts_once(self, django_assert_num_queries):
        for second in range(4):
            come(OLA, second), come(ASE, second), come(OLA, second, account="second"), come("", second)
        out(ASE, 9)

        with django_assert_num_queries(2):
            assert conversations.unanswered_count() == 2
        assert conversations.unanswered_count(["second"]) == 1 and conversations.unanswered_count([]) == 0

    def test_the_count_can_stop_early(self):
        come(OLA, 1), come(ASE, 2), come(KARI, 3)
        assert [conversations.unanswered_count(most=most) for most in (1, 2, 5)] == [1, 2, 3]

    def test_the_oldest_come_first_with_their_first_message_and_their_latest_text(self, django_assert_num_queries):
        out(OLA, 0), come(OLA, 1, "answered"), out(OLA, 2)
        first = come(ASE, 3, "one")
        come(OLA, 4, "Hei"), come(ASE, 5, "two"), come(KARI, 6, opt_out_intent="out"), come(ASE, 7, "")
        newest = come(KARI, 8, account="second").pk

        with django_assert_num_queries(1):
            rows = conversations.oldest_unanswered(None, newest, most=9)

        assert [(row.account, row.number, row.text) for row in rows] == [
            ("default", ASE, "two"),
            ("default", OLA, "Hei"),
            ("second", KARI, "theirs"),
        ]
        assert (rows[0].message_id, rows[0].since) == (first.pk, first.received_at)
        assert [row.number for row in conversations.oldest_unanswered(["second"], newest, most=9)] == [KARI]
        assert [row.number for row in conversations.oldest_unanswered(None, newest, most=1)] == [ASE]

    def test_the_count_looks_at_so_many_messages(self, monkeypatch):
        monkeypatch.setattr(unanswered, "LOOK_BACK", 2)
        come(OLA, 1), come(ASE, 2), come(KARI, 3)
        assert conversations.unanswered_count() == 2


def test_only_conversations_of_the_accounts_that_are_asked_for_are_listed():
    out(KARI, 1), out(OLA, 2, account="second"), out(ASE, 3, account="third")
    assert numbers(threads(accounts=["default", "second"])) == [OLA, KARI]
    assert numbers(threads(account="third", accounts=["second"])) == [] == numbers(threads(accounts=[]))


class TestThreadsInBrief:
    def test_the_threads_are_the_same_with_the_columns_of_a_list(self):
        (
            MmsFileFactory(message=come(KARI, 0), name="b.txt", content_type="text/plain", content=b"b"),
            out(KARI, 1, "x" * 300, state="unconfirmed", given_up=True),
        )
        (
            MmsFileFactory(message=come(OLA, 2), name="a.txt", content_type="text/plain", content=b"a"),
            come(ASE, 3, "y " * 150),
        )

        brief, full = threads(brief=True), threads()

        assert [(row.account, row.number, row.latest) for row in brief.rows] == [
            (row.account, row.number, row.latest) for row in full.rows
        ]
        assert [row.latest.text for row in brief.rows] == [row.latest.text[:200] for row in full.rows]
        assert [row.latest.file_count for row in brief.rows] == [0, 1, 0]
        assert (brief.rows[2].latest.state, brief.rows[2].latest.given_up) == ("unconfirmed", True)

    def test_both_tables_are_read_once_and_nothing_else(self, django_assert_num_queries):
        for n in range(5):
            (
                out(f"+4799999{n:03}", n),
                MmsFileFactory(
                    message=come(f"+4799998{n:03}", n), name="a.txt", content_type="text/plain", content=b"a"
                ),
            )

        with django_assert_num_queries(2):
            assert len(threads(brief=True).rows) == 10


def test_a_reply_has_the_sender_of_the_message_that_it_answers():
    come(KARI, 1, in_reply_to=out(KARI, 0, sender="Legesenter")), come(KARI, 2)

    came = [row.answered_sender for row in thread("default", KARI).rows if not isinstance(row, OutboundMessage)]
    assert came == ["Legesenter", None]


class TestCursor:
    def test_a_cursor_is_the_same_after_it_was_written_and_read(self):
        assert Cursor.parse(str(Cursor(12, 345))) == Cursor(12, 345)

    @pytest.mark.parametrize(
        "text", ["", "1", "1-2-3", "a-1", "-1", "1-", "1.5-2", "٣-1", "9223372036854775808-1", "²-1"]
    )
    def test_anything_else_is_refused(self, text):
        with pytest.raises(ValueError, match="first page"):
            Cursor.parse(text)


def test_a_message_tells_when_it_was_written_and_with_whom():
    sms, answer = out(KARI, 1), come(OLA, 2)

    assert [conversations.written_at(row) - at(0) for row in (sms, answer)] == [timedelta(seconds=s) for s in (1, 2)]
    assert [conversations.counterpart(row) for row in (sms, answer)] == [KARI, OLA]

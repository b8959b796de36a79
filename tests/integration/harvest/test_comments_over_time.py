"""Comments that are edited, hidden, shown again and deleted; and lists that are longer than a run takes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from models.accounts.account import Account
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.test_comments_by_list import COMMENTS, known_media, newest, recount, reply, say
from worker.harvests.kinds import comments


def ask(field: Field, method: str, path: str, **data: Any) -> None:
    headers = {"Authorization": f"Bearer {field.simulator.token(0)}"}
    field.simulator.http.request(method, f"/v25.0/{path}", data=data, headers=headers).raise_for_status()


def delete(field: Field, comment_id: str) -> None:
    ask(field, "DELETE", comment_id)


def due_again(field: Field) -> None:
    """A week later: what the media count has not changed."""
    field.sql(
        "UPDATE media_states SET comments_read_at = comments_read_at - interval '8 days',"
        " comments_whole_at = comments_whole_at - interval '8 days'"
    )
    field.sql("UPDATE comments SET first_seen_at = first_seen_at - interval '8 days'")
    field.sql("UPDATE comments SET last_seen_at = last_seen_at - interval '8 days'")


def versions(field: Field, comment_id: str) -> list[tuple[Any, ...]]:
    query = """
        SELECT v.text, v.is_hidden, v.is_gone FROM comment_versions v JOIN comments c ON c.id = v.comment_id
         WHERE c.ig_id = :id ORDER BY v.seen_at
    """
    return [tuple(row) for row in field.rows(query, id=comment_id)]


def gone(field: Field) -> set[str]:
    return {row.ig_id for row in field.rows("SELECT ig_id FROM comments WHERE gone_at IS NOT NULL")}


@pytest.fixture
def field(field_: Field) -> Field:
    field_.simulator.post("/_sim/advance", seconds=1)
    return field_


def read_once(field: Field, *texts: str) -> tuple[Account, list[str]]:
    """An account whose newest media has these comments, known and read; the ids of them."""
    account = known_media(field)
    said = [say(field, newest(field), words) for words in texts]
    recount(field, account)
    assert field.harvest(COMMENTS, account).status == "done"
    return account, said


def test_an_edit_is_a_version_and_the_first_words_stay(field: Field) -> None:
    account, [comment] = read_once(field, "hello")
    field.simulator.post("/_sim/edit_comment", account=0, comment_id=comment, text="hello, all")

    due_again(field)
    run = field.harvest(COMMENTS, account)
    due_again(field)
    again = field.harvest(COMMENTS, account)

    assert (run.rows, again.rows) == (1, 0)
    assert field.value("SELECT text FROM comments WHERE ig_id = :id", id=comment) == "hello, all"
    assert versions(field, comment) == [("hello", False, False), ("hello, all", False, False)]


def test_hiding_and_showing_are_versions(field: Field) -> None:
    account, [comment] = read_once(field, "hello")
    for hide in ("true", "false"):
        ask(field, "POST", comment, hide=hide)
        due_again(field)
        field.harvest(COMMENTS, account)

    assert [is_hidden for _, is_hidden, _ in versions(field, comment)] == [False, True, False]


def test_a_deleted_comment_is_gone_with_its_replies_and_nothing_else_is(field: Field) -> None:
    account, [first, second] = read_once(field, "first", "second")
    below = reply(field, first, "an answer")
    recount(field, account)
    field.harvest(COMMENTS, account)
    delete(field, first)
    delete(field, below)

    recount(field, account)
    run = field.harvest(COMMENTS, account)

    assert (run.status, run.rows, gone(field)) == ("done", 2, {first, below})
    assert versions(field, first) == [("first", False, False), ("first", False, True)]
    assert field.value("SELECT text FROM comments WHERE ig_id = :id", id=first) == "first"
    assert versions(field, second) == []


def test_one_that_goes_while_another_comes_is_seen_too(field: Field) -> None:
    account, [first, _] = read_once(field, "first", "second")
    delete(field, first)
    say(field, newest(field), "third")

    recount(field, account)
    assert field.harvest(COMMENTS, account).calls == 0  # the count is what it was
    due_again(field)
    field.harvest(COMMENTS, account)

    assert gone(field) == {first}


UNSHOWN = {"pointer": "/data/0/id", "value": "179"}


@pytest.mark.parametrize(
    "changes",
    [
        [UNSHOWN, {"pointer": "/paging", "value": []}],
        [{"pointer": "/data/0", "value": None}],
        [{"pointer": "/data", "value": []}],
        [UNSHOWN, {"pointer": "/data/1/replies", "value": {"data": [None]}}],
        [UNSHOWN, {"pointer": "/data/1/replies", "value": {"data": [], "paging": 5}}],
    ],
    ids=["how it goes on", "an item", "everything", "a reply", "how the replies go on"],
)
def test_what_a_list_cut_short_leaves_out_is_not_gone(field: Field, changes: list[dict[str, Any]]) -> None:
    account, _ = read_once(field, "first", "second")
    media_id = newest(field)
    due_again(field)
    whole = "SELECT comments_whole_at FROM media_states s JOIN media m ON m.id = s.media_id WHERE m.ig_id = :id"
    before = field.value(whole, id=media_id)
    field.simulator.fault(endpoint="media_comments", mode="altered", changes=changes)

    run = field.harvest(COMMENTS, account)

    assert gone(field) == set()
    assert run.status in {"done", "partial"}
    assert field.value(whole, id=media_id) == before


def test_a_refused_list_is_no_proof_that_all_are_gone(field: Field) -> None:
    account, _ = read_once(field, "first", "second")
    due_again(field)
    field.simulator.fault(endpoint="media_comments", mode="refuse", code=100)

    field.harvest(COMMENTS, account)

    assert gone(field) == set()


def test_when_the_last_comment_goes_the_empty_list_is_proof(field: Field) -> None:
    account, _ = read_once(field, "only")
    media_id = newest(field)
    mine = {row.ig_id for row in field.rows("SELECT ig_id FROM comments WHERE ig_media_id = :id", id=media_id)}
    for comment in mine:
        delete(field, comment)

    recount(field, account)
    field.harvest(COMMENTS, account)

    assert gone(field) == mine


class TestLongLists:
    @pytest.fixture
    def long(self, field: Field) -> tuple[Account, list[str]]:
        """An account of whose newest media 110 comments are not read yet."""
        account = known_media(field)
        field.harvest(COMMENTS, account)
        said = []
        for number in range(110):
            if number % 10 == 0:
                field.simulator.post("/_sim/advance", seconds=1)
            said.append(say(field, newest(field), f"comment {number}"))
        recount(field, account)
        return account, said

    def test_one_that_a_run_cannot_end_goes_on_in_the_next_one(
        self, field: Field, long: tuple[Account, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account, said = long
        monkeypatch.setattr(comments, "MOST_PAGES", 2)

        first, second = field.harvest(COMMENTS, account), field.harvest(COMMENTS, account)
        third = field.harvest(COMMENTS, account)

        assert [(run.status, run.calls) for run in (first, second, third)] == [("done", 2), ("done", 1), ("done", 0)]
        known = {row.ig_id for row in field.rows("SELECT ig_id FROM comments")}
        assert set(said) <= known
        assert gone(field) == set()
        assert field.value("SELECT count(*) FROM media_states WHERE comments_begun_at IS NOT NULL") == 0

    def test_an_interrupted_one_goes_on_at_its_cursor(self, field: Field, long: tuple[Account, list[str]]) -> None:
        account, said = long
        field.simulator.fault(endpoint="media_comments", mode="refuse_500", nth=3, count=3)

        first = field.harvest(COMMENTS, account)
        second = field.harvest(COMMENTS, account)

        assert (first.status, second.id, second.status) == ("running", first.id, "done")
        assert second.calls - first.calls == 1  # of three pages
        assert set(said) <= {row.ig_id for row in field.rows("SELECT ig_id FROM comments")}

    def test_one_that_turns_in_a_circle_of_pages_ends_there_and_proves_nothing(self, field: Field) -> None:
        account = known_media(field)
        field.harvest(COMMENTS, account)
        said = say(field, newest(field), "hello")
        recount(field, account)
        for number in range(1, 7):
            after = urlsafe_b64encode(b'[1e18, "%d"]' % (number % 2)).decode()  # to the beginning, in two ways
            paging = {"cursors": {"after": after}, "next": f"https://x/?after={after}"}
            changes = [{"pointer": "/paging", "value": paging}]
            field.simulator.fault(endpoint="media_comments", mode="altered", changes=changes, count=1)

        field.sql("UPDATE media_states SET comments_whole_at = NULL")

        run = field.harvest(COMMENTS, account)

        assert run.calls == 3
        assert field.value("SELECT count(comments_begun_at) + count(comments_whole_at) FROM media_states") == 0
        assert field.value("SELECT count(*) FROM comments WHERE ig_id = :id", id=said) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"mode": "refuse", "code": 100},
            {"mode": "altered", "changes": [{"pointer": "/paging", "value": []}]},
        ],
        ids=["refused", "without a word of how it goes on"],
    )
    def test_one_that_breaks_off_at_its_cursor_is_read_from_its_beginning(
        self,
        field: Field,
        long: tuple[Account, list[str]],
        monkeypatch: pytest.MonkeyPatch,
        fault: dict[str, Any],
    ) -> None:
        account, said = long
        monkeypatch.setattr(comments, "MOST_PAGES", 1)
        field.harvest(COMMENTS, account)
        field.simulator.fault(endpoint="media_comments", nth=1, **fault)

        field.harvest(COMMENTS, account)
        begun = field.value("SELECT count(*) FROM media_states WHERE comments_begun_at IS NOT NULL")
        monkeypatch.setattr(comments, "MOST_PAGES", 5)
        field.harvest(COMMENTS, account)

        assert begun == 0
        assert set(said) <= {row.ig_id for row in field.rows("SELECT ig_id FROM comments")}
        assert gone(field) == set()

    def test_one_of_a_media_that_goes_meanwhile_is_left(
        self, field: Field, long: tuple[Account, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account, _ = long
        monkeypatch.setattr(comments, "MOST_PAGES", 1)
        field.harvest(COMMENTS, account)
        field.sql("UPDATE media SET ig_id = '1' WHERE ig_id = :id", id=newest(field))

        run = field.harvest(COMMENTS, account)

        assert run.status == "done"
        assert field.value("SELECT count(*) FROM media_states WHERE comments_begun_at IS NOT NULL") == 0

    def test_what_comes_meanwhile_is_read_afterwards(
        self, field: Field, long: tuple[Account, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account, _ = long
        monkeypatch.setattr(comments, "MOST_PAGES", 2)
        field.harvest(COMMENTS, account)
        late = say(field, newest(field), "too late for the first page")
        recount(field, account)

        field.harvest(COMMENTS, account)
        assert field.value("SELECT count(*) FROM comments WHERE ig_id = :id", id=late) == 0
        field.harvest(COMMENTS, account)

        assert field.value("SELECT count(*) FROM comments WHERE ig_id = :id", id=late) == 1

    def test_one_that_is_missed_between_others_is_gone_if_its_id_is(
        self, field: Field, long: tuple[Account, list[str]]
    ) -> None:
        account, said = long
        field.harvest(COMMENTS, account)
        delete(field, said[-13])
        delete(field, said[-100])  # too far down to be missed
        for number in range(3):
            say(field, newest(field), f"new {number}")
        recount(field, account)

        run = field.harvest(COMMENTS, account)

        assert (run.status, gone(field)) == ("done", {said[-13]})
        assert run.calls == 3  # two pages, of which the second brings nothing new, and the one that is missed

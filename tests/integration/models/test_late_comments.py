"""Lists of comments that are stored after newer ones: states of their time, and nothing of the present changes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from models.accounts.account import Account
from models.history.comment import Comment, SeenComment, record_gone, see_comments
from models.store.session import Database
from models.upkeep.invariants import INVARIANTS, violations
from pressrun import clock
from tests.factories.rows import make_account
from tests.support.statements import after_first, statements_of, waits_for_a_lock
from tests.support.waiting import until

T0 = clock.now().replace(microsecond=0) - timedelta(days=2)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


class Desk:
    """One account of one database, and what lists of certain hours show of its comments."""

    def __init__(self, database: Database, account: Account) -> None:
        self.database, self.account = database, account

    def see(self, hours: float, words: str | None, hidden: bool | None = False, *, ig_id: str = "1") -> int:
        shown = [SeenComment(ig_id, "m1", text=words, is_hidden=hidden)]
        with self.database.transaction() as tx:
            return see_comments(tx, self.account.id, shown, now=at(hours), are_shown=True)

    def go(self, hours: float, ig_id: str = "1") -> None:
        with self.database.transaction() as tx:
            gone = record_gone(tx, self.account.id, "m1", unseen_since=at(hours), now=at(hours), ig_id=ig_id)
        assert gone == 1

    @property
    def row(self) -> Comment:
        with self.database.transaction() as tx:
            return tx.query(Comment).filter_by(account_id=self.account.id, ig_id="1").one()

    @property
    def now(self) -> tuple[str | None, bool | None, bool]:
        return self.row.text, self.row.is_hidden, self.row.gone_at is not None

    @property
    def versions(self) -> list[tuple[Any, ...]]:
        query = """
            SELECT extract(epoch FROM seen_at - :t0) / 3600, text, is_hidden, is_gone FROM comment_versions
             WHERE comment_id = :id ORDER BY seen_at
        """
        with self.database.transaction() as tx:
            found = tx.execute(text(query), {"id": self.row.id, "t0": T0})
            assert violations(tx, INVARIANTS["comment_unlike_its_versions"]) == []
            return [(float(row[0]), *row[1:]) for row in found]

    @property
    def words(self) -> list[tuple[float, str]]:
        return [(hours, "gone" if is_gone else words) for hours, words, _, is_gone in self.versions]


@pytest.fixture
def desk(shared: Database) -> Desk:
    with shared.transaction() as tx:
        return Desk(shared, make_account(tx))


def test_a_late_list_from_before_it_was_known_adds_its_state_and_changes_nothing(desk: Desk) -> None:
    desk.see(3, "now")

    assert desk.see(1, "then", hidden=True) == 1

    assert desk.now == ("now", False, False)
    assert desk.versions == [(1, "then", True, False), (3, "now", False, False)]
    assert (desk.row.first_seen_at, desk.row.last_seen_at, desk.row.changed_at) == (at(1), at(3), at(3))


def test_between_two_lists_that_agree_the_state_that_stands_is_told_again(desk: Desk) -> None:
    desk.see(1, "a")
    desk.see(5, "a")

    assert desk.see(3, "b") == 1

    assert desk.now == ("a", False, False)
    assert desk.words == [(1, "a"), (3, "b"), (5, "a")]
    assert (desk.row.last_seen_at, desk.row.changed_at) == (at(5), at(5))


def test_after_the_last_change_the_state_that_stands_is_told_again(desk: Desk) -> None:
    for hours, words in ((1, "a"), (2, "b"), (6, "b")):
        desk.see(hours, words)

    assert desk.see(4, "c") == 1
    assert desk.see(3, "b") == 0, "as it was known then"

    assert desk.words == [(1, "a"), (2, "b"), (4, "c"), (6, "b")]


def test_a_late_list_that_says_what_was_known_adds_nothing(desk: Desk) -> None:
    desk.see(2, "a")
    for hours in (1, 1.5, 2, 1):
        assert desk.see(hours, "a") == 0

    assert (desk.words, desk.row.first_seen_at, desk.row.changed_at) == ([], at(1), None)
    assert desk.see(3, "b") == 1
    assert desk.words == [(1, "a"), (3, "b")], "as if they had come in their order"


def test_the_same_late_list_twice_adds_once(desk: Desk) -> None:
    desk.see(1, "a")
    desk.see(5, "a")
    assert [desk.see(3, "b"), desk.see(3, "b"), desk.see(3, "c"), desk.see(5, "c")] == [1, 0, 0, 0]

    assert desk.words == [(1, "a"), (3, "b"), (5, "a")]


@pytest.mark.parametrize("order", list(permutations((("a", 1), ("b", 2), ("c", 3)))))
def test_in_whichever_order_lists_come_the_versions_are_the_same(desk: Desk, order: Sequence[tuple[str, int]]) -> None:
    for words, hours in order:
        desk.see(hours, words)

    assert desk.words == [(1, "a"), (2, "b"), (3, "c")]
    assert (desk.now, desk.row.first_seen_at, desk.row.changed_at) == (("c", False, False), at(1), at(3))


def test_a_state_that_was_seen_earlier_than_its_version_says_is_told_of_then(desk: Desk) -> None:
    for hours, words in ((3, "b"), (2, "a"), (1, "a")):
        desk.see(hours, words)

    assert desk.words == [(1, "a"), (2, "a"), (3, "b")]


def test_a_list_from_before_one_went_tells_what_it_said_and_leaves_it_gone(desk: Desk) -> None:
    desk.see(1, "a")
    desk.go(6)
    assert desk.see(3, "a") == 0
    assert desk.see(4, "b") == 1

    assert desk.now == ("a", False, True)
    assert desk.words == [(1, "a"), (4, "b"), (6, "gone")]


def test_a_list_from_between_its_going_and_its_return_tells_that_it_was_there(desk: Desk) -> None:
    desk.see(1, "a")
    desk.go(2)
    desk.see(6, "a")

    assert desk.see(4, "a") == 1

    assert desk.words == [(1, "a"), (2, "gone"), (4, "a"), (6, "a")]
    assert desk.now == ("a", False, False)


def test_an_erased_person_stays_erased(desk: Desk) -> None:
    desk.see(3, "now")
    with desk.database.transaction() as tx:
        tx.execute(text("UPDATE comments SET erased_at = now(), text = NULL WHERE id = :id"), {"id": desk.row.id})

    assert [desk.see(1, "then"), desk.see(9, "later")] == [0, 0]

    assert (desk.row.text, desk.versions) == (None, [])


def test_what_nobody_knew_is_completed_and_is_no_change(desk: Desk) -> None:
    desk.see(3, "a", hidden=None)
    assert desk.see(1, "a", hidden=True) == 0

    assert (desk.now, desk.versions) == (("a", True, False), [])


def test_what_a_late_list_leaves_out_is_as_it_was_then(desk: Desk) -> None:
    for hours, hidden in ((1, False), (3, True), (6, True)):
        desk.see(hours, "a", hidden=hidden)

    assert desk.see(2, "a", hidden=None) == 0
    assert desk.see(4, None, hidden=False) == 1

    assert desk.versions == [
        (1, "a", False, False),
        (3, "a", True, False),
        (4, "a", False, False),
        (6, "a", True, False),
    ]


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
def test_what_was_never_known_of_the_newest_is_what_was_known_before(desk: Desk, order: Sequence[int]) -> None:
    lists = {1: ("then", True), 3: ("now", None)}
    for hours in order:
        desk.see(hours, *lists[hours])

    assert desk.now == ("now", True, False)
    assert desk.versions == [(1, "then", True, False), (3, "now", True, False)]


def test_what_a_version_has_told_as_unknown_becomes_known_by_another_one(desk: Desk) -> None:
    desk.see(1, "a", hidden=None)
    desk.see(2, "b", hidden=None)
    desk.see(1.5, "a", hidden=True)
    assert desk.now == ("b", None, False), "versions are not changed, and the newest one is what the row says"

    desk.see(3, "b", hidden=False)

    assert desk.versions == [
        (1, "a", None, False),
        (1.5, "a", True, False),
        (2, "b", None, False),
        (3, "b", False, False),
    ]


def test_a_late_list_waits_for_a_newer_one_that_is_being_stored(desk: Desk) -> None:
    desk.see(1, "a")

    with ThreadPoolExecutor(1) as pool, desk.database.transaction() as tx:
        see_comments(tx, desk.account.id, [SeenComment("1", text="c")], now=at(3), are_shown=True)
        late = pool.submit(desk.see, 2, "b")
        until(lambda: late.done() or waits_for_a_lock(desk.database), what="nothing waits")
        assert not late.done()
        tx.commit()
        assert late.result(20) == 1

    assert desk.words == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize(("first", "then"), [((1, "a"), (2, "b")), ((2, "b"), (1, "a"))])
def test_of_two_lists_that_find_it_at_once_both_are_told(
    desk: Desk, first: tuple[int, str], then: tuple[int, str]
) -> None:
    with after_first(desk.database, "FOR UPDATE", lambda: _beside(desk, *first)) as beside:
        assert desk.see(*then) == 1

    assert beside == [1]
    assert desk.words == [(1, "a"), (2, "b")]


def _beside(desk: Desk, hours: int, words: str) -> int:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(desk.see, hours, words).result(20)


def test_what_is_not_late_costs_the_statements_it_always_did(desk: Desk) -> None:
    late = [SeenComment(str(number), "m1", text="x", is_hidden=False) for number in range(50)]

    with statements_of(desk.database) as unchanged:
        desk.see(1, "a")
        desk.see(2, "a")
    with statements_of(desk.database) as changed:
        desk.see(3, "b")
    with statements_of(desk.database) as many, desk.database.transaction() as tx:
        see_comments(tx, desk.account.id, late, now=at(4), are_shown=True)
        see_comments(tx, desk.account.id, [replace(one, text="y") for one in late], now=at(2), are_shown=True)

    assert kinds_of(unchanged) == ["SELECT", "INSERT"] * 2
    assert kinds_of(changed) == ["SELECT", "SELECT", "INSERT", "INSERT"]
    assert kinds_of(many)[-3:] == ["SELECT", "WITH", "INSERT"], "however many are late"


def kinds_of(statements: Sequence[str]) -> list[str]:
    return [one.split()[0] for one in statements]

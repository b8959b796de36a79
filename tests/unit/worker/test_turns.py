"""Whose turn it is: the first due first, one of an account at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.publishing.arming import Armed
from pressrun.clock import Deadline
from worker.publishing.turns import Turns

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def armed(id_: int, account_id: int, after_s: float = 0) -> Armed:
    return Armed(id_, 1, account_id, "facebook", NOON + timedelta(seconds=after_s), Deadline.after(60))


def taken(turns: Turns, until_s: float = 0, most: int = 10) -> list[int]:
    return [one.id for one in turns.take(NOON + timedelta(seconds=until_s), most)]


def test_accounts_go_side_by_side_and_an_accounts_own_one_after_another() -> None:
    turns = Turns()
    turns.add([armed(1, 7), armed(2, 7), armed(3, 8), armed(4, 7)])

    assert taken(turns) == [1, 3]
    assert taken(turns) == []
    turns.done(7)
    assert taken(turns) == [2]
    turns.done(8)
    turns.done(7)
    assert taken(turns) == [4]
    assert len(turns) == 0


def test_none_is_taken_before_its_time_nor_more_than_there_is_room_for() -> None:
    turns = Turns()
    turns.add([armed(1, 1), armed(2, 2), armed(3, 3), armed(4, 4, after_s=1)])

    assert taken(turns, most=2) == [1, 2]
    assert taken(turns) == [3]
    assert turns.next_at() == NOON + timedelta(seconds=1)
    assert taken(turns, until_s=1) == [4]
    assert turns.next_at() is None


def test_one_that_comes_later_and_is_due_sooner_overtakes() -> None:
    turns = Turns()
    turns.add([armed(1, 1, after_s=2), armed(2, 2, after_s=2)])
    turns.add([armed(3, 1)])

    assert taken(turns) == [3]
    turns.done(1)
    assert taken(turns, until_s=2) == [1, 2]


def test_one_that_is_put_back_keeps_its_turn() -> None:
    turns = Turns()
    first = armed(1, 1)
    turns.add([first, armed(2, 1)])
    assert taken(turns) == [1]

    turns.add([first])
    assert taken(turns) == [], "its account is at work still"
    turns.done(1)

    assert taken(turns) == [1]


def test_what_waits_is_given_up_as_a_whole() -> None:
    turns = Turns()
    turns.add([armed(1, 1), armed(2, 1), armed(3, 2, after_s=9)])
    assert taken(turns) == [1]

    assert {one.id for one in turns.clear()} == {2, 3}
    turns.done(1)
    assert (len(turns), taken(turns, until_s=9)) == (0, [])

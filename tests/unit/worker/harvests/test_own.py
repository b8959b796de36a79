"""Whose own metrics a run reads: those that have waited longest for what their age asks for, within its budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from worker.harvests.kinds import costly
from worker.harvests.kinds.known import KnownMedia
from worker.harvests.kinds.own import CALLS_PER_RUN, OwnMetrics

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
H, D = timedelta(hours=1), timedelta(days=1)


def one(name: str, age: timedelta, read: timedelta | None = None, **over: Any) -> KnownMedia:
    """A media of that age whose own metrics were read that long ago, or never."""
    values: dict[str, Any] = {"id": 1, "ig_id": name, "posted_at": NOW - age, "checked_at": NOW}
    values |= {"first_seen_at": NOW - age, "own_read_at": None if read is None else NOW - read}
    return KnownMedia(**values | over)


def own(*media: KnownMedia, most: int = CALLS_PER_RUN, run_started_at: datetime = NOW) -> OwnMetrics:
    return OwnMetrics({media.ig_id: media for media in media}, NOW, run_started_at, most)


def taken(budget: OwnMetrics, *names: str) -> list[str]:
    return [name for name in names if budget.take(name, NOW)]


def test_what_is_good_for_its_age_waits() -> None:
    budget = own(
        one("young", 2 * H, H), one("fresh", 2 * H, H / 2), one("old", 90 * D, 6 * D), one("due", 90 * D, 7 * D)
    )

    assert taken(budget, "young", "fresh", "old", "due") == ["young", "due"]


def test_those_that_waited_longest_for_their_age_come_first() -> None:
    budget = own(one("a", 40 * D, 8 * D), one("b", 2 * H, 3 * H), one("c", 40 * D, 30 * D), most=2)

    assert taken(budget, "a", "b", "c") == ["b", "c"]


def test_every_old_media_has_its_turn_although_young_ones_are_always_due() -> None:
    budget = own(one("old", 40 * D, 40 * D), *(one(f"y{number}", 2 * H, H) for number in range(30)), most=20)

    assert taken(budget, "old") == ["old"]


def test_a_call_that_is_left_over_goes_to_media_that_nobody_knew() -> None:
    budget = own(one("known", 2 * H, 2 * H), most=3)

    assert taken(budget, "n1", "n2", "n3", "known", "known") == ["n1", "n2", "known"]


def test_what_an_earlier_try_of_the_run_has_spent_is_spent() -> None:
    media = [one(f"m{number}", 2 * H, H / 2 if number < 20 else None) for number in range(40)]
    budget = own(*media, run_started_at=NOW - H, most=20)

    assert taken(budget, *(one.ig_id for one in media), "new") == []


def test_what_no_page_held_is_left() -> None:
    budget = own(one("a", 2 * H, 2 * H), one("b", 60 * D))
    budget.take("a", NOW)

    assert [left.ig_id for left in budget.left()] == ["b"]


def test_what_cannot_be_read_is_never_chosen() -> None:
    gone, bare = one("gone", D, gone_at=NOW), one("bare", D, has_no_insights=True)

    assert own(gone, bare, one("undated", D, posted_at=None)).left() == []


def test_calls_that_a_media_costs_besides_count() -> None:
    several = 1 + costly.CALLS
    budget = own(one("a", 2 * D, 2 * D), one("b", 3 * D, 2 * D), one("c", 4 * D, 2 * D), most=2 * several + 1)

    assert len(taken(budget, "a", "b", "c")) == 2
    assert not budget.take("new", NOW - 2 * D)
    assert budget.take("newer", NOW)

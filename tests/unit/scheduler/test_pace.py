"""The forecast of the publishing window, against counting by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.posts.post import PostType
from scheduler.posts.pace import crowded, places

T0 = datetime(2026, 12, 24, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

_hours = st.lists(st.integers(0, 60), max_size=25)


def test_a_window_that_is_just_full_is_not_crowded() -> None:
    assert crowded([T0, T0 + HOUR], [T0 + 2 * HOUR], total=3, duration=DAY) == {}


def test_one_more_is() -> None:
    assert crowded([T0, T0 + HOUR], [T0 + 2 * HOUR], total=2, duration=DAY) == {T0 + 2 * HOUR: 3}


def test_what_left_the_window_makes_room() -> None:
    assert crowded([T0], [T0 + DAY], total=1, duration=DAY) == {}
    assert crowded([T0 + timedelta(microseconds=1)], [T0 + DAY], total=1, duration=DAY) == {T0 + DAY: 2}


def test_new_posts_crowd_each_other() -> None:
    new = [T0, T0 + HOUR, T0 + 2 * HOUR]

    assert crowded([], new, total=1, duration=DAY) == {T0 + HOUR: 2, T0 + 2 * HOUR: 3}


def test_several_at_the_same_instant_all_count() -> None:
    assert crowded([T0], [T0, T0], total=2, duration=DAY) == {T0: 3}


@given(known=_hours, new=_hours, total=st.integers(0, 6), hours=st.integers(1, 30))
def test_it_counts_as_a_person_would(known: list[int], new: list[int], total: int, hours: int) -> None:
    old, coming = [T0 + one * HOUR for one in known], [T0 + one * HOUR for one in new]
    duration = hours * HOUR

    expected = {}
    for at in coming:
        count = sum(1 for one in [*old, *coming] if at - duration < one <= at)
        if count > total:
            expected[at] = count

    assert crowded(old, coming, total=total, duration=duration) == expected


def test_each_story_takes_a_place_and_a_carousel_one_for_all() -> None:
    media = ["a.jpg", "b.jpg", "c.jpg"]

    assert places(PostType.STORY, media) == 3
    assert places(PostType.CAROUSEL, media) == 1

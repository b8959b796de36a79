"""Which media are due, and how far down the list a run reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graph.accounts.media import Media
from worker.harvests.kinds.known import KnownMedia
from worker.harvests.kinds.ladder import Ladder, interval, story_is_due, story_is_ending, story_tells_all

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
H, D = timedelta(hours=1), timedelta(days=1)


def known(*ages: tuple[timedelta, timedelta], **over: object) -> dict[str, KnownMedia]:
    """Media `m0`, `m1`, … of these (age, time since it was last read)."""
    return {
        f"m{number}": KnownMedia(
            **{
                "id": number,
                "ig_id": f"m{number}",
                "posted_at": NOW - age,
                "first_seen_at": NOW - age,
                "checked_at": NOW - checked,
            }
            | over  # type: ignore[arg-type]
        )
        for number, (age, checked) in enumerate(ages)
    }


def ladder(of: dict[str, KnownMedia], **over: object) -> Ladder:
    values: dict[str, object] = {"now": NOW, "run_started_at": NOW, "covered_at": NOW - H}
    return Ladder(of, **values | over)  # type: ignore[arg-type]


def listed(*names: str, oldest: timedelta = D) -> list[Media]:
    return [Media(name, timestamp=NOW - oldest) for name in names]


@pytest.mark.parametrize(
    ("age", "rung"),
    [(23 * H, H), (24 * H, 6 * H), (7 * D - H, 6 * H), (7 * D, D), (30 * D, 7 * D), (900 * D, 7 * D)],
)
def test_the_younger_the_oftener(age: timedelta, rung: timedelta) -> None:
    assert interval(age) == rung


def test_what_nobody_has_read_is_due() -> None:
    assert ladder({}).is_due("new")


def test_a_run_that_starts_a_little_early_does_not_skip_a_round() -> None:
    media = known((2 * H, timedelta(minutes=52)), (2 * H, timedelta(minutes=45)))

    assert ladder(media).is_due("m0")
    assert not ladder(media).is_due("m1")


def test_a_published_media_that_was_never_listed_counts_as_fresh() -> None:
    media = known((H, 2 * H), posted_at=None)

    assert ladder(media).is_due("m0")


def test_a_run_reads_down_to_the_oldest_media_that_is_due() -> None:
    run = ladder(known((D, 0 * H), (40 * D, 8 * D), (50 * D, D)))

    assert run.goes_on(listed("m0", oldest=D))
    assert not run.goes_on(listed("m1", oldest=40 * D))


def test_media_of_one_second_may_lie_on_two_pages() -> None:
    run = ladder(known((D, 8 * D), (D, 8 * D)))

    assert run.goes_on(listed("m0"))
    assert not run.goes_on(listed("m1"))


def test_a_run_to_which_nothing_is_due_reads_one_page() -> None:
    run = ladder(known((D, 0 * H), (40 * D, D)))

    assert not run.goes_on(listed("m0"))


def test_pages_of_unknown_media_are_followed_to_what_is_known() -> None:
    run = ladder(known((3 * D, H)))

    assert run.goes_on(listed("new-1", "new-2"))
    assert not run.goes_on(listed("new-3", "m0"))


def test_the_first_run_of_an_account_reads_to_the_end() -> None:
    run = ladder(known((D, H), (2 * D, H)), covered_at=None)

    assert run.goes_on(listed("m0"))
    assert run.goes_on(listed("m1", oldest=2 * D))


def test_what_an_unfinished_run_stored_does_not_end_the_next_one() -> None:
    run = ladder(known((D, H), first_seen_at=NOW - H / 2), covered_at=NOW - 2 * H)

    assert run.goes_on(listed("m0"))


def test_an_empty_page_is_not_the_end() -> None:
    assert ladder({}).goes_on([])


def test_a_second_try_reads_on_where_the_first_one_stopped() -> None:
    media = known((D, 0 * H), (2 * D, 0 * H), (40 * D, 8 * D))

    run = ladder(media, run_started_at=NOW - timedelta(minutes=5))

    assert run.resume_until == NOW - 2 * D + timedelta(seconds=1)
    assert not run.is_due("m1")
    assert run.is_due("m2")
    assert run.missing(to_the_end=True) == []


def test_a_media_that_should_have_been_listed_is_missing() -> None:
    run = ladder(known((1 * D, H), (2 * D, H), (3 * D, H), (5 * D, H)))
    run.goes_on([Media("m0", timestamp=NOW - D), Media("m2", timestamp=NOW - 3 * D)])

    assert run.missing(to_the_end=False) == [1]
    assert run.missing(to_the_end=True) == [1, 3]


def test_a_listing_without_a_single_media_says_nothing_of_the_others() -> None:
    run = ladder(known((1 * D, H)))
    run.goes_on([])

    assert run.missing(to_the_end=True) == []


class TestAFullList:
    """Instagram lists only so many media: what lies behind the last one need not be gone."""

    @staticmethod
    def run(**over: object) -> Ladder:
        run = ladder(known((1 * D, H), (2 * D, H), (3 * D, H), (5 * D, H), (5 * D, H)), full_from=3, **over)
        run.goes_on([Media("m0", timestamp=NOW - D), Media("m2", timestamp=NOW - 3 * D)])
        return run

    def test_with_room_left_its_end_is_the_end_of_the_media(self) -> None:
        run = self.run()

        assert (run.missing(to_the_end=True), run.unlisted(to_the_end=True)) == ([1, 3, 4], [])

    def test_what_lies_behind_its_end_is_not_gone(self) -> None:
        run = self.run()
        run.goes_on([Media("new", timestamp=NOW - 4 * D)])

        assert (run.missing(to_the_end=True), run.unlisted(to_the_end=True)) == ([1], [3, 4])
        assert (run.missing(to_the_end=False), run.unlisted(to_the_end=False)) == ([1], [])

    def test_a_second_try_counts_what_the_first_one_saw(self) -> None:
        media = known((1 * D, 0 * H), (2 * D, 0 * H), (3 * D, 8 * D), (5 * D, 8 * D))
        run = ladder(media, full_from=3, run_started_at=NOW - timedelta(minutes=5))
        run.goes_on([Media("m2", timestamp=NOW - 3 * D)])

        assert (run.missing(to_the_end=True), run.unlisted(to_the_end=True)) == ([], [3])

    def test_what_is_known_to_lie_there_is_no_reason_to_read_on(self) -> None:
        media = known((D, 0 * H), (2 * D, H)) | {
            "beyond": KnownMedia(9, "beyond", NOW - 50 * D, NOW, NOW - 9 * D, unlisted_at=NOW - 8 * D),
        }
        run = ladder(media)

        assert not run.goes_on(listed("m0"))
        assert run.missing(to_the_end=True) == [1]

    def test_it_takes_about_all_that_instagram_lists(self) -> None:
        assert ladder({}).full_from == 9_900


def test_what_is_gone_is_looked_for_again_but_seldom() -> None:
    gone = known((2 * H, 9 * D), gone_at=NOW - 6 * D)
    assert not ladder(gone).is_due("m0")

    gone = known((2 * H, 9 * D), gone_at=NOW - 7 * D)
    assert ladder(gone).is_due("m0")


def test_a_page_that_will_hold_media_without_insights_is_foreseen() -> None:
    media = known((1 * D, H), (2 * D, H)) | {
        "old": KnownMedia(9, "old", NOW - 3 * D, NOW, NOW, has_no_insights=True),
    }

    assert ladder(media).expects_no_insights(page_size=3)
    assert not ladder(media).expects_no_insights(page_size=2)
    after_one = ladder(media)
    after_one.goes_on(listed("m0", oldest=D))
    assert after_one.expects_no_insights(page_size=2)
    assert not ladder(known((1 * D, H))).expects_no_insights(page_size=3)


@pytest.mark.parametrize(
    ("age", "checked", "is_due"),
    [
        (timedelta(minutes=5), None, True),
        (timedelta(minutes=30), timedelta(minutes=15), True),
        (5 * H, timedelta(minutes=15), False),
        (5 * H, timedelta(minutes=51), True),
        (timedelta(hours=22, minutes=59), timedelta(minutes=15), False),
        (23 * H, timedelta(minutes=15), True),
        (timedelta(hours=23, minutes=50), timedelta(minutes=15), True),
    ],
)
def test_a_story_is_read_most_at_its_beginning_and_its_end(
    age: timedelta, checked: timedelta | None, is_due: bool
) -> None:
    checked_at = None if checked is None else NOW - checked

    assert story_is_due(NOW - age, checked_at, now=NOW) is is_due


@pytest.mark.parametrize(
    ("age", "checked", "tells_all"),
    [
        (timedelta(hours=1), None, False),
        (2 * H, timedelta(minutes=15), True),
        (3 * H, H, False),
        (6 * H, H, True),
        (21 * H, H, False),
        (22 * H, H, True),
        (timedelta(hours=23, minutes=5), timedelta(minutes=15), True),
        (timedelta(hours=23, minutes=20), timedelta(minutes=15), False),
        (timedelta(hours=23, minutes=20), H, True),
        (timedelta(hours=23, minutes=45), timedelta(minutes=15), True),
        (timedelta(hours=23, minutes=59), timedelta(minutes=15), True),
    ],
)
def test_what_takes_a_call_for_each_metric_is_read_now_and_then_and_last_of_all(
    age: timedelta, checked: timedelta | None, tells_all: bool
) -> None:
    checked_at = None if checked is None else NOW - checked

    assert story_tells_all(NOW - age, checked_at, now=NOW) is tells_all


def test_a_whole_without_its_parts_is_not_told_where_it_may_count_as_final() -> None:
    assert not story_is_ending(None, now=NOW)
    assert not story_is_ending(NOW - timedelta(hours=22, minutes=45), now=NOW)
    assert story_is_ending(NOW - timedelta(hours=22, minutes=55), now=NOW)
    assert story_is_ending(NOW - 23 * H, now=NOW)


def test_a_story_whose_time_is_unknown_is_always_due() -> None:
    assert story_is_due(None, NOW, now=NOW)

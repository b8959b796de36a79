"""Every kind of harvest against the simulator: what it stores, and what it stores the second time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind
from pressrun import clock
from tests.integration.harvest.conftest import Field
from worker.harvests.kinds.audience import TIMEFRAMES, timeframes_of

AFTER_OTHERS = {HarvestKind.STORIES, HarvestKind.COMMENTS}
"""Need media that are there, or known."""
PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("kind", [kind for kind in STANDING_CRONS if kind not in AFTER_OTHERS])
def test_a_run_stores_and_running_its_slot_again_adds_nothing(field_: Field, kind: HarvestKind, index: int) -> None:
    account = field_.account(index)

    run = field_.harvest(kind, account)

    left_out = [error["what"] for error in run.errors]  # the second account shares nothing to Facebook
    assert all(index == 1 and what.startswith("alone:") for what in left_out), run.errors
    assert (run.status, run.api_version) == ("partial" if left_out else "done", "v25.0")
    assert run.calls > 0
    assert run.rows > 0
    assert run.owed_slot is None
    assert run.leased_until is None
    stored = field_.history()

    field_.repeat_slot(kind, account)
    again = field_.harvest(kind, account)

    assert again.id == run.id
    assert again.rows == run.rows
    assert field_.history() == stored


def test_the_profile_is_read_as_of_the_moment(field_: Field) -> None:
    account = field_.account(0)

    run = field_.harvest(HarvestKind.PROFILE, account)

    rows = field_.rows("SELECT * FROM account_observations ORDER BY metric")
    assert [row.metric for row in rows] == ["followers_count", "follows_count", "media_count"]
    assert {(row.period, row.breakdown, row.period_end.year) for row in rows} == {("moment", "", 1970)}
    assert run.calls == 1


def test_days_of_the_account_end_at_the_pacific_midnight(field_: Field) -> None:
    account = field_.account(0)

    field_.harvest(HarvestKind.ACCOUNT, account)

    ends = [row.period_end for row in field_.rows("SELECT DISTINCT period_end FROM account_observations ORDER BY 1")]
    today = clock.now().astimezone(PACIFIC).date()
    assert len(ends) == 4
    assert [end.astimezone(PACIFIC).date() for end in ends] == [today + timedelta(days=day) for day in (-2, -1, 0, 1)]
    assert all(end.astimezone(PACIFIC).time().hour == 0 for end in ends)


def test_the_account_is_told_whole_and_in_parts(field_: Field) -> None:
    account = field_.account(0)

    field_.harvest(HarvestKind.ACCOUNT, account)

    metrics = {row.metric for row in field_.rows("SELECT DISTINCT metric FROM account_observations")}
    parts = {row.breakdown for row in field_.rows("SELECT DISTINCT breakdown FROM account_observations")}
    assert metrics == {
        "reach", "views", "accounts_engaged", "total_interactions", "likes", "comments", "saves", "shares",
        "replies", "reposts", "follows_and_unfollows", "profile_links_taps", "follower_count",
    }  # fmt: skip
    assert {"", "media_product_type=REELS", "follow_type=NON_FOLLOWER", "contact_button_type=CALL"} <= parts
    assert not any(part.startswith("follower_type") for part in parts)


def test_a_series_and_a_total_of_the_same_day_are_one_point(field_: Field) -> None:
    account = field_.account(0)

    field_.harvest(HarvestKind.ACCOUNT, account)

    reach = "SELECT period_end FROM account_observations WHERE metric = 'reach' AND period = 'day' AND breakdown = ''"
    ends = [row.period_end for row in field_.rows(reach)]
    assert len(ends) == len(set(ends)) == 4


def test_the_audience_is_kept_as_it_was_given(field_: Field) -> None:
    account = field_.account(0)

    run = field_.harvest(HarvestKind.AUDIENCE, account)

    rows = field_.rows("SELECT metric, timeframe, breakdown, counts FROM audience_snapshots")
    assert {row.metric for row in rows} == {"follower_demographics", "engaged_audience_demographics"}
    assert {row.timeframe for row in rows if row.metric == "engaged_audience_demographics"} == {
        "this_week",
        "this_month",
    }
    today = timeframes_of(clock.now().date(), account.id)
    assert {row.timeframe for row in rows if row.metric == "follower_demographics"} == {*today}
    assert {row.breakdown for row in rows} == {"age", "city", "country", "gender", "age,gender"}
    combined = next(row for row in rows if row.breakdown == "age,gender")
    assert all("|" in key for key in combined.counts)
    assert run.calls == 10 + 5


def test_each_older_timeframe_of_the_audience_has_its_turn() -> None:
    days = [date(2026, 11, 27) + timedelta(days=day) for day in range(4)]

    read = [timeframes_of(day, 7) for day in days]

    assert {timeframe for one in read for timeframe in one} == {*TIMEFRAMES}
    assert all(one[:2] == ("this_week", "this_month") and len(one) == 3 for one in read)


def test_media_are_listed_with_what_their_kind_can_tell(field_: Field) -> None:
    account = field_.account(0)

    run = field_.harvest(HarvestKind.MEDIA, account)

    rows = field_.rows("SELECT m.media_product_type, l.* FROM media m JOIN media_latest l ON l.media_id = m.id")
    assert len(rows) == run.rows == 12
    assert all(None not in (row.reach, row.views, row.likes, row.comments, row.saved, row.shares) for row in rows)
    reels = [row for row in rows if row.media_product_type == "REELS"]
    assert reels
    assert all(row.avg_watch_time_ms and row.total_watch_time_ms and row.extra["reels_skip_rate"] for row in reels)
    assert all(row.avg_watch_time_ms is None for row in rows if row.media_product_type == "FEED")
    assert any(row.follows is not None for row in rows if row.media_product_type == "FEED")


def test_media_that_are_not_due_cost_one_call(field_: Field) -> None:
    account = field_.account(0)
    first = field_.harvest(HarvestKind.MEDIA, account)

    second = field_.harvest(HarvestKind.MEDIA, account)

    assert first.calls > 5
    assert (second.calls, second.rows, second.status) == (1, 0, "done")


def test_tags_are_read_to_the_end_once_and_then_as_far_as_they_are_new(field_: Field) -> None:
    account = field_.account(0)
    for _ in range(120):
        field_.simulator.post("/_sim/tag", account=0)

    first = field_.harvest(HarvestKind.TAGS, account)
    field_.simulator.post("/_sim/tag", account=0, caption="the newest")
    second = field_.harvest(HarvestKind.TAGS, account)
    third = field_.harvest(HarvestKind.TAGS, account)

    assert (first.rows, first.calls) == (122, 4)  # this list does not say when it ends: the last page is empty
    assert (second.rows, second.calls) == (1, 2)
    assert (third.rows, third.calls) == (0, 1)
    newest = field_.row("SELECT * FROM tags ORDER BY id DESC LIMIT 1")
    assert newest.caption == "the newest"
    assert newest.username
    assert isinstance(newest.posted_at, datetime)

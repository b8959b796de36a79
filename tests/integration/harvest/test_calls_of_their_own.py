"""Metrics that take a call each: parts of breakdowns, what Facebook counts, and the hours of followers."""

from __future__ import annotations

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from tests.integration.harvest.conftest import Field, settings_for
from tests.integration.harvest.instagram import advance, picky, publish

ON_FACEBOOK, ON_INSTAGRAM = 0, 1
DUE_AGAIN = """
    UPDATE media_states SET read_at = read_at - interval '8 days', own_read_at = own_read_at - interval '8 days'
"""


def test_media_on_facebook_tell_what_facebook_counts(field_: Field) -> None:
    run = field_.harvest(HarvestKind.MEDIA, field_.account(ON_FACEBOOK))

    rows = field_.rows(
        """
        SELECT m.media_product_type, l.extra FROM media m JOIN media_latest l ON l.media_id = m.id
         WHERE m.posted_at BETWEEN now() - interval '29 days' AND now() - interval '1 day'
        """
    )
    assert (run.status, run.errors, run.refused) == ("done", [], {})
    assert rows
    assert all("facebook_views" in row.extra for row in rows)
    assert all(("crossposted_views" in row.extra) == (row.media_product_type == "REELS") for row in rows)


def test_profile_activity_comes_with_its_parts(field_: Field) -> None:
    field_.harvest(HarvestKind.MEDIA, field_.account(ON_FACEBOOK))

    rows = field_.rows("SELECT l.extra FROM media_latest l WHERE l.extra ? 'profile_activity:action_type=call'")
    assert rows
    for row in rows:
        parts = [count for name, count in row.extra.items() if name.startswith("profile_activity:")]
        assert sum(parts) == row.extra["profile_activity"]


def test_media_that_are_not_on_facebook_are_told_of_and_not_asked_again(field_: Field) -> None:
    account = field_.account(ON_INSTAGRAM)
    first = field_.harvest(HarvestKind.MEDIA, account)
    marked = field_.value("SELECT count(not_on_facebook) FROM media_states")

    field_.sql("UPDATE harvests SET refused = jsonb_build_object()")
    field_.sql(DUE_AGAIN)
    second = field_.harvest(HarvestKind.MEDIA, account)

    assert first.status == second.status == "partial"
    lacking = {"alone:FEED:facebook_views", "alone:REELS:facebook_views", "alone:REELS:crossposted_views"}
    assert {error["what"] for error in (*first.errors, *second.errors)} <= lacking
    assert 0 < marked <= 3 * 2
    assert field_.value("SELECT count(*) FROM media_latest WHERE extra ? 'facebook_views'") == 0
    assert second.calls <= first.calls


def test_a_story_tells_more_once_it_is_not_new(field_: Field) -> None:
    account = field_.account(ON_FACEBOOK)
    publish(field_.simulator, ON_FACEBOOK, story=True)
    advance(field_, hours=1)
    field_.harvest(HarvestKind.STORIES, account)
    early = field_.value("SELECT extra FROM media_latest")

    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '2 hours'")
    field_.sql("UPDATE media SET posted_at = posted_at - interval '2 hours'")
    advance(field_, hours=2)
    field_.harvest(HarvestKind.STORIES, account)

    assert early is None or "facebook_views" not in early
    assert field_.count("media_latest") == 1


def test_hours_of_the_last_thirty_days_are_read_first_and_then_the_last_ones(field_: Field) -> None:
    account = field_.account(ON_FACEBOOK)

    first = field_.harvest(HarvestKind.ONLINE_FOLLOWERS, account)
    second = field_.harvest(HarvestKind.ONLINE_FOLLOWERS, account)

    rows = field_.rows("SELECT * FROM account_observations")
    assert {(row.metric, row.period) for row in rows} == {("online_followers", "lifetime")}
    assert {row.breakdown for row in rows} == {f"hour={hour}" for hour in range(24)}
    assert len({row.period_end for row in rows}) * 24 == len(rows) == first.rows
    assert len(rows) >= 27 * 24
    assert (first.calls, second.calls, second.rows, second.status) == (1, 1, 0, "done")


def test_below_the_minimum_there_are_no_hours_and_no_zeros(field_: Field) -> None:
    account = field_.account(ON_FACEBOOK)
    field_.simulator.post("/_sim/account", account=ON_FACEBOOK, followers=40)

    run = field_.harvest(HarvestKind.ONLINE_FOLLOWERS, account)

    assert (run.status, run.errors, run.rows) == ("done", [], 0)
    assert field_.count("account_observations") == field_.count("account_latest") == 0


def test_reach_of_a_week_and_of_28_days_stand_beside_that_of_the_day(field_: Field) -> None:
    field_.harvest(HarvestKind.ACCOUNT, field_.account(ON_FACEBOOK))

    reach = "SELECT period, max(value) AS most FROM account_latest WHERE metric = 'reach' AND breakdown = ''"
    rows = field_.rows(f"{reach} GROUP BY period")
    most = {row.period: row.most for row in rows}
    assert set(most) == {"day", "week", "days_28"}
    assert most["day"] < most["week"] < most["days_28"]


@pytest.mark.parametrize("kind", [HarvestKind.ONLINE_FOLLOWERS, HarvestKind.ACCOUNT])
def test_one_refusal_never_fails_a_run(database: Database, kind: HarvestKind) -> None:
    with picky() as instagram:
        instagram.refused = {"online_followers", "reach"}
        field = Field(database, settings_for(instagram.url))
        run = field.harvest(kind, field.account())
        field.transport.close()

    assert run.status == "partial"
    assert {"online_followers"} & set(run.refused) or {"week:reach", "days_28:reach"} <= set(run.refused)

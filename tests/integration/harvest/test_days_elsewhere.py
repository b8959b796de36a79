"""Days of an account that do not end on the Pacific coast: each has one row, whatever zone Pressrun has for it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.accounts.account import Account
from models.harvests.backfill import open_backfill
from models.harvests.harvest import HarvestKind
from models.owed.claims import claim_due, take
from models.owed.works import WORKS
from pressrun import clock
from tests.integration.harvest.conftest import LEASE_S, Field
from worker.harvests import backfill

AT_INSTAGRAM = ZoneInfo("Australia/Adelaide")


@pytest.fixture(params=["Australia/Adelaide", "UTC"], ids=["as here", "unlike here"])
def account(field_: Field, request: pytest.FixtureRequest) -> Account:
    """Instagram ends its days at midnight in Adelaide."""
    field_.simulator.post("/_sim/readings", insight_day="account")
    field_.simulator.post("/_sim/account", account=0, timezone=AT_INSTAGRAM.key)
    return field_.account(0, timezone=request.param)


def _ends(field: Field) -> list[datetime]:
    rows = field.rows("SELECT DISTINCT period_end FROM account_latest WHERE period = 'day' ORDER BY 1")
    return [row.period_end for row in rows]


def _midnights(since: datetime, until: datetime) -> list[datetime]:
    day, found = since.astimezone(AT_INSTAGRAM).date(), []
    while (end := datetime.combine(day, time(), AT_INSTAGRAM).astimezone(UTC)) <= until:
        found += [end] if end >= since else []
        day += timedelta(days=1)
    return found


def test_each_day_is_one_row_that_ends_where_the_answers_say(field_: Field, account: Account) -> None:
    assert field_.harvest(HarvestKind.ACCOUNT, account).status == "done"

    ends = _ends(field_)
    now = clock.now()
    assert ends == _midnights(ends[0], ends[-1])
    assert ends[-2] <= now < ends[-1], "the last one is the day that runs"
    assert 4 <= len(ends) <= 6
    closed = field_.rows("SELECT * FROM account_daily WHERE period_end <= now() AND views IS NOT NULL ORDER BY day")
    assert len(closed) == len(ends) - 1
    for row in closed:
        assert row.day == row.period_end.astimezone(AT_INSTAGRAM).date() - timedelta(days=1)
        assert row.reach is not None


def test_a_change_of_the_zone_here_changes_no_past_number(field_: Field, account: Account) -> None:
    field_.harvest(HarvestKind.ACCOUNT, account)
    everything = (
        "SELECT account_id, day, period_end, reach, views, likes, parts, captured_at FROM account_daily ORDER BY day"
    )
    before = field_.rows(everything)

    field_.sql("UPDATE accounts SET timezone = 'America/New_York'")
    field_.harvest(HarvestKind.ACCOUNT, account)

    assert field_.rows(everything)[: len(before) - 1] == before[:-1]
    assert len(field_.rows(everything)) == len(before)


def test_reading_back_ends_the_days_there_too(field_: Field, account: Account) -> None:
    with field_.database.transaction() as tx:
        open_backfill(tx, account.id, HarvestKind.ACCOUNT, clock.now() - timedelta(days=20))
    work = next(work for work in WORKS if work.name == "backfill")
    for _ in range(40):
        field_.sql("UPDATE backfills SET next_action_at = now(), leased_until = NULL WHERE finished_at IS NULL")
        with field_.database.transaction() as tx:
            hint = claim_due(tx, work, limit=1, lease_s=LEASE_S)[0]
        with field_.database.transaction() as tx:
            lease = take(tx, "backfills", hint.id, hint.claim, lease_s=LEASE_S)
        assert lease is not None
        backfill.run(field_.ctx, lease)
        if field_.value("SELECT count(*) FROM backfills WHERE finished_at IS NULL") == 0:
            break

    ends = _ends(field_)
    assert ends == _midnights(ends[0], ends[-1])
    assert len(ends) >= 18


SPANS = """
    SELECT DISTINCT to_timestamp((asked #>> '{params,since}')::bigint) AS since,
           to_timestamp((asked #>> '{params,until}')::bigint) AS until
      FROM raw_answers
     WHERE asked #>> '{params,metric_type}' = 'total_value' AND asked #>> '{params,period}' = 'day'
     ORDER BY 1
"""
TOTALS = "SELECT * FROM account_observations WHERE metric = 'likes' ORDER BY period_end, captured_at, breakdown"


def test_days_whose_end_is_moved_are_told_whole_and_nothing_is_changed_of_what_they_were(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.ACCOUNT, account)
    pacific, told = _ends(field_), field_.rows(TOTALS)
    field_.simulator.post("/_sim/readings", insight_day="account")
    field_.simulator.post("/_sim/account", account=0, timezone=AT_INSTAGRAM.key)

    for _ in range(2):  # with what the first has stored of both, too
        field_.sql("UPDATE covered_days SET read_at = read_at - interval '3 days'")
        assert field_.harvest(HarvestKind.ACCOUNT, account).status == "done"

    now = clock.now()
    spans = field_.rows(SPANS)
    closed = [one for one in spans if one.until < now - timedelta(minutes=5)]
    assert {one.until - one.since for one in closed} <= {timedelta(hours=hours) for hours in (23, 24, 25)}
    assert all(now - one.since <= timedelta(hours=25) for one in spans if one not in closed)
    before = [one for one in field_.rows(TOTALS) if one.period_end in pacific[:-1]]
    assert before == [one for one in told if one.period_end in pacific[:-1]]
    days = field_.rows("SELECT day, period_end FROM account_daily WHERE period_end <= now() ORDER BY day")
    assert len({one.day for one in days}) == len(days)
    assert {one.period_end for one in days[1:]} <= {*_midnights(days[0].period_end - timedelta(days=2), now)}

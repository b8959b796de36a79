"""After a standstill nothing is missing that Instagram still keeps, and nothing is read that was read for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest

from models.accounts.account import Account, Login
from models.connecting.joining import NewAccount, join_account
from models.harvests.backfill import ONLY_OWED
from models.harvests.harvest import HarvestKind
from models.harvests.keeping import ACCOUNT_KEPT
from models.store.session import Database
from models.upkeep.invariants import run_all
from pressrun import clock
from pressrun.instagram.pacific import Day, closed_days, days
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import Picky, picky
from tests.integration.harvest.test_backfills import to_the_end
from tests.support.simulator import Simulator
from worker.harvests.kinds.account import CLOSED_DAYS, MOST_DAYS, windows

DAY = timedelta(days=1)
HELD = "UPDATE harvests SET refused = jsonb_build_object('replies', CAST(:until AS text))"


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def in_use(field: Field, *, for_days: int, read_until_days_ago: int, index: int = 0) -> Account:
    """An account of that age, each of whose days was read for good until the workers stood still."""
    now = clock.now()
    account = field.account(index, created_at=now - for_days * DAY)
    for day in closed_days(account.created_at - 6 * DAY, now - read_until_days_ago * DAY):
        cover(field, account, day)
    return account


def cover(field: Field, account: Account, day: Day, **over: object) -> None:
    values = {"refused": "[]", "unread": "[]", "points": 0} | over
    field.sql(
        "INSERT INTO covered_days (account_id, day, period_end, read_at, points, refused, unread) VALUES"
        " (:a, :day, :end, :read, :points, CAST(:refused AS jsonb), CAST(:unread AS jsonb))",
        a=account.id,
        day=day.on,
        end=day.until,
        read=day.until + timedelta(hours=49),
        **values,
    )


def days_with_reach(field: Field) -> list[datetime]:
    query = "SELECT period_end FROM account_latest WHERE metric = 'reach' AND period = 'day' AND breakdown = ''"
    return [row.period_end for row in field.rows(query + " ORDER BY period_end")]


def days_told(field: Field, days_ago: int) -> list[date]:
    query = "SELECT day FROM covered_days WHERE read_at > now() - interval '1 hour' AND day >= :since ORDER BY day"
    return [row.day for row in field.rows(query, since=(clock.now() - days_ago * DAY).date())]


@pytest.mark.parametrize("index", [0, 1])
def test_the_next_run_reads_every_day_of_a_standstill(field: Field, index: int) -> None:
    account = in_use(field, for_days=40, read_until_days_ago=8, index=index)

    run = field.harvest(HarvestKind.ACCOUNT, account)

    *closed, today = days(clock.now(), closed=8)
    assert run.status == "done"
    assert [day.until for day in closed] == days_with_reach(field)[: len(closed)]
    assert days_told(field, 60) == [day.on for day in (*closed, today)]
    assert field.count("backfills") == 0
    states = field.rows("SELECT day, state FROM coverage WHERE kind = 'account' ORDER BY day")
    settled = [day.on for day in closed if day.until <= clock.now() - 2 * DAY]
    assert {one.state for one in states if one.day <= settled[-1]} == {"read"}
    assert {one.state for one in states if one.day > settled[-1]} == {"partial"}


def test_what_was_read_for_good_is_not_read_again(field: Field) -> None:
    account = in_use(field, for_days=40, read_until_days_ago=8)
    field.harvest(HarvestKind.ACCOUNT, account)
    first = days_told(field, 60)
    field.sql("UPDATE covered_days SET read_at = now() - interval '2 hours' WHERE read_at > now() - interval '1 hour'")

    field.harvest(HarvestKind.ACCOUNT, account)

    unsettled = [day.on for day in days(clock.now(), closed=3) if day.until > clock.now() - timedelta(hours=50)]
    assert len(first) == 9
    assert days_told(field, 60) == unsettled


def test_a_gap_that_is_longer_than_a_run_takes_is_left_to_a_backfill(field: Field) -> None:
    account = in_use(field, for_days=60, read_until_days_ago=MOST_DAYS + 10)

    field.harvest(HarvestKind.ACCOUNT, account)
    by_the_run = days_told(field, 90)
    field.harvest(HarvestKind.ACCOUNT, account)
    opened = field.rows("SELECT kind, cursor, since FROM backfills")
    done = to_the_end(field)

    gap = days(clock.now(), closed=MOST_DAYS + 10)
    assert by_the_run == [day.on for day in gap[-CLOSED_DAYS - 1 :]]
    assert [(one.kind, one.cursor, one.since) for one in opened] == [("account", dict(ONLY_OWED), gap[0].since)]
    assert (done.status, done.progress) == ("done", 1.0)
    assert days_told(field, 90) == [day.on for day in gap]
    # The run's days but for those that Instagram may restate were read for good, so the backfill let them be.
    assert done.calls < 8 * (len(gap) - 1) + 10
    with field.database.transaction() as tx:
        assert run_all(tx) == {}


def test_days_that_instagram_has_forgotten_are_not_asked_for(field: Field) -> None:
    account = in_use(field, for_days=200, read_until_days_ago=150)

    field.harvest(HarvestKind.ACCOUNT, account)
    to_the_end(field)

    kept = clock.now() - ACCOUNT_KEPT
    told = days_told(field, 400)
    assert told[0] >= kept.date()
    assert 89 <= len(told) <= 91
    assert field.value("SELECT count(*) FROM account_latest WHERE metric = 'follower_count'") >= 25


def test_an_account_that_is_added_has_its_past_read(field: Field) -> None:
    token = field.simulator.token(0)
    new = NewAccount(Login.FACEBOOK, field.simulator.ig_id(0), "bakery", token)
    for _ in range(2):  # the second one renews the token
        with field.database.transaction() as tx:
            join_account(tx, new, Vault([KEY]))

    opened = field.rows("SELECT kind, cursor FROM backfills")
    done = to_the_end(field)

    assert [(one.kind, one.cursor) for one in opened] == [("account", dict(ONLY_OWED))]
    assert done.status == "done"
    assert len(days_with_reach(field)) >= 88
    assert field.value("SELECT count(*) FROM coverage WHERE kind = 'account' AND state = 'lost for good'") == 0


def test_a_day_of_which_a_part_failed_is_read_again(field: Field) -> None:
    account = in_use(field, for_days=20, read_until_days_ago=1)
    broken = days(clock.now(), closed=10)[0]
    field.sql("UPDATE covered_days SET unread = jsonb_build_array('totals') WHERE day = :day", day=broken.on)

    field.harvest(HarvestKind.ACCOUNT, account)

    assert broken.on in days_told(field, 60)
    assert field.value("SELECT unread = '[]' FROM covered_days WHERE day = :day", day=broken.on)


def test_what_fails_in_every_try_stands_at_its_day(field: Field) -> None:
    account = field.account(0)
    field.sql("UPDATE harvests SET tries = 5")  # the last try of the slot
    field.simulator.fault(endpoint="user_insights", mode="refuse_500", nth=6, count=3)

    run = field.harvest(HarvestKind.ACCOUNT, account)

    assert run.status == "partial"
    assert field.value("SELECT count(*) FROM covered_days WHERE unread <> '[]'") == 1
    assert field.value("SELECT count(*) FROM coverage WHERE kind = 'account' AND why LIKE 'failed, and is read again%'")


@pytest.fixture
def instagram() -> Iterator[Picky]:
    with picky() as server:
        yield server


@pytest.fixture
def picky_field(database: Database, instagram: Picky) -> Iterator[Field]:
    field = Field(database, settings_for(instagram.url))
    yield field
    field.transport.close()


def test_what_was_refused_is_read_of_the_past_once_it_is_given(picky_field: Field, instagram: Picky) -> None:
    field = picky_field
    account = field.account(created_at=clock.now() - 20 * DAY)
    closed = days(clock.now(), closed=10)[:-1]
    for day in closed:
        cover(field, account, day, refused='["replies"]' if day is closed[0] else "[]")
    first_day = closed[0].on

    told = []
    instagram.refused = {"replies"}
    field.harvest(HarvestKind.ACCOUNT, account)  # finds it refused still
    told.append(first_day in days_told(field, 60))
    field.harvest(HarvestKind.ACCOUNT, account)  # and leaves it alone
    instagram.refused = set()
    field.sql(HELD, until=(clock.now() - timedelta(hours=1)).isoformat())
    field.sql("UPDATE covered_days SET read_at = period_end + interval '49 hours' WHERE day = :day", day=first_day)
    field.harvest(HarvestKind.ACCOUNT, account)  # asks again, of the newest days
    told.append(first_day in days_told(field, 60))
    field.harvest(HarvestKind.ACCOUNT, account)

    assert told == [True, False]  # nobody knew at first that it is refused
    assert first_day in days_told(field, 60)
    assert field.value("SELECT refused = '[]' FROM covered_days WHERE day = :day", day=first_day)


def test_hours_of_followers_are_read_over_a_standstill(field: Field) -> None:
    account = field.account(0, created_at=clock.now() - 60 * DAY)
    field.harvest(HarvestKind.ONLINE_FOLLOWERS, account)
    field.sql("DELETE FROM account_latest")
    field.sql("UPDATE harvest_runs SET finished_at = finished_at - interval '20 days'")
    field.recount()

    field.harvest(HarvestKind.ONLINE_FOLLOWERS, account)

    query = "SELECT count(DISTINCT period_end) FROM account_latest WHERE metric = 'online_followers'"
    assert field.value(query) >= 21


def test_a_call_for_series_never_spans_more_than_instagram_tells() -> None:
    now = datetime.fromisoformat("2026-11-29T12:00:00+00:00")
    whole = days(now, closed=80)
    few = [whole[0], whole[3], whole[31], whole[32], whole[-1]]

    groups = list(windows(whole, 15))
    apart = list(windows(few, 15))

    assert [day for group in groups for day in group] == whole
    assert [len(group) for group in apart] == [2, 2, 1]
    for group in (*groups, *apart):
        assert group[-1].until - group[0].since <= 30 * DAY
        assert len(group) <= 15

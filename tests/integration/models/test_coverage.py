"""`coverage` says of each account, kind and day what the stored facts say, and costs the same after a year of runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.backfill import heal
from models.harvests.coverage import DayRead, note_day
from models.harvests.harvest import Harvest, HarvestKind, HarvestRun, RunStatus, begin_run, end_run
from models.history.media import MediaReading, SeenMedia, bind_media, see_media, store_readings
from models.reading.history.coverage import _COVERAGE, _COVERED_DAYS, State, coverage, covered_days
from models.store.session import Database
from pressrun import clock
from pressrun.instagram.pacific import PACIFIC, Day, days
from tests.factories.rows import first_part, make_account, make_harvest, make_post

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = clock.now()
*PAST, TODAY = days(NOW, closed=20)
"""PAST[-1] is yesterday. Each test has its own: see `_as_of_its_transaction`."""

MOMENT_KINDS = ("profile", "audience", "competitors", "hashtags")
LISTS = ("tags", "comments")


@pytest.fixture
def tx(shared: Database) -> Iterator[Session]:
    with shared.transaction() as tx:
        yield tx
        tx.rollback()


@pytest.fixture(autouse=True)
def _as_of_its_transaction(tx: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The view reads `now()`: days counted when the module was loaded may be over when a test comes to them."""
    now = tx.execute(text("SELECT now()")).scalar_one()
    *past, today = days(now, closed=20)
    for name, value in {"NOW": now, "PAST": past, "TODAY": today}.items():
        monkeypatch.setattr(sys.modules[__name__], name, value)


def account_of(tx: Session, *, age: timedelta = 20 * DAY) -> Account:
    return make_account(tx, created_at=NOW - age)


def harvest_of(tx: Session, account: Account, kind: str) -> Harvest:
    if kind in {"competitors", "hashtags"}:
        watch = "INSERT INTO watches (account_id, kind, name, created_at) VALUES (:a, :kind, 'x', :at)"
        kind_of_watch = "hashtag" if kind == "hashtags" else "competitor"
        tx.execute(text(watch), {"a": account.id, "kind": kind_of_watch, "at": account.created_at})
    return make_harvest(tx, account, kind=kind)


def run_at(
    tx: Session,
    harvest: Harvest,
    at: datetime,
    status: RunStatus = RunStatus.DONE,
    *,
    took: timedelta = timedelta(seconds=5),
    errors: Sequence[dict[str, Any]] = (),
    covers: bool = True,
) -> HarvestRun:
    run = begin_run(tx, harvest.id, at, api_version="v25.0", now=at)
    run.errors = list(errors)
    tx.flush()
    end_run(tx, run.id, status, now=at + took, covers=covers)
    return run


def told(tx: Session, account: Account, kind: str, day: Day) -> Any:
    query = "SELECT state, why, ig_media_ids FROM coverage WHERE account_id = :a AND kind = :kind AND day = :day"
    return tx.execute(text(query), {"a": account.id, "kind": kind, "day": day.on}).one_or_none()


def states(tx: Session, account: Account, kind: str) -> dict[Any, str]:
    query = "SELECT day, state FROM coverage WHERE account_id = :a AND kind = :kind ORDER BY day"
    return {row.day: row.state for row in tx.execute(text(query), {"a": account.id, "kind": kind})}


def hourly(tx: Session, harvest: Harvest, since: datetime, until: datetime, every: timedelta = 12 * HOUR) -> None:
    while since < until:
        run_at(tx, harvest, since)
        since += every


class TestDaysOfAnAccount:
    @pytest.mark.parametrize(
        ("read_after", "unread", "refused", "points", "state", "why"),
        [
            (50 * HOUR, (), (), 7, "read", None),
            (50 * HOUR, (), (), 0, "read", "told nothing"),
            (47 * HOUR, (), (), 7, "partial", "restates a day for 48 hours"),
            (-HOUR, (), (), 7, "partial", "before the day was over"),
            (50 * HOUR, ("totals",), (), 7, "partial", "read again: totals"),
            (50 * HOUR, (), ("replies", "saves"), 7, "partial", "refused: replies, saves"),
        ],
    )
    def test_a_day_that_was_read(
        self, tx: Session, read_after: timedelta, unread: Any, refused: Any, points: int, state: str, why: str | None
    ) -> None:
        account = account_of(tx)
        harvest_of(tx, account, "account")
        day = PAST[-5]
        note_day(tx, account.id, DayRead(day, points, unread, refused), read_at=day.until + read_after)

        found = told(tx, account, "account", day)

        assert found.state == state
        assert found.why is None if why is None else why in found.why

    def test_a_day_that_nobody_read_is_missed_until_instagram_forgets_it(self, tx: Session) -> None:
        account = account_of(tx, age=100 * DAY)
        harvest_of(tx, account, "account")

        found = states(tx, account, "account")

        kept = [day.on for day in days(NOW, closed=95) if day.since >= NOW - 90 * DAY]
        assert {day for day, state in found.items() if state == "missed"} == set(kept)
        assert set(found.values()) == {"missed", "lost for good"}
        assert [*found] == [day.on for day in days(NOW, closed=101) if day.until > account.created_at]

    def test_it_begins_where_somebody_wanted_it_to(self, tx: Session) -> None:
        account = account_of(tx, age=2 * DAY)
        harvest_of(tx, account, "account")
        lived = [day.on for day in days(NOW, closed=3) if day.until > account.created_at]
        assert [*states(tx, account, "account")] == lived

        tx.execute(
            text(
                "INSERT INTO backfills (account_id, kind, since, next_action_at, requested_at)"
                " VALUES (:a, 'account', :since, now(), now())"
            ),
            {"a": account.id, "since": PAST[-10].since - HOUR},
        )

        assert min(states(tx, account, "account")) == PAST[-10].on

    def test_an_older_reading_does_not_speak_for_a_newer_one(self, tx: Session) -> None:
        account = account_of(tx)
        harvest_of(tx, account, "account")
        day = PAST[-5]
        note_day(tx, account.id, DayRead(day, 7), read_at=day.until + 50 * HOUR)
        note_day(tx, account.id, DayRead(day, 0, ["totals"]), read_at=day.until + HOUR)

        assert told(tx, account, "account", day).state == "read"


class TestGaps:
    @pytest.mark.parametrize("kind", [kind.value for kind in HarvestKind if kind is not HarvestKind.ACCOUNT])
    def test_without_one_each_day_is_read(self, tx: Session, kind: str) -> None:
        account = account_of(tx, age=4 * DAY)
        harvest = harvest_of(tx, account, kind)
        hourly(tx, harvest, account.created_at + HOUR, NOW - HOUR)
        run_at(tx, harvest, NOW, took=timedelta(0))  # however short today has been until now

        found = states(tx, account, kind)

        assert tx.scalar(text("SELECT count(*) FROM harvest_gaps WHERE account_id = :a"), {"a": account.id}) == 0
        *closed, (today, state) = found.items()
        assert {state for _, state in closed} == {"read"}
        assert (today, state) in {(TODAY.on, "partial"), (TODAY.on, "read")}

    @pytest.mark.parametrize(
        ("kind", "state", "why"),
        [
            *((kind, "lost for good", "of the moment only") for kind in MOMENT_KINDS),
            *((kind, "read", None) for kind in (*LISTS, "online_followers")),
            ("media", "partial", "how media stood on that day is lost"),
        ],
    )
    def test_a_standstill_that_is_over(self, tx: Session, kind: str, state: str, why: str | None) -> None:
        account = account_of(tx, age=11 * DAY)
        harvest = harvest_of(tx, account, kind)
        run_at(tx, harvest, account.created_at + timedelta(minutes=1))
        hourly(tx, harvest, account.created_at + HOUR, PAST[-8].since + 13 * HOUR)
        hourly(tx, harvest, PAST[-3].since + HOUR, NOW)

        missing = [told(tx, account, kind, day) for day in PAST[-7:-3]]

        assert {one.state for one in missing} == {state}
        assert all(why in one.why and "no run was begun" in one.why if why else one.why is None for one in missing)
        assert told(tx, account, kind, PAST[-8]).state == "read"
        assert told(tx, account, kind, PAST[-3]).state == "read"

    def test_a_run_that_broke_off_ends_no_standstill(self, tx: Session) -> None:
        account = account_of(tx, age=11 * DAY)
        harvest = harvest_of(tx, account, "tags")
        run_at(tx, harvest, account.created_at + timedelta(minutes=1))
        run_at(tx, harvest, PAST[-7].since + HOUR)
        run_at(tx, harvest, PAST[-4].since + HOUR, covers=False)
        run_at(tx, harvest, PAST[-1].since + HOUR)

        query = "SELECT since, until FROM harvest_gaps WHERE account_id = :a AND until > :at ORDER BY until"
        gaps = tx.execute(text(query), {"a": account.id, "at": PAST[-5].since}).all()

        took = HOUR + timedelta(seconds=5)
        assert [tuple(gap) for gap in gaps] == [(PAST[-7].since + took, PAST[-1].since + took)]

    @pytest.mark.parametrize(
        ("kind", "state"),
        [
            *((kind, "lost for good") for kind in MOMENT_KINDS),
            *((kind, "missed") for kind in (*LISTS, "media", "online_followers")),
        ],
    )
    def test_a_standstill_that_goes_on(self, tx: Session, kind: str, state: str) -> None:
        account = account_of(tx, age=6 * DAY)
        account.is_reading_paused = True
        harvest = harvest_of(tx, account, kind)
        hourly(tx, harvest, account.created_at + timedelta(minutes=1), PAST[-3].since + HOUR)

        found = [told(tx, account, kind, day) for day in PAST[-2:]]

        assert [one.state for one in found] == [state] * 2
        assert told(tx, account, kind, TODAY).state == "missed"
        assert all("reading is paused" in one.why or kind in MOMENT_KINDS for one in found)

    def test_the_hours_of_followers_are_lost_after_30_days(self, tx: Session) -> None:
        account = account_of(tx, age=50 * DAY)
        harvest = harvest_of(tx, account, "online_followers")
        run_at(tx, harvest, NOW - 45 * DAY, took=timedelta(0))
        run_at(tx, harvest, NOW - HOUR, took=timedelta(0))

        found = states(tx, account, "online_followers")

        lost = [day for day, state in found.items() if state == "lost for good"]
        after = (NOW - 45 * DAY).astimezone(PACIFIC).date()
        past = [day for day in days(NOW, closed=46) if day.on > after]
        assert [day.on for day in past if day.since < NOW - 30 * DAY - HOUR] == lost

    def test_why_is_what_the_runs_said(self, tx: Session) -> None:
        account = account_of(tx)
        failing, tried = harvest_of(tx, account, "profile"), harvest_of(tx, account, "audience")
        for harvest in (failing, tried):
            run_at(tx, harvest, PAST[-6].since)
        for day in PAST[-5:-2]:
            run_at(tx, failing, day.since, RunStatus.FAILED, errors=[{"what": "run", "error": "Instagram is on fire"}])
        run_at(tx, failing, PAST[-2].since)
        run_at(tx, tried, PAST[-5].since, took=3 * DAY)

        assert "Instagram is on fire" in told(tx, account, "profile", PAST[-4]).why
        assert "put off until it came through" in told(tx, account, "audience", PAST[-4]).why

    def test_what_was_not_watched_is_no_gap(self, tx: Session) -> None:
        account = account_of(tx)
        make_harvest(tx, account, kind="hashtags")
        assert states(tx, account, "hashtags") == {}

        watch = "INSERT INTO watches (account_id, kind, name, created_at) VALUES (:a, 'hashtag', 'x', :at)"
        tx.execute(text(watch), {"a": account.id, "at": PAST[-2].since + HOUR})

        assert min(states(tx, account, "hashtags")) == PAST[-2].on

    def test_the_last_run_of_a_day_says_what_was_refused(self, tx: Session) -> None:
        account = account_of(tx, age=3 * DAY)
        harvest = harvest_of(tx, account, "media")
        run_at(tx, harvest, account.created_at + HOUR)
        run_at(tx, harvest, PAST[-1].since + HOUR, RunStatus.PARTIAL, errors=[{"what": "page:saved", "error": "no"}])
        run_at(tx, harvest, TODAY.since + timedelta(seconds=1))

        found = told(tx, account, "media", PAST[-1])

        assert (found.state, found.why) == ("partial", "refused or failed: page:saved")


class TestStories:
    def looked_at(self, tx: Session, account: Account, *down: tuple[datetime, datetime]) -> None:
        harvest = harvest_of(tx, account, "stories")
        at = account.created_at + timedelta(minutes=1)
        while at < NOW:
            if not any(begin <= at < end for begin, end in down):
                run_at(tx, harvest, at)
            at += 6 * HOUR
        run_at(tx, harvest, NOW - timedelta(seconds=6))

    def story(self, tx: Session, account: Account, ig_id: str, posted_at: datetime, *read_after: timedelta) -> None:
        seen = [SeenMedia(ig_id, media_product_type="STORY", posted_at=posted_at)]
        ids = see_media(tx, account.id, seen, now=posted_at + HOUR)
        readings = [MediaReading(ids[ig_id], posted_at + after, {"views": 9}) for after in read_after]
        store_readings(tx, readings, run_id=None)

    def test_what_came_and_went_in_a_standstill_is_lost(self, tx: Session) -> None:
        account = account_of(tx, age=12 * DAY)
        down = PAST[-7].since + 12 * HOUR, PAST[-4].since + 12 * HOUR
        self.looked_at(tx, account, down)

        found = {day.on: told(tx, account, "stories", day).state for day in PAST[-9:-1]}

        # Of the last 24 hours before the next look the stories were still up.
        lost = [PAST[-7].on, PAST[-6].on, PAST[-5].on]
        assert [day for day, state in found.items() if state == "lost for good"] == lost
        assert set(found.values()) == {"lost for good", "read"}
        assert "came and went" in told(tx, account, "stories", PAST[-6]).why

    def test_an_outage_shorter_than_a_story_loses_none(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account, (PAST[-5].since, PAST[-5].since + 16 * HOUR))

        assert told(tx, account, "stories", PAST[-6]).state == "read"
        assert told(tx, account, "stories", PAST[-5]).state == "read"

    def test_one_of_hours_more_than_a_story_loses_those_of_its_first_hours(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account, (PAST[-5].since, PAST[-5].since + 30 * HOUR))

        found = {day.on: told(tx, account, "stories", day).state for day in PAST[-5:-1]}

        assert [day for day, state in found.items() if state == "lost for good"] == [PAST[-5].on]

    def test_each_that_is_known_is_named(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account)
        day = PAST[-5]
        self.story(tx, account, "1", day.since + HOUR)
        self.story(tx, account, "2", day.since + 2 * HOUR, HOUR, 23.5 * HOUR)
        self.story(tx, account, "3", PAST[-6].since + HOUR, HOUR, 12 * HOUR)

        lost, partial = told(tx, account, "stories", day), told(tx, account, "stories", PAST[-6])

        assert (lost.state, lost.ig_media_ids) == ("lost for good", ["1"])
        assert (partial.state, partial.ig_media_ids) == ("partial", ["3"])

    def test_one_of_our_own_that_nobody_saw_again_is_lost(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account)
        at = PAST[-5].since + HOUR
        post = make_post(tx, account, type="story", state="published", published_at=at, next_action_at=None)
        part = first_part(tx, post)
        part.media_id, part.published_at = "17", at
        tx.flush()
        bind_media(tx, account.id, "17", part.id, now=at)

        found = told(tx, account, "stories", PAST[-5])

        assert (found.state, found.ig_media_ids) == ("lost for good", ["17"])

    def test_one_that_tells_no_numbers_is_read_if_it_was_asked_to_its_end(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account)
        at = PAST[-5].since + HOUR
        self.story(tx, account, "1", at)
        see_media(tx, account.id, [SeenMedia("1", posted_at=at)], now=at + 23.5 * HOUR)

        assert told(tx, account, "stories", PAST[-5]).state == "read"

    def test_one_that_only_the_webhook_told_of_is_read_in_part(self, tx: Session) -> None:
        account = account_of(tx, age=8 * DAY)
        self.looked_at(tx, account)
        at = PAST[-4].since + 12 * HOUR  # an hour after the end of a story of the day before
        ids = see_media(tx, account.id, [SeenMedia("1", media_product_type="STORY")], now=at)
        store_readings(tx, [MediaReading(ids["1"], at, {"reach": 9})], run_id=None)

        found = told(tx, account, "stories", PAST[-5])

        assert (found.state, found.ig_media_ids) == ("partial", ["1"])

    def test_what_nobody_has_looked_at_yet_is_missed_while_it_may_be_up(self, tx: Session) -> None:
        account = account_of(tx, age=10 * HOUR)
        harvest_of(tx, account, "stories")

        assert set(states(tx, account, "stories").values()) == {"missed"}


def test_a_run_that_finds_a_gap_waits_for_no_backfill_that_is_at_work(loose: Database) -> None:
    with loose.transaction() as tx:
        account_id = account_of(tx).id
        assert heal(tx, account_id, HarvestKind.ACCOUNT, NOW - 30 * DAY)

    with loose.transaction() as worker, loose.transaction() as tx:
        worker.execute(text("SELECT FROM backfills FOR UPDATE"))
        tx.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert not heal(tx, account_id, HarvestKind.ACCOUNT, NOW - 60 * DAY)

    with loose.transaction() as tx:
        tx.execute(text("UPDATE backfills SET finished_at = now(), next_action_at = NULL"))
        assert heal(tx, account_id, HarvestKind.ACCOUNT, NOW - 60 * DAY)


def test_one_day_costs_the_same_after_a_year_of_runs(shared: Database) -> None:
    with shared.transaction() as tx:
        account = account_of(tx, age=360 * DAY)
        for kind in ("profile", "stories", "account"):
            harvest = harvest_of(tx, account, kind)
            tx.execute(text(_YEAR_OF_RUNS), {"harvest": harvest.id, "minutes": 120})
        tx.execute(text(_YEAR_OF_DAYS), {"account": account.id})
        tx.execute(text("ANALYZE harvest_runs, covered_days"))
        query = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM coverage WHERE account_id = :a AND day = :day"
        (plan,) = tx.scalar(text(query), {"a": account.id, "day": PAST[-5].on})
        tx.rollback()

    read: dict[str, float] = {}
    for node in _nodes(plan["Plan"]):
        rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        table = re.sub(r"^harvest_runs_.*", "harvest_runs", node.get("Relation Name", ""))
        read[table] = read.get(table, 0) + rows
    assert read["harvest_runs"] <= 12, json.dumps(plan)
    assert read["covered_days"] <= 2


def test_the_days_are_worked_out_once_for_all_accounts_and_kinds(shared: Database) -> None:
    with shared.transaction() as tx:
        for _ in range(3):
            account_of(tx, age=10 * DAY)
        query = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM coverage WHERE day >= :day"
        (plan,) = tx.scalar(text(query), {"day": PAST[-5].on})
        tx.rollback()

    series = [node for node in _nodes(plan["Plan"]) if node.get("Function Name") == "generate_series"]
    assert [node["Actual Loops"] for node in series] == [1], json.dumps(plan)


def test_the_days_of_one_account_cost_the_same_beside_others(shared: Database) -> None:
    with shared.transaction() as tx:
        accounts = [account_of(tx, age=10 * DAY) for _ in range(4)]
        for account in accounts:
            for kind in ("profile", "stories"):
                harvest_of(tx, account, kind)
        names, span = [accounts[0].name], {"since": PAST[-5].on, "until": TODAY.on}
        told = {"names": names, **span, "ranks": [*State], "seen": None}
        (plan,) = tx.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {_COVERED_DAYS}"), told)
        assert len(covered_days(tx, names, **span)) == 5
        tx.rollback()

    looks = [node["Actual Loops"] for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "harvest_gaps"]
    assert sum(looks) == 2 * 5, json.dumps(plan)


def test_a_page_of_all_accounts_looks_at_the_first_of_them(shared: Database) -> None:
    with shared.transaction() as tx:
        accounts = sorted((account_of(tx, age=10 * DAY) for _ in range(8)), key=lambda one: one.name)
        for account in accounts:
            harvest_of(tx, account, "profile")
        span: dict[str, Any] = {"kind": None, "since": PAST[-5].on, "until": TODAY.on, "states": [*State]}
        everything = coverage(tx, None, **span)
        found = coverage(tx, None, **span, most=7)
        values = {**span, "account_id": None, "seen": None, "most": 7}
        (plan,) = tx.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {_COVERAGE}"), values)
        tx.rollback()

    assert found == everything[:7]
    assert [one.account for one in found] == [accounts[0].name] * 5 + [accounts[1].name] * 2
    looks = sum(node["Actual Loops"] for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "harvest_gaps")
    assert 2 * 5 <= looks <= 3 * 5, json.dumps(plan)


_YEAR_OF_RUNS = """
    INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, finished_at)
    SELECT :harvest, at, 'done', 'v25.0', at, at
      FROM generate_series(now() - interval '359 days', now(), make_interval(mins => :minutes)) AS t(at)
"""
_YEAR_OF_DAYS = """
    INSERT INTO covered_days (account_id, day, period_end, read_at, points)
    SELECT :account, at::date, at + interval '1 day', at + interval '4 days', 7
      FROM generate_series(now() - interval '359 days', now(), interval '1 day') AS t(at)
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)

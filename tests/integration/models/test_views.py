"""The views for people, and what was known on a day: nothing invented, nothing added up, nothing from later."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.accounts.account import get_account
from models.harvests.harvest import begin_run
from models.history.insight import MOMENT, NO_PERIOD, Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.meanings.views import NOW_ONLY, VIEWS
from models.reading.history.views import Question, View, ask, has_past
from models.store.partitions import ensure_partitions
from models.store.session import Database
from models.upkeep.retention import drop_month, old_partitions
from pressrun import clock
from tests.factories.rows import make_account, make_harvest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Pacific midnight in summer time: the day that ends here is the 9th of July.
DAY_END = datetime(2026, 7, 10, 7, tzinfo=UTC)
READ = DAY_END - 10 * HOUR


@pytest.fixture
def tx_account(loose: Database) -> tuple[Database, int]:
    with loose.transaction() as tx:
        ensure_partitions(tx, now=datetime(2026, 3, 1, tzinfo=UTC), months_ahead=9)
        return loose, make_account(tx, name="bakery", timezone="Europe/Oslo").id


def _rows(database: Database, query: str, **parameters: Any) -> list[Row[Any]]:
    with database.transaction() as tx:
        return list(tx.execute(text(query), parameters))


def _read(database: Database, account_id: int, at: datetime, values: Mapping[tuple[str, str], float]) -> None:
    points = [Observation(metric, "day", part, DAY_END, value) for (metric, part), value in values.items()]
    with database.transaction() as tx:
        store_observations(tx, account_id, points, captured_at=at, run_id=1)


def _times(told_at: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in told_at.items()}


def _media(tx: Session, account_id: int, product: str, at: datetime) -> int:
    return see_media(tx, account_id, [SeenMedia("1", "IMAGE", product, posted_at=at)], now=at)["1"]


class TestAccountDaily:
    def test_a_day_is_one_row_and_what_was_not_said_is_null(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        _read(
            database,
            account_id,
            READ,
            {("reach", ""): 50, ("likes", ""): 0, ("reach", "follow_type=FOLLOWER"): 20, ("new_metric", ""): 7},
        )

        (row,) = _rows(database, "SELECT * FROM account_daily")
        assert (row.account, str(row.day), row.period_end) == ("bakery", "2026-07-09", DAY_END)
        assert (row.reach, row.likes, row.views) == (50, 0, None)
        assert row.parts == {"reach:follow_type=FOLLOWER": 20}
        assert row.other == {"new_metric": 7}
        assert (row.captured_at, row.last_checked_at, row.is_settled) == (READ, READ, False)

    def test_parts_are_never_added_up_to_a_whole(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        parts = {("reach", f"media_product_type={product}"): 10.0 for product in ("REEL", "POST", "STORY")}
        _read(database, account_id, READ, parts)

        (row,) = _rows(database, "SELECT * FROM account_daily")
        assert row.reach is None
        assert len(row.parts) == 3

    def test_it_is_settled_when_all_was_read_after_instagram_restates_no_more(
        self, tx_account: tuple[Database, int]
    ) -> None:
        database, account_id = tx_account
        _read(database, account_id, READ, {("reach", ""): 50, ("views", ""): 60})

        _read(database, account_id, DAY_END + 49 * HOUR, {("reach", ""): 50})
        (half,) = _rows(database, "SELECT is_settled FROM account_daily")
        _read(database, account_id, DAY_END + 50 * HOUR, {("views", ""): 60})
        (whole,) = _rows(database, "SELECT is_settled, captured_at FROM account_daily")

        assert (half.is_settled, whole.is_settled, whole.captured_at) == (False, True, READ)

    def test_a_part_that_instagram_leaves_out_later_is_settled_by_its_whole(
        self, tx_account: tuple[Database, int]
    ) -> None:
        database, account_id = tx_account
        gone, kept = ("reach", "media_product_type=AD"), ("reach", "media_product_type=POST")
        _read(database, account_id, READ, {("reach", ""): 50, kept: 40, gone: 1})
        late = DAY_END + 49 * HOUR

        _read(database, account_id, late, {kept: 40})
        (without,) = _rows(database, "SELECT is_settled FROM account_daily")
        _read(database, account_id, late, {("reach", ""): 50})
        (row,) = _rows(database, "SELECT * FROM account_daily")

        assert (without.is_settled, row.is_settled) == (False, True)
        assert row.last_checked_at == READ, "an old value is not shown under a new time"
        times = {"reach": late, "reach:media_product_type=POST": late, "reach:media_product_type=AD": READ}
        assert _times(row.told_at) == times
        (known,) = _rows(database, "SELECT told_at FROM account_daily_as_of('infinity')")
        assert _times(known.told_at) == times

    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("America/Los_Angeles", "2026-03-07"),
            ("America/Los_Angeles", "2026-03-08"),
            ("America/Los_Angeles", "2026-11-01"),
            ("Pacific/Honolulu", "2026-07-09"),
            ("UTC", "2026-07-09"),
            ("Europe/Oslo", "2026-03-29"),
            ("Europe/Oslo", "2026-10-25"),
            ("Asia/Kolkata", "2026-07-09"),
            ("Asia/Tokyo", "2026-07-09"),
            ("Australia/Sydney", "2026-04-05"),
            ("Pacific/Auckland", "2026-01-09"),
        ],
    )
    def test_a_day_is_named_by_the_instant_at_which_it_ended(
        self, tx_account: tuple[Database, int], zone: str, day: str
    ) -> None:
        database, account_id = tx_account
        end = datetime.combine(date.fromisoformat(day) + DAY, time(), ZoneInfo(zone))
        with database.transaction() as tx:
            store_observations(tx, account_id, [Observation("reach", "day", "", end, 3)], captured_at=READ, run_id=1)

        found = [
            str(row.day)
            for source in ("account_daily", "account_daily_as_of('infinity')")
            for row in _rows(database, f"SELECT day FROM {source}")  # noqa: S608
        ]
        assert found == [day, day]

    def test_a_day_whose_end_has_moved_is_one_row_of_what_was_told_last(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        there = DAY_END - 9 * HOUR  # the same day, as it ends at a midnight further east
        moved, back = READ + 3 * DAY, READ + 4 * DAY
        told = (
            (READ, DAY_END, {("reach", ""): 50, ("views", ""): 60, ("reach", "follow_type=FOLLOWER"): 20}),
            (moved, there, {("reach", ""): 40, ("likes", ""): 3}),
        )
        with database.transaction() as tx:
            for at, end, values in told:
                points = [Observation(name, "day", part, end, value) for (name, part), value in values.items()]
                store_observations(tx, account_id, points, captured_at=at, run_id=1)
        query = "SELECT day, period_end, reach, views, likes, parts, captured_at FROM "

        parts = {"reach:follow_type=FOLLOWER": 20}
        first = (date(2026, 7, 9), DAY_END, 50, 60, None, parts, READ)
        then = (date(2026, 7, 9), there, 40, 60, 3, parts, moved)
        assert [tuple(row) for row in _rows(database, query + "account_daily")] == [then]
        for at, known in ((moved - HOUR, first), (moved, then)):
            assert [tuple(row) for row in _rows(database, query + "account_daily_as_of(:at)", at=at)] == [known]
        (settled,) = _rows(database, "SELECT is_settled, last_checked_at FROM account_daily")
        assert tuple(settled) == (False, READ), "views were told before their day had settled"

        # Moved back, it tells the same as at first: nothing has changed, and yet it was told last.
        _read(database, account_id, back, {("reach", ""): 50, ("views", ""): 60})
        (row,) = _rows(database, "SELECT period_end, reach, likes, is_settled, told_at FROM account_daily")
        assert (row.period_end, row.reach, row.likes, row.is_settled) == (DAY_END, 50, 3, True)
        assert _times(row.told_at)["reach"] == back
        assert len(_rows(database, "SELECT FROM account_observations")) == 5, "what was told stays"

    def test_a_restated_value_is_known_from_its_reading_on(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        _read(database, account_id, READ, {("reach", ""): 50})
        _read(database, account_id, READ + DAY, {("reach", ""): 55, ("views", ""): 99})

        query = "SELECT reach, views, captured_at FROM account_daily_as_of(:at)"
        assert _rows(database, query, at=READ - HOUR) == []
        assert [tuple(row) for row in _rows(database, query, at=READ)] == [(50, None, READ)]
        assert [tuple(row) for row in _rows(database, query, at=READ + DAY - HOUR)] == [(50, None, READ)]
        assert [tuple(row) for row in _rows(database, query, at=READ + DAY)] == [(55, 99, READ + DAY)]


class TestMedia:
    def test_the_curve_holds_what_each_answer_said(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "FEED", READ)
            store_readings(tx, [MediaReading(media_id, READ + HOUR, {"views": 5, "likes": 0})], run_id=1)
            store_readings(tx, [MediaReading(media_id, READ + 2 * HOUR, {"views": 9})], run_id=1)

        rows = _rows(database, "SELECT age_hours, views, likes FROM media_curve ORDER BY captured_at")
        assert [tuple(row) for row in rows] == [(1, 5, 0), (2, 9, None)]
        assert len(_rows(database, "SELECT FROM media_curve_as_of(:at)", at=READ + HOUR)) == 1

    def test_totals_are_the_newest_known_of_each_metric(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "FEED", READ)
            store_readings(tx, [MediaReading(media_id, READ + HOUR, {"views": 5, "likes": 3}, {"a": 1})], run_id=1)
            store_readings(tx, [MediaReading(media_id, READ + 2 * HOUR, {"views": 9}, {"b": 2})], run_id=1)

        (row,) = _rows(database, "SELECT * FROM media_totals")
        assert (row.views, row.likes, row.reach, row.extra) == (9, 3, None, {"a": 1, "b": 2})
        assert (row.captured_at, row.last_checked_at, row.gone_at) == (READ + 2 * HOUR, READ + 2 * HOUR, None)

    def test_a_media_that_was_never_read_is_there_with_nothing(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            _media(tx, account_id, "FEED", READ)

        for source in ("media_totals", "media_totals_as_of('infinity')"):
            (row,) = _rows(database, f"SELECT * FROM {source}")  # noqa: S608
            assert (row.ig_media_id, row.views, row.captured_at) == ("1", None, None)
        assert _rows(database, "SELECT FROM media_totals_as_of(:at)", at=READ - HOUR) == []

    def test_a_story_is_final_when_its_last_hour_was_read(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        taps = {"navigation": 9, "navigation:story_navigation_action_type=tap_forward": 4}
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "STORY", READ)
            store_readings(tx, [MediaReading(media_id, READ + 22 * HOUR, {"views": 5}, taps)], run_id=1)
        (before,) = _rows(database, "SELECT * FROM story_final")
        with database.transaction() as tx:
            store_readings(tx, [MediaReading(media_id, READ + 23.5 * HOUR, {"views": 6})], run_id=1)
        (after,) = _rows(database, "SELECT * FROM story_final")

        assert (before.is_final, before.navigation, before.tap_forward, before.tap_back) == (False, 9, 4, None)
        assert (after.is_final, after.views, after.last_age_hours) == (True, 6, 23.5)
        (known,) = _rows(database, "SELECT views FROM story_final_as_of(:at)", at=READ + 23 * HOUR)
        assert known.views == 5

    def test_each_value_has_the_time_at_which_it_was_told(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "FEED", READ)
            store_readings(tx, [MediaReading(media_id, READ + HOUR, {"views": 5, "follows": 1}, {"a": 1})], run_id=1)
            store_readings(tx, [MediaReading(media_id, READ + 2 * HOUR, {"views": 9})], run_id=1)
            store_readings(tx, [MediaReading(media_id, READ + 3 * HOUR, {"views": 9})], run_id=1)  # unchanged

        first, second, third = READ + HOUR, READ + 2 * HOUR, READ + 3 * HOUR
        (row,) = _rows(database, "SELECT * FROM media_totals")
        assert _times(row.told_at) == {"views": third, "follows": first, "a": first}
        assert (row.last_checked_at, row.all_told_at) == (third, first)
        for at, views in ((third, third), (second + HOUR / 2, second), (first, first)):
            (known,) = _rows(database, "SELECT * FROM media_totals_as_of(:at)", at=at)
            assert _times(known.told_at) == {"views": views, "follows": first, "a": first}

    def test_a_story_is_final_number_by_number(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        of = "navigation:story_navigation_action_type="
        early = {"navigation": 9, f"{of}tap_forward": 4, f"{of}tap_exit": 1, "profile_activity": 1}
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "STORY", READ)
            store_readings(tx, [MediaReading(media_id, READ + 22 * HOUR, {"views": 5, "follows": 1}, early)], run_id=1)
            late = {"navigation": 9, f"{of}tap_forward": 5}
            store_readings(tx, [MediaReading(media_id, READ + 23.5 * HOUR, {"views": 5}, late)], run_id=1)

        # `views` stood still and was told all the same; tap_exit is left out beside a whole that is told.
        expected = {
            "views": True,
            "follows": False,
            "navigation": True,
            "tap_forward": True,
            "tap_exit": True,
            "profile_activity": False,
        }
        (row,) = _rows(database, "SELECT * FROM story_final")
        assert row.are_final == expected
        assert row.all_told_at == READ + 22 * HOUR
        (known,) = _rows(database, "SELECT told_at FROM story_final_as_of('infinity')")
        assert known.told_at == row.told_at
        (before,) = _rows(database, "SELECT views, told_at FROM story_final_as_of(:at)", at=READ + 23 * HOUR)
        assert set(_times(before.told_at).values()) == {READ + 22 * HOUR}

    def test_a_story_that_was_never_read_is_not_final(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            _media(tx, account_id, "STORY", READ)

        (row,) = _rows(database, "SELECT is_final, views FROM story_final")
        assert tuple(row) == (False, None)

    def test_what_was_known_at_any_instant_is_what_a_replay_knows(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        dice = random.Random(7)
        readings = []
        with database.transaction() as tx:
            media_id = _media(tx, account_id, "FEED", READ)
            for number in range(60):
                told = dice.sample(("reach", "views", "likes", "saved"), dice.randint(0, 4))
                extra = {name: dice.randint(0, 3) for name in dice.sample(("a", "b"), dice.randint(0, 2))}
                reading = MediaReading(
                    media_id, READ + number * HOUR, {name: dice.randint(0, 3) for name in told}, extra
                )
                store_readings(tx, [reading], run_id=1)
                readings.append(reading)

        for hours in range(-1, 62, 3):
            at = READ + hours * HOUR + timedelta(minutes=1)
            known: dict[str, Any] = {"reach": None, "views": None, "likes": None, "saved": None}
            extra = {}
            for one in readings:
                if one.captured_at <= at:
                    known |= one.metrics
                    extra |= one.extra
            rows = _rows(database, "SELECT reach, views, likes, saved, extra FROM media_totals_as_of(:at)", at=at)
            expected = [{**known, "extra": extra or None}] if at >= READ else []
            assert [dict(row._mapping) for row in rows] == expected


class TestAudience:
    def test_groups_are_rows_and_the_earlier_ones_are_known(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        for at, counts in ((READ, {"18-24|F": 5, "18-24|M": 0}), (READ + DAY, {"18-24|F": 6})):
            with database.transaction() as tx:
                one = Audience("follower_demographics", "this_week", "age,gender", counts)
                store_audience(tx, account_id, [one], captured_at=at, run_id=1)

        query = "SELECT category, people, captured_at FROM {} ORDER BY category"
        assert [tuple(row) for row in _rows(database, query.format("audience"))] == [("18-24|F", 6, READ + DAY)]
        known = _rows(database, query.format("audience_as_of(:at)"), at=READ + HOUR)
        assert [tuple(row) for row in known] == [("18-24|F", 5, READ), ("18-24|M", 0, READ)]
        assert _rows(database, query.format("audience_as_of(:at)"), at=READ - HOUR) == []


class TestFollowers:
    @pytest.fixture
    def read(self, tx_account: tuple[Database, int]) -> tuple[Database, int]:
        """300 on the 1st; looked at without a change on the 2nd; nobody looked on the 3rd; 290 on the 4th and 5th."""
        database, account_id = tx_account
        with database.transaction() as tx:
            harvest = make_harvest(tx, get_account(tx, account_id))
            harvest.slot_at = harvest.next_action_at = None
            for day, count in ((1, 300), (2, 300), (3, None), (4, 290), (5, 290)):
                at = datetime(2026, 7, day, 12, tzinfo=UTC)
                if count is not None:
                    points = [Observation("followers_count", MOMENT, "", NO_PERIOD, count)]
                    store_observations(tx, account_id, points, captured_at=at, run_id=1)
                run = begin_run(tx, harvest.id, at, api_version="v25.0", now=at)
                run.status, run.finished_at = "failed" if count is None else "done", at
        return tx_account

    def test_a_day_nobody_read_has_no_row_and_none_is_compared_with_it(self, read: tuple[Database, int]) -> None:
        rows = _rows(read[0], "SELECT day, followers, change FROM follower_growth ORDER BY day")

        assert [(row.day.day, row.followers, row.change) for row in rows] == [
            (1, 300, None),
            (2, 300, 0),
            (4, 290, None),
            (5, 290, 0),
        ]

    def test_later_readings_are_not_known_before(self, read: tuple[Database, int]) -> None:
        at = datetime(2026, 7, 3, tzinfo=UTC)
        rows = _rows(read[0], "SELECT day, followers FROM follower_growth_as_of(:at) ORDER BY day", at=at)

        assert [(row.day.day, row.followers) for row in rows] == [(1, 300), (2, 300)]

    def test_a_day_is_one_of_the_accounts_zone(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        with database.transaction() as tx:
            points = [Observation("followers_count", MOMENT, "", NO_PERIOD, 3)]
            store_observations(tx, account_id, points, captured_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), run_id=1)

        (row,) = _rows(database, "SELECT day FROM follower_growth")
        assert str(row.day) == "2026-07-02"

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Honolulu", "Europe/Oslo"])
    def test_a_change_of_the_zone_changes_no_day_that_has_been(
        self, tx_account: tuple[Database, int], zone: str
    ) -> None:
        database, account_id = tx_account
        now = clock.now()
        with database.transaction() as tx:
            ensure_partitions(tx, now=now - 40 * DAY, months_ahead=2)
            tx.execute(text("UPDATE account_zones SET changed_at = now() - interval '60 days'"))
            for hours in range(20 * 24):
                points = [Observation("followers_count", MOMENT, "", NO_PERIOD, hours)]
                store_observations(tx, account_id, points, captured_at=now - 20 * DAY + hours * HOUR, run_id=1)
        everything = "SELECT day, followers, change, read_at FROM follower_growth ORDER BY day"
        before = _rows(database, everything)

        with database.transaction() as tx:
            tx.execute(text("UPDATE accounts SET timezone = :zone"), {"zone": zone})
        assert _rows(database, everything) == before

        later = now + 3 * DAY
        with database.transaction() as tx:
            ensure_partitions(tx, now=later)
            points = [Observation("followers_count", MOMENT, "", NO_PERIOD, 1000)]
            store_observations(tx, account_id, points, captured_at=later, run_id=1)
        after = _rows(database, everything)

        running = now.astimezone(ZoneInfo("Europe/Oslo")).date()
        assert [row for row in after if row.day < running] == [row for row in before if row.day < running]
        assert (after[-1].day, after[-1].followers) == (later.astimezone(ZoneInfo(zone)).date(), 1000)

    def test_a_zone_that_is_changed_twice_in_a_day_counts_once(self, tx_account: tuple[Database, int]) -> None:
        database, account_id = tx_account
        for zone in ("UTC", "Atlantic/Azores", "Atlantic/Azores"):
            with database.transaction() as tx:
                tx.execute(text("UPDATE accounts SET timezone = :zone"), {"zone": zone})

        zones = _rows(
            database, "SELECT timezone FROM account_zones WHERE account_id = :id ORDER BY first_day", id=account_id
        )
        assert [row.timezone for row in zones] == ["Europe/Oslo", "Atlantic/Azores"]


def test_the_newest_values_are_known_though_their_month_was_dropped(tx_account: tuple[Database, int]) -> None:
    database, account_id = tx_account
    early, late = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    with database.transaction() as tx:
        media_id = _media(tx, account_id, "FEED", early)
        store_readings(tx, [MediaReading(media_id, early, {"views": 5})], run_id=1)
        counts = [Observation("followers_count", MOMENT, "", NO_PERIOD, 3)]
        store_observations(tx, account_id, counts, captured_at=early, run_id=1)
        for name in old_partitions(tx, before=datetime(2026, 5, 1, tzinfo=UTC)):
            drop_month(tx, name, now=late)

    assert [row.views for row in _rows(database, "SELECT views FROM media_totals")] == [5]
    assert [row.views for row in _rows(database, "SELECT views FROM media_totals_as_of(:at)", at=late)] == [5]
    assert [row.followers for row in _rows(database, "SELECT followers FROM follower_growth")] == [3]
    assert _rows(database, "SELECT FROM media_curve") == []


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("account_daily_as_of(now()) WHERE account = 'bakery' AND day = current_date", "account_observations"),
        ("media_totals_as_of(now()) WHERE ig_media_id = '1'", "media_snapshots"),
        ("media_curve WHERE ig_media_id = '1'", "media_snapshots"),
        ("audience_as_of(now()) WHERE account = 'bakery'", "audience_snapshots"),
        ("follower_growth WHERE account = 'bakery'", "account_observations"),
    ],
)
def test_the_history_is_found_by_index(loose: Database, query: str, table: str) -> None:
    with loose.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))  # these tables are empty: is there an index that serves?
        plan = "\n".join(tx.scalars(text(f"EXPLAIN SELECT * FROM {query}")))  # noqa: S608

    assert f"using pk_{table}" in plan or f"using {table}_20" in plan, plan
    assert f"Seq Scan on {table}" not in plan


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_function_has_the_columns_of_its_view_but_for_those_of_later_readings(loose: Database, name: str) -> None:
    with loose.transaction() as tx:
        view, function = (
            [*tx.execute(text(f"SELECT * FROM {source}")).keys()]  # noqa: S608
            for source in (name, f"{name}_as_of('infinity')")
        )

    assert view == list(VIEWS[name][1])
    assert function == [column for column in view if column in function]
    of_later_readings = {"last_checked_at", "is_settled", "is_final", "last_age_hours", "gone_at"}
    assert set(view) - set(function) <= of_later_readings | {"all_told_at", "are_final"}


@pytest.mark.parametrize("view", sorted(View))
@pytest.mark.parametrize("as_of", [None, READ])
def test_every_view_can_be_asked_with_every_bound(loose: Database, view: View, as_of: datetime | None) -> None:
    then = as_of if has_past(view) else None
    question = Question(view, then, account_id=1, since=READ.date(), until=READ.date() + DAY)

    with ask(loose, question) as answer:
        assert list(answer.batches) == []
        assert {column.name for column in answer.columns} <= set({**VIEWS, **NOW_ONLY}[view][1])

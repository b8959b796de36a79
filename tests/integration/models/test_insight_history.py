"""The history of accounts: bitemporal points and audience snapshots, changes only, never changed themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from models.accounts.account import Account
from models.history.insight import (
    MOMENT,
    NO_PERIOD,
    AccountLatest,
    AccountObservation,
    Audience,
    AudienceLatest,
    AudienceSnapshot,
    Observation,
    store_audience,
    store_observations,
)
from models.store.guarding import APPEND_ONLY
from models.store.partitions import PARTITIONED, ensure_partitions
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account
from tests.integration.models.racing import race

T0 = clock.now().replace(microsecond=0)
HOUR = timedelta(hours=1)
DAY = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def account(shared: Database) -> Account:
    with shared.transaction() as tx:
        return make_account(tx)


def _reach(value: float, *, breakdown: str = "", day: datetime = DAY) -> Observation:
    return Observation("reach", "day", breakdown, day, value)


def _store(database: Database, account: Account, at: datetime, *points: Observation) -> int:
    with database.transaction() as tx:
        return store_observations(tx, account.id, points, captured_at=at, run_id=7)


def _history(database: Database, account: Account) -> list[AccountObservation]:
    with database.transaction() as tx:
        found = tx.scalars(select(AccountObservation).where(AccountObservation.account_id == account.id))
        return sorted(found, key=lambda one: (one.metric, one.breakdown, one.period_end, one.captured_at))


def _points(database: Database, account: Account) -> list[tuple[datetime, Any]]:
    return [(one.captured_at, one.value) for one in _history(database, account)]


def _latest(database: Database, account: Account) -> AccountLatest:
    with database.transaction() as tx:
        return tx.scalars(select(AccountLatest).where(AccountLatest.account_id == account.id)).one()


class TestObservations:
    def test_the_first_value_is_a_point(self, shared: Database, account: Account) -> None:
        assert _store(shared, account, T0, _reach(100, breakdown="follow_type=FOLLOWER")) == 1

        (point,) = _history(shared, account)
        assert (point.metric, point.period, point.breakdown) == ("reach", "day", "follow_type=FOLLOWER")
        assert (point.period_end, point.captured_at, point.value, point.run_id) == (DAY, T0, 100, 7)

    def test_an_unchanged_value_adds_nothing_but_says_that_it_was_looked_at(
        self, shared: Database, account: Account
    ) -> None:
        _store(shared, account, T0, _reach(100))

        assert _store(shared, account, T0 + HOUR, _reach(100)) == 0

        assert _points(shared, account) == [(T0, 100)]
        latest = _latest(shared, account)
        assert (latest.captured_at, latest.last_checked_at) == (T0, T0 + HOUR)

    def test_a_restated_value_adds_a_point_and_the_old_one_stays(self, shared: Database, account: Account) -> None:
        _store(shared, account, T0, _reach(100))
        _store(shared, account, T0 + HOUR, _reach(120))
        _store(shared, account, T0 + 2 * HOUR, _reach(100))

        assert _points(shared, account) == [(T0, 100), (T0 + HOUR, 120), (T0 + 2 * HOUR, 100)]
        assert _latest(shared, account).value == 100

    def test_zero_is_a_value_and_no_value_is_none(self, shared: Database, account: Account) -> None:
        assert _store(shared, account, T0, _reach(0)) == 1
        assert _store(shared, account, T0 + HOUR) == 0

        assert _points(shared, account) == [(T0, 0)]
        assert _latest(shared, account).last_checked_at == T0  # what was not in the answer was not looked at

    @pytest.mark.parametrize("value", [3_000_000_000_000, 12.25, 0.1], ids=str)
    def test_large_and_broken_numbers_are_kept_as_they_are(
        self, shared: Database, account: Account, value: float
    ) -> None:
        _store(shared, account, T0, _reach(value))

        assert _points(shared, account) == [(T0, Decimal(str(value)))]
        assert _store(shared, account, T0 + HOUR, _reach(value)) == 0

    def test_days_breakdowns_and_metrics_are_series_of_their_own(self, shared: Database, account: Account) -> None:
        points = [
            _reach(1),
            _reach(1, day=DAY + timedelta(days=1)),
            _reach(1, breakdown="media_product_type=REEL"),
            Observation("reach", "week", "", DAY, 1),
            Observation("followers_count", MOMENT, "", NO_PERIOD, 1),
        ]

        assert _store(shared, account, T0, *points) == 5
        assert (
            _store(shared, account, T0 + HOUR, *points[:4], Observation("followers_count", MOMENT, "", NO_PERIOD, 2))
            == 1
        )
        with shared.transaction() as tx:
            other = make_account(tx)
        assert _store(shared, other, T0, *points) == 5

    def test_of_one_series_twice_in_an_answer_the_last_value_counts(self, shared: Database, account: Account) -> None:
        assert _store(shared, account, T0, _reach(1), _reach(2)) == 1
        assert _points(shared, account) == [(T0, 2)]

    def test_an_older_answer_does_not_speak_for_the_present(self, shared: Database, account: Account) -> None:
        _store(shared, account, T0 + HOUR, _reach(120))

        assert _store(shared, account, T0, _reach(100)) == 1

        latest = _latest(shared, account)
        assert (latest.value, latest.captured_at, latest.last_checked_at) == (120, T0 + HOUR, T0 + HOUR)
        assert _points(shared, account) == [(T0, 100), (T0 + HOUR, 120)]
        assert _store(shared, account, T0, _reach(100)) == 0

    def test_one_of_a_time_at_which_nothing_had_changed_is_no_point(self, shared: Database, account: Account) -> None:
        _store(shared, account, T0, _reach(100))
        _store(shared, account, T0 + 2 * HOUR, _reach(120))

        assert _store(shared, account, T0 + HOUR, _reach(100)) == 0

    def test_one_between_two_readings_of_a_value_leaves_the_history_ending_with_that_value(
        self, shared: Database, account: Account
    ) -> None:
        _store(shared, account, T0, _reach(100))
        _store(shared, account, T0 + 2 * HOUR, _reach(100))  # unchanged: no point

        assert _store(shared, account, T0 + HOUR, _reach(110)) == 2

        assert _points(shared, account) == [(T0, 100), (T0 + HOUR, 110), (T0 + 2 * HOUR, 100)]
        latest = _latest(shared, account)
        assert (latest.value, latest.captured_at, latest.last_checked_at) == (100, T0 + 2 * HOUR, T0 + 2 * HOUR)

    def test_what_its_run_stored_a_moment_later_is_not_told_twice(self, shared: Database, account: Account) -> None:
        _store(shared, account, T0 + HOUR, _reach(120))

        assert _store(shared, account, T0 + HOUR - timedelta(seconds=1), _reach(120)) == 0

    def test_storing_the_same_answer_again_adds_nothing(self, shared: Database, account: Account) -> None:
        _store(shared, account, T0, _reach(100))

        assert _store(shared, account, T0, _reach(100)) == 0

    def test_another_answer_of_the_same_moment_does_not_make_the_latest_differ_from_the_history(
        self, shared: Database, account: Account
    ) -> None:
        _store(shared, account, T0, _reach(100))
        _store(shared, account, T0, _reach(120))

        assert _points(shared, account) == [(T0, 100)]
        assert _latest(shared, account).value == 100

    def test_harvests_of_one_account_at_once_neither_double_nor_block_each_other_for_good(
        self, shared: Database, account: Account
    ) -> None:
        series = [f"metric_{number:02}" for number in range(30)]

        for round_ in range(12):
            at, value = T0 + round_ * HOUR, round_ // 2  # the values change every other round

            def harvest(number: int, at: datetime = at, value: int = value) -> int:
                names = series[5 * number :] + series[: 5 * number]
                points = [Observation(name, "day", "", DAY, value) for name in names]
                with shared.transaction() as tx:
                    later = at + number * timedelta(seconds=1)
                    return store_observations(tx, account.id, points, captured_at=later, run_id=None)

            written = race([lambda number=number: harvest(number) for number in range(6)])  # type: ignore[misc]

            assert sum(written) == 0 if round_ % 2 else len(series) <= sum(written) <= 6 * len(series)
        values = [one.value for one in _history(shared, account)]
        assert [value for value, _ in groupby(values)] == list(range(6)) * len(series)


class TestAudience:
    def _see(self, database: Database, account: Account, at: datetime, counts: dict[str, int]) -> int:
        with database.transaction() as tx:
            one = Audience("follower_demographics", "this_month", "age,gender", counts)
            return store_audience(tx, account.id, [one], captured_at=at, run_id=7)

    def _history(self, database: Database, account: Account) -> list[tuple[datetime, dict[str, Any]]]:
        with database.transaction() as tx:
            found = tx.scalars(select(AudienceSnapshot).where(AudienceSnapshot.account_id == account.id))
            return sorted((one.captured_at, one.counts) for one in found)

    def _latest(self, database: Database, account: Account) -> AudienceLatest:
        with database.transaction() as tx:
            return tx.scalars(select(AudienceLatest).where(AudienceLatest.account_id == account.id)).one()

    def test_only_a_change_is_a_snapshot(self, shared: Database, account: Account) -> None:
        first, second = {"18-24|F": 3, "25-34|M": 4}, {"18-24|F": 3}

        assert self._see(shared, account, T0, first) == 1
        assert self._see(shared, account, T0 + HOUR, dict(reversed(first.items()))) == 0
        assert self._see(shared, account, T0 + 2 * HOUR, second) == 1

        assert self._history(shared, account) == [(T0, first), (T0 + 2 * HOUR, second)]

    def test_an_empty_one_is_unknown_and_changes_nothing(self, shared: Database, account: Account) -> None:
        self._see(shared, account, T0, {"18-24|F": 3})

        assert self._see(shared, account, T0 + HOUR, {}) == 0

        assert self._history(shared, account) == [(T0, {"18-24|F": 3})]
        assert self._latest(shared, account).last_checked_at == T0

    def test_an_unchanged_one_says_that_it_was_looked_at(self, shared: Database, account: Account) -> None:
        self._see(shared, account, T0, {"18-24|F": 3})
        self._see(shared, account, T0 + HOUR, {"18-24|F": 3})

        latest = self._latest(shared, account)
        assert (latest.captured_at, latest.last_checked_at) == (T0, T0 + HOUR)

    @pytest.mark.parametrize(("at", "rows"), [(T0, 0), (T0 - HOUR, 1)], ids=["of the same moment", "older"])
    def test_an_answer_that_is_not_newer_does_not_speak_for_the_present(
        self, shared: Database, account: Account, at: datetime, rows: int
    ) -> None:
        self._see(shared, account, T0, {"18-24|F": 3})

        assert self._see(shared, account, at, {"18-24|F": 2}) == rows

        assert self._latest(shared, account).counts == {"18-24|F": 3}
        late = [(at, {"18-24|F": 2})] * rows
        assert self._history(shared, account) == [*late, (T0, {"18-24|F": 3})]


class TestAppendOnly:
    @pytest.mark.parametrize("table", ["account_observations", "audience_snapshots", "post_events"])
    @pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"], ids=["update", "delete"])
    def test_a_row_of_the_history_cannot_be_changed_or_deleted(
        self, shared: Database, account: Account, table: str, statement: str
    ) -> None:
        column = "reason" if table == "post_events" else "account_id"
        _fill_history(shared, account)

        with pytest.raises(IntegrityError, match=f"{table}.* is append-only"), shared.transaction() as tx:
            tx.execute(text(statement.format(table, column, column)))

    @pytest.mark.parametrize("table", APPEND_ONLY)
    def test_nor_can_a_table_of_it_be_emptied(self, shared: Database, table: str) -> None:
        with pytest.raises(IntegrityError, match=f"{table} is append-only"), shared.transaction() as tx:
            tx.execute(text(f"TRUNCATE {table}"))

    @pytest.mark.parametrize("table", [table for table in PARTITIONED if table in APPEND_ONLY])
    @pytest.mark.parametrize("month", [f"{clock.now():%Y_%m}", "default", "2031_11"], ids=["now", "default", "made"])
    def test_nor_a_month_of_it(self, database: Database, table: str, month: str) -> None:
        with database.transaction() as tx:
            ensure_partitions(tx, now=datetime(2031, 11, 5, tzinfo=UTC), months_ahead=0)

        with pytest.raises(IntegrityError, match="is append-only"), database.transaction() as tx:
            tx.execute(text(f"TRUNCATE {table}_{month}"))

    def test_nor_through_what_it_hangs_on(self, shared: Database) -> None:
        with pytest.raises(IntegrityError, match="is append-only"), shared.transaction() as tx:
            tx.execute(text("TRUNCATE accounts CASCADE"))

    @pytest.mark.parametrize("table", ["account_observations", "media_snapshots"])
    def test_nor_through_the_partition_that_holds_it(self, shared: Database, account: Account, table: str) -> None:
        _fill_history(shared, account)
        partition = f"{table}_{clock.now():%Y_%m}"

        for statement in (f"UPDATE {partition} SET run_id = 1", f"DELETE FROM {partition}"):  # noqa: S608
            with pytest.raises(IntegrityError, match="is append-only"), shared.transaction() as tx:
                tx.execute(text(statement))


def _fill_history(database: Database, account: Account) -> None:
    now = clock.now()
    _store(database, account, now, _reach(1))
    with database.transaction() as tx:
        store_audience(tx, account.id, [Audience("m", "t", "b", {"a": 1})], captured_at=now, run_id=None)
        tx.execute(
            text("INSERT INTO media_snapshots (media_id, captured_at) VALUES (:id, :now)"),
            {"id": account.id, "now": now},
        )
        tx.execute(
            text("""
                WITH post AS (
                    INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone,
                                       max_lateness_s, if_late)
                    VALUES (gen_random_uuid()::text, '', :account, 'image', 'draft', now(), 'UTC', 0, 'expire')
                    RETURNING id)
                INSERT INTO post_events (post_id, to_state, reason) SELECT id, 'draft', 'test' FROM post
            """),
            {"account": account.id},
        )

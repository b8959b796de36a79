"""Upkeep: partitions ahead, in passing, and tried again when something stands in the way."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from models.history.comment import SeenComment, see_comments
from models.store.partitions import PARTITIONED, ensure_partitions
from models.store.session import Database
from pressrun import clock
from scheduler import upkeep
from tests.factories.rows import make_account
from tests.integration.models.racing import race
from tests.integration.scheduler.months import BY_HAND, exists, halve_this_month, this_month


def test_what_is_missing_is_made_and_then_there_is_time(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text(f"DROP TABLE {this_month()}"))
    now = clock.now()

    assert upkeep.run(database, now=now) == now + upkeep.EVERY

    assert exists(database, this_month())
    assert upkeep.run(database, now=now) == now + upkeep.EVERY


def test_schedulers_that_do_it_at_once_do_not_disturb_each_other(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text(f"DROP TABLE {this_month()}"))
    now = clock.now()

    race([partial(upkeep.run, database, now=now)] * 4)

    assert exists(database, this_month())


def test_what_could_not_be_done_is_tried_again_before_long(database: Database) -> None:
    halve_this_month(database)
    now = clock.now()

    assert upkeep.run(database, now=now) == now + upkeep.AGAIN_AFTER
    assert not exists(database, this_month())

    with database.transaction() as tx:
        tx.execute(text(f"DROP TABLE {BY_HAND}"))
    assert upkeep.run(database, now=now) == now + upkeep.EVERY
    assert exists(database, this_month())


def test_a_database_that_is_away_is_no_reason_to_give_up(database: Database) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing")
    now = clock.now()

    assert upkeep.run(nowhere, now=now) == now + upkeep.AGAIN_AFTER


class TestRetention:
    def _old_month(self, database: Database) -> None:
        with database.transaction() as tx:
            ensure_partitions(tx, now=clock.now() - timedelta(days=100), months_ahead=0)

    def _old_name(self) -> str:
        return f"media_snapshots_{clock.now() - timedelta(days=100):%Y_%m}"

    def test_all_is_kept_unless_told_otherwise(self, database: Database) -> None:
        self._old_month(database)

        upkeep.run(database, now=clock.now())

        assert exists(database, self._old_name())

    def test_old_months_go_and_the_log_says_so(self, database: Database, caplog: pytest.LogCaptureFixture) -> None:
        self._old_month(database)
        now = clock.now()

        assert upkeep.run(database, now=now, keep_months=2) == now + upkeep.EVERY

        assert not exists(database, self._old_name())
        assert exists(database, this_month())
        assert "upkeep.month_dropped" in caplog.text
        assert self._old_name() in caplog.text

    def test_schedulers_that_drop_at_once_drop_once(self, database: Database) -> None:
        self._old_month(database)

        race([partial(upkeep.run, database, now=clock.now(), keep_months=2)] * 4)

        # One of them may have found the tables locked by another; it comes back.
        upkeep.run(database, now=clock.now(), keep_months=2)
        with database.transaction() as tx:
            assert tx.scalar(text("SELECT count(*) FROM dropped_months")) == len(PARTITIONED)

    def test_a_month_that_somebody_reads_goes_the_next_time(self, database: Database) -> None:
        self._old_month(database)
        now = clock.now()

        with database.transaction() as tx:
            tx.execute(text("SELECT FROM media_snapshots"))
            assert upkeep.run(database, now=now, keep_months=2) == now + upkeep.AGAIN_AFTER
            assert exists(database, self._old_name())

        assert upkeep.run(database, now=now, keep_months=2) == now + upkeep.EVERY
        assert not exists(database, self._old_name())

    def test_what_has_no_months_goes_in_small_turns(self, database: Database, caplog: pytest.LogCaptureFixture) -> None:
        now = clock.now()
        old = now - timedelta(days=100)
        with database.transaction() as tx:
            account_id = make_account(tx).id
            seen = [SeenComment(str(number)) for number in range(upkeep.SWEPT_AT_ONCE + 1)]
            see_comments(tx, account_id, seen, now=old, are_shown=True)

        assert upkeep.run(database, now=now) == now + upkeep.EVERY
        assert upkeep.run(database, now=now, keep_months=2) == now + upkeep.SWEEP_AGAIN_AFTER
        assert upkeep.run(database, now=now, keep_months=2) == now + upkeep.EVERY

        with database.transaction() as tx:
            assert tx.scalar(text("SELECT count(*) FROM comments")) == 0
        assert "upkeep.rows_dropped" in caplog.text

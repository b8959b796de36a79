"""What counts is the database's clock, and each process knows how far its own is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from models.store import server_clock
from models.store.server_clock import ClockWatch, Distance, measure, read
from models.store.session import Database
from pressrun import clock
from tests.support.clocks import clock_off_by, sleep_as_suspended
from tests.support.statements import after_first


def _database_now(database: Database) -> datetime:
    with database.glance() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


@pytest.mark.parametrize("off_s", [90, -90, 20, -20, 5, -5])
def test_now_is_right_on_a_machine_whose_clock_is_wrong(shared: Database, off_s: int) -> None:
    with clock_off_by(off_s):
        behind = measure(shared)

        before, now, after = _database_now(shared), clock.now(), _database_now(shared)
        assert abs(behind.total_seconds() + off_s) < 1
        slack = timedelta(seconds=1)  # of a machine on which a round trip takes long
        assert before - slack <= now <= after + slack


@pytest.mark.parametrize(
    ("off_s", "expected", "told"),
    [
        (0, Distance.NONE, None),
        (1.5, Distance.NONE, None),
        (10, Distance.TOLD, "10 s ahead of the database's"),
        (-10, Distance.TOLD, "10 s behind the database's"),
        (90, Distance.TOO_FAR, "90 s ahead of the database's"),
        (-90, Distance.TOO_FAR, "90 s behind the database's"),
    ],
)
def test_a_distance_is_told_beyond_2_s_and_too_far_beyond_30(
    shared: Database, off_s: float, expected: Distance, told: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with clock_off_by(off_s):
        for _ in range(3):
            measure(shared)

        assert server_clock.distance() is expected
        logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
        assert [told in said["told"] for said in logged if "told" in said] == ([] if told is None else [True])
        assert told is None or told in server_clock.describe()


def test_a_slow_answer_proves_no_difference(shared: Database) -> None:
    with clock_off_by(0), shared.transaction() as tx:
        tx.execute(text("SELECT 1"))
        with after_first(shared, "clock_timestamp", lambda: tx.connection().exec_driver_sql("SELECT pg_sleep(0.2)")):
            read(tx)

        assert clock.offset() == timedelta(0)


def test_it_is_the_moment_of_the_question_and_not_of_the_transactions_begin(shared: Database) -> None:
    with shared.transaction() as tx:
        began = tx.execute(text("SELECT now()")).scalar_one()

        first, second = read(tx), read(tx)

    assert began < first < second
    assert first.tzinfo is not None
    assert first.astimezone(UTC) == first


def test_a_clock_that_is_set_right_is_seen_a_second_later(shared: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ClockWatch(shared)
    with time_machine.travel(clock.own() + timedelta(seconds=90), tick=True):
        watch.turn()
        assert server_clock.distance() is Distance.TOO_FAR

    sleep_as_suspended(monkeypatch, server_clock.WATCHED_EVERY_S)  # for the watch a second has passed
    watch.turn()

    assert server_clock.distance() is Distance.NONE

"""The clock of a timelapse: Postgres and Python tell the same time, before and after a jump."""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import psycopg
import pytest

from benchmarks.support import shifted_clock, timelapse
from benchmarks.support.timelapse import Timelapse
from tests.support.servers import reachable_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is preloaded the way of Linux")

SECOND_NS = 1_000_000_000


def test_postgres_tells_the_time_of_python_and_both_jump_at_once() -> None:
    with reachable_folder() as folder:
        lapse = Timelapse(folder)
        lapse.prepare()
        with timelapse.postgres(lapse) as url, psycopg.connect(url, autocommit=True) as connection:
            first = shift_ns(lapse)
            assert_between(connection, first)

            lapse.jump(timedelta(hours=22, milliseconds=1))

            assert shift_ns(lapse) - first == (22 * 3600 + 1) * SECOND_NS
            assert_between(connection, shift_ns(lapse))


def shift_ns(lapse: Timelapse) -> int:
    return shifted_clock.pushed(lapse.folder / "shift")


def assert_between(connection: psycopg.Connection, shift_ns: int) -> None:
    """Postgres looked after this process did and before it did again, each by the shifted clock."""
    before = time.time_ns() + shift_ns
    told = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1e9)::bigint").fetchone()
    after = time.time_ns() + shift_ns
    assert told is not None
    agreed_within = 50_000_000  # by looks of a round trip each, of which a busy machine may make long ones
    assert before - agreed_within <= told[0] <= after + agreed_within

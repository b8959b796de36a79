"""Upkeep: partitions ahead, in passing, and tried again when something stands in the way."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text

from models.session import Database
from pressrun import clock
from scheduler import upkeep
from tests.integration.models.racing import race
from tests.integration.scheduler.months import BY_HAND, exists, rename_this_month, this_month


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
    rename_this_month(database)
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

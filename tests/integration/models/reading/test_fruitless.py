"""Harvests that bring nothing: those of which the last five slots did, whatever was read back beside them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.harvests.harvest import Harvest, RunStatus, begin_run, end_run
from models.reading.upkeep.health import FRUITLESS_RUNS, fruitless_harvests
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_backfill, make_harvest

FAILED, DONE = RunStatus.FAILED, RunStatus.DONE
HOUR = timedelta(hours=1)
NOW = clock.now().replace(microsecond=0) - timedelta(days=1)


def _run(tx: Session, harvest: Harvest, hours: int, status: RunStatus, *, backfill_id: int | None = None) -> None:
    at = NOW + hours * HOUR
    run = begin_run(tx, harvest.id, at, api_version="v25.0", now=at, backfill_id=backfill_id)
    end_run(tx, run.id, status, now=at)


def _found(tx: Session) -> list[tuple[str, bool]]:
    tx.flush()
    return [(one.kind, one.have_failed) for one in fruitless_harvests(tx)]


@pytest.mark.parametrize("back", [FAILED, DONE])
@pytest.mark.parametrize(("slots", "found"), [(FRUITLESS_RUNS, [("account", True)]), (FRUITLESS_RUNS - 1, [])])
def test_what_is_read_back_counts_neither_for_it_nor_against(
    loose: Database, slots: int, found: list[tuple[str, bool]], back: RunStatus
) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        harvest = make_harvest(tx, account, kind="account")
        for number in range(slots):
            _run(tx, harvest, 2 * number, FAILED)
        _run(tx, harvest, 2 * slots - 3, back, backfill_id=make_backfill(tx, account).id)

        assert _found(tx) == found


def test_what_is_read_no_more_is_no_finding(loose: Database) -> None:
    with loose.transaction() as tx:
        harvest = make_harvest(tx, make_account(tx), kind="competitors")
        for number in range(FRUITLESS_RUNS):
            _run(tx, harvest, number, FAILED)
        assert _found(tx) == [("competitors", True)]

        harvest.slot_at = harvest.next_action_at = None  # nothing is watched any more

        assert _found(tx) == []

"""Counts of others that come after newer ones: points of their time, which say nothing of the present."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.harvests.watch import WatchKind, active_watches
from models.history.competitor import store_competitor
from models.history.hashtag import store_top
from models.history.public_media import SeenPublicMedia, store_public_media
from models.store.session import Database
from pressrun import clock
from scheduler.harvests.watching import watch
from tests.factories.rows import make_account

T0 = clock.now().replace(microsecond=0)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def watch_id(shared: Database) -> int:
    with shared.transaction() as tx:
        account = make_account(tx)
        watch(tx, account, WatchKind.COMPETITOR, "rival")
        return active_watches(tx, account.id, WatchKind.COMPETITOR)[0].id


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(query))]


def test_followers_of_a_competitor(shared: Database, watch_id: int) -> None:
    with shared.transaction() as tx:
        for hours, count in ((0, 10), (2, 10), (4, 12)):
            store_competitor(tx, watch_id, {"followers_count": count}, captured_at=T0 + hours * HOUR, run_id=1)
        for hours, count, rows in ((3, 11, 1), (1, 10, 0), (3, 11, 0)):
            late = T0 + hours * HOUR
            assert store_competitor(tx, watch_id, {"followers_count": count}, captured_at=late, run_id=2) == rows
        again = {"followers_count": 12}
        assert store_competitor(tx, watch_id, again, captured_at=T0 + 4 * HOUR - SECOND, run_id=1) == 0

    points = f"SELECT value FROM competitor_observations WHERE watch_id = {watch_id} ORDER BY captured_at"  # noqa: S608
    assert _rows(shared, points) == [(10,), (11,), (12,)]
    latest = f"SELECT value, captured_at, last_checked_at FROM competitor_latest WHERE watch_id = {watch_id}"  # noqa: S608
    assert _rows(shared, latest) == [(12, T0 + 4 * HOUR, T0 + 4 * HOUR)]


def test_likes_of_a_media_of_others(shared: Database, watch_id: int) -> None:
    def store(at: float, likes: int | None, comments: int, run_id: int = 1) -> int:
        seen = SeenPublicMedia("1", like_count=likes, comments_count=comments)
        with shared.transaction() as tx:
            return store_public_media(tx, watch_id, [seen], captured_at=T0 + at * HOUR, run_id=run_id)

    store(0, 10, 1)
    store(4, 12, 1)

    assert store(2, 11, 1, run_id=2) == 1
    assert store(2, 11, 1, run_id=2) == 0
    assert store(1, 10, 1, run_id=2) == 0
    assert store(1, None, 1, run_id=2) == 0, "hidden likes are unknown"
    assert store(3.9, 12, 1, run_id=1) == 0, "its run has stored it a moment later"
    of = f"FROM public_media m JOIN {{}} s ON s.public_media_id = m.id WHERE m.watch_id = {watch_id}"
    points = _rows(shared, f"SELECT like_count {of.format('public_media_snapshots')} ORDER BY captured_at")
    assert points == [(10,), (11,), (12,)]
    latest = _rows(shared, f"SELECT like_count, s.last_checked_at {of.format('public_media_latest')}")
    assert latest == [(12, T0 + 4 * HOUR)]


def test_the_top_media_of_a_hashtag(shared: Database, watch_id: int) -> None:
    def store(at: float, *ig_ids: str, run_id: int = 1) -> int:
        with shared.transaction() as tx:
            return store_top(tx, watch_id, ig_ids, captured_at=T0 + at * HOUR, run_id=run_id)

    store(0, "1", "2")
    store(4, "2", "1")

    assert store(2, "3", "1", run_id=2) == 1
    assert store(2, "3", "1", run_id=2) == 0
    assert store(1, "1", "2", run_id=2) == 0
    assert store(3.9, "2", "1") == 0, "its run has stored it a moment later"

"""What nobody decides is found by looking, and told once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.harvest import RunStatus, begin_run, end_run
from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, bind_media, see_media, store_readings
from models.posts.part import Part
from models.store.session import Database
from models.telling.silence import Silences
from pressrun import clock
from scheduler.warnings import FAR_EVERY, Warnings
from tests.factories.rows import first_part, make_account, make_endpoint, make_harvest, make_post
from worker.telling.silence import SchedulerWatch

LATE = timedelta(minutes=5)
DAY = timedelta(days=1)


def told(database: Database) -> list[Any]:
    query = "SELECT kind, account_name, post_id, message, detail FROM notices ORDER BY id"
    with database.transaction() as tx:
        return list(tx.execute(text(query)))


def kinds(database: Database) -> list[str]:
    return [row.kind for row in told(database)]


def look(database: Database, times: int = 2, **more: Any) -> list[str]:
    """Several schedulers look; returns the kinds of what was told."""
    for _ in range(times):
        Warnings(database, late_after=LATE, **more).run(now=clock.now())
    return [kind for kind in kinds(database) if kind != "queue.silent"]


@pytest.fixture
def make(loose: Database) -> Callable[..., Any]:
    """Runs something in a transaction in which an endpoint was added."""

    def run(what: Callable[[Session], Any]) -> Any:
        with loose.transaction() as tx:
            make_endpoint(tx)
            return what(tx)

    return run


def test_a_post_that_is_late_or_went_out_late_is_told_once(loose: Database, make: Callable[..., Any]) -> None:
    now = clock.now()

    def posts(tx: Session) -> list[int]:
        account = make_account(tx, name="bakery")
        ago = {"staged": 6, "published": 20, "scheduled": 4, "failed": 30, "draft": 30}
        made = []
        for state, minutes in ago.items():
            at = now - timedelta(minutes=minutes)
            out = {"published_at": now, "sent_at": now - timedelta(minutes=1)} if state == "published" else {}
            made.append(make_post(tx, account, state=state, publish_at=at, wait_reason="quota", **out).id)
        on_time = now - timedelta(minutes=30)
        make_post(tx, account, state="published", publish_at=on_time, sent_at=on_time, published_at=on_time)
        return made[:2]

    late = make(posts)

    assert look(loose) == ["post.late", "post.late"]
    rows = [row for row in told(loose) if row.kind == "post.late"]
    assert [(row.post_id, row.account_name) for row in rows] == [(id_, "bakery") for id_ in late]
    assert "still staged, and waits for: quota" in rows[0].message
    assert "it went out late" in rows[1].message


def test_a_day_with_more_posts_than_may_go_out_is_told_once(loose: Database, make: Callable[..., Any]) -> None:
    def posts(tx: Session) -> None:
        full, fine = (make_account(tx, name=name, quota_total=3) for name in ("full", "fine"))
        for hours in (1, 2, 3, 4, 5):
            make_post(tx, full, publish_at=clock.now() + 2 * DAY + timedelta(minutes=hours))
            make_post(tx, fine, publish_at=clock.now() + 2 * DAY + timedelta(hours=9 * hours))

    make(posts)

    assert look(loose) == ["quota.full"]
    [row] = [row for row in told(loose) if row.kind == "quota.full"]
    assert (row.account_name, row.detail["planned"], row.detail["total"]) == ("full", 4, 3)


def test_an_account_that_publishes_nothing_for_days_is_told(loose: Database, make: Callable[..., Any]) -> None:
    now = clock.now()

    def posts(tx: Session) -> None:
        old = {"created_at": now - 30 * DAY}
        silent, busy, idle, paused = (
            make_account(tx, name=name, **old | over)
            for name, over in (("silent", {}), ("busy", {}), ("idle", {}), ("paused", {"state": "paused"}))
        )
        for account in (silent, busy, paused):
            failed = {"state": "failed", "publish_at": now - DAY, "next_action_at": None}
            make_post(tx, account, **failed)
        for account, at in ((silent, now - 5 * DAY), (busy, now - DAY), (idle, now - 5 * DAY)):
            done = {"state": "published", "publish_at": at, "sent_at": at, "published_at": at, "next_action_at": None}
            make_post(tx, account, **done)

    make(posts)

    assert look(loose) == ["account.silent"]
    [row] = [row for row in told(loose) if row.kind == "account.silent"]
    assert row.account_name == "silent"


def test_days_that_are_lost_for_good_are_told_once_a_week(loose: Database, make: Callable[..., Any]) -> None:
    """By what coverage says of them, whatever the harvests have come to since."""
    now = clock.now()

    def gap(tx: Session) -> None:
        account = make_account(tx, name="bakery", created_at=now - 30 * DAY)
        make_harvest(tx, account, kind="stories", covered_at=now)
        values = "VALUES (:id, 'stories', :since, :until, 'stopped')"
        add = f"INSERT INTO harvest_gaps (account_id, kind, since, until, why) {values}"
        tx.execute(text(add), {"id": account.id, "since": now - 5 * DAY, "until": now - 2 * DAY})

    make(gap)

    assert look(loose) == ["coverage.lost"]
    [row] = [row for row in told(loose) if row.kind == "coverage.lost"]
    assert (row.account_name, row.detail["kind"]) == ("bakery", "stories")
    assert row.detail["days"] >= 2
    assert f"from {row.detail['first']} to {row.detail['last']}" in row.message


def test_what_is_tried_and_not_read_for_days_is_told(loose: Database, make: Callable[..., Any]) -> None:
    now = clock.now()

    def harvests(tx: Session) -> None:
        for name, status, age in (("lost", "failed", 3), ("read", "done", 0), ("new", "failed", 1)):
            account = make_account(tx, name=name, created_at=now - (30 if age != 1 else 1) * DAY)
            covered = None if name == "new" else now - age * DAY
            harvest = make_harvest(tx, account, kind="account", covered_at=covered)
            run = begin_run(tx, harvest.id, now, api_version="v25.0", now=now)
            end_run(tx, run.id, RunStatus(status), now=now)

    make(harvests)

    assert look(loose) == ["coverage.lost"]
    [row] = [row for row in told(loose) if row.kind == "coverage.lost"]
    assert (row.account_name, row.detail) == ("lost", {"kind": "account"})


def test_a_live_post_whose_numbers_do_not_begin_is_told_where_others_are_read(
    loose: Database, make: Callable[..., Any]
) -> None:
    now = clock.now()

    def live(tx: Session, account: Account, ig_id: str, *, days: float = 2, **over: Any) -> Part:
        at = now - timedelta(days=days)
        over |= {"state": "published", "publish_at": at, "sent_at": at, "published_at": at, "next_action_at": None}
        part = first_part(tx, make_post(tx, account, **over))
        part.media_id, part.published_at = ig_id, at
        bind_media(tx, account.id, ig_id, part.id, now=now)
        return part

    def posts(tx: Session) -> int:
        read, unread = (make_account(tx, name=name) for name in ("read", "unread"))
        for account, covered in ((read, now), (unread, now - 2 * DAY)):
            make_harvest(tx, account, kind="media", covered_at=covered)
        mute = live(tx, read, "1")
        live(tx, read, "2")
        live(tx, read, "3", type="story")
        live(tx, read, "4", days=0.9)
        live(tx, unread, "5")
        known = see_media(tx, read.id, [SeenMedia("2")], now=now)
        store_readings(tx, [MediaReading(known["2"], now, {"likes": 1}, {})], run_id=None)
        return mute.post_id

    post_id = make(posts)

    assert look(loose) == ["post.incomplete"]
    [row] = [row for row in told(loose) if row.kind == "post.incomplete"]
    assert (row.account_name, row.post_id) == ("read", post_id)
    assert "no number of its insights" in row.message


def test_a_metric_that_was_told_before_and_is_refused_is_told_once(loose: Database, make: Callable[..., Any]) -> None:
    now = clock.now()

    def harvest(tx: Session) -> None:
        account = make_account(tx, name="bakery")
        seen = Observation("reach", "day", "", now - DAY, 7)
        store_observations(tx, account.id, [seen], run_id=None, captured_at=now)
        refused = {"reach": (now + DAY).isoformat(), "never_told": (now + DAY).isoformat()}
        make_harvest(tx, account, kind="account", refused=refused)

    make(harvest)

    assert look(loose) == ["metric.refused"]
    [row] = [row for row in told(loose) if row.kind == "metric.refused"]
    assert row.detail["metric"] == "reach"


def test_a_queue_without_a_worker_is_told_once_it_lasts(database_url: str, database: Database) -> None:
    with database.transaction() as tx:
        make_endpoint(tx)
    with closing(Database(database_url, application_name="pressrun worker publish prepare inbox media")) as worker:
        with worker.transaction() as tx:
            tx.execute(text("SELECT 1"))
        patient, silences = Warnings(database, late_after=LATE), Silences(after_s=0)
        patient.run(now=clock.now())
        assert kinds(database) == []

        for _ in range(3):
            Warnings(database, late_after=LATE, silences=silences).run(now=clock.now())

    [row] = told(database)
    assert (row.kind, row.detail) == ("queue.silent", {"queue": "harvest"})


def test_workers_tell_that_there_is_no_scheduler(database_url: str, database: Database) -> None:
    with database.transaction() as tx:
        make_endpoint(tx)
    watch = SchedulerWatch(database, silences=Silences(after_s=0))
    with closing(Database(database_url, application_name="pressrun scheduler")) as scheduler:
        with scheduler.transaction() as tx:
            tx.execute(text("SELECT 1"))
        assert not watch.look()

    with database.transaction() as tx:
        theirs = """
            SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
             WHERE application_name LIKE 'pressrun scheduler%' AND datname = current_database()
        """
        tx.execute(text(theirs))
    assert watch.look()
    assert not watch.look()
    assert kinds(database) == ["scheduler.silent"]


def test_where_nobody_is_told_nobody_looks(database: Database) -> None:
    with database.transaction() as tx:
        make_post(tx, make_account(tx), publish_at=clock.now() - timedelta(minutes=30), next_action_at=clock.now())

    assert look(database) == []


def test_a_look_that_the_database_refuses_comes_again(
    loose: Database, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    make(lambda _tx: None)
    with loose.transaction() as tx:
        tx.execute(text("ALTER TABLE harvests RENAME TO harvests_elsewhere"))
    now, warnings = clock.now(), Warnings(loose, late_after=LATE)
    try:
        assert warnings.run(now=now) < now + FAR_EVERY
    finally:
        with loose.transaction() as tx:
            tx.execute(text("ALTER TABLE harvests_elsewhere RENAME TO harvests"))

    assert "warnings.failed" in caplog.text

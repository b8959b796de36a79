"""Retention of what has no months to drop: the old goes a few rows at a time, what is open, new or marked stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.link import Purpose, make_link
from models.access.session import begin_session
from models.erasing.ends import ENDS, Swept
from models.harvests.watch import Watch
from models.history.comment import SeenComment, see_comments
from models.history.insight import Audience, store_audience
from models.history.public_media import SeenPublicMedia, store_public_media
from models.history.tag import SeenTag, see_tags
from models.posts.campaign import Campaign, record_campaign
from models.store.session import Database
from models.upkeep.invariants import run_all
from models.upkeep.sweeping import sweep
from pressrun import clock
from tests.factories.rows import (
    make_account,
    make_attempt,
    make_backfill,
    make_conversion,
    make_inbox_event,
    make_mention,
    make_reply,
)
from tests.factories.worlds import make_lived_in_account

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BEFORE = datetime(2026, 4, 1, tzinfo=UTC)
OLD, NEW = BEFORE - timedelta(days=40), BEFORE + timedelta(days=1)


def _sweep(database: Database, limit: int = 1000) -> dict[str, int]:
    with database.transaction() as tx:
        return sweep(tx, before=BEFORE, now=NOW, limit=limit)


def _left(tx: Session, table: str, column: str = "id") -> list[Any]:
    return list(tx.scalars(text(f"SELECT {column} FROM {table} ORDER BY 1")))  # noqa: S608 - our own names


def _kept(database: Database, table: str, column: str = "id") -> list[Any]:
    with database.transaction() as tx:
        return _left(tx, table, column)


def test_an_empty_database_has_nothing_to_take(loose: Database) -> None:
    assert _sweep(loose) == {}


def test_webhooks_go_once_they_are_handled_and_old(loose: Database) -> None:
    with loose.transaction() as tx:
        done = {"next_action_at": None, "handled_at": OLD, "received_at": OLD}
        old = make_inbox_event(tx, **done).id
        owed = make_inbox_event(tx, received_at=OLD).id
        held = make_inbox_event(tx, **done, leased_until=datetime(2100, 1, 1, tzinfo=UTC)).id
        new = make_inbox_event(tx, **done | {"received_at": NEW}).id

    assert _sweep(loose) == {"inbox_events": 1}

    assert _kept(loose, "inbox_events") == [owed, held, new]
    assert old not in _kept(loose, "inbox_events")


def test_comments_and_tags_go_when_they_are_seen_no_more_and_marks_of_the_erased_stay(loose: Database) -> None:
    with loose.transaction() as tx:
        account_id = make_account(tx).id
        see_comments(
            tx, account_id, [SeenComment("gone"), SeenComment("seen"), SeenComment("mark")], now=OLD, are_shown=True
        )
        see_comments(tx, account_id, [SeenComment("seen"), SeenComment("young")], now=NEW, are_shown=True)
        tx.execute(text("UPDATE comments SET erased_at = now() WHERE ig_id = 'mark'"))
        see_tags(tx, account_id, [SeenTag("gone"), SeenTag("seen")], now=OLD)
        see_tags(tx, account_id, [SeenTag("seen")], now=NEW)

    assert _sweep(loose) == {"comments": 1, "tags": 1}

    assert _kept(loose, "comments", "ig_id") == ["mark", "seen", "young"]
    assert _kept(loose, "tags", "ig_media_id") == ["seen"]


def test_a_mention_goes_with_its_replies_and_their_calls_and_not_while_one_is_open(loose: Database) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        answered, waiting, fresh, unread, plain = (make_mention(tx, account, announced_at=OLD) for _ in range(5))
        sent = {"state": "sent", "next_action_at": None, "created_at": OLD, "intent_at": OLD}
        make_reply(tx, answered, **sent, settled_at=OLD, comment_id="1")
        make_reply(tx, waiting, state="needs_review", next_action_at=None, created_at=OLD, intent_at=OLD)
        make_reply(tx, fresh, **sent, settled_at=NEW, comment_id="2")
        unread.state = "announced"
        attempt_id = tx.scalar(text("SELECT min(id) FROM attempts"))
        tx.execute(
            text(
                "INSERT INTO blocks (account_id, attempt_id, reason, suspected_at, step, until)"
                " VALUES (:account, :attempt, 'why', now(), 0, now())"
            ),
            {"account": account.id, "attempt": attempt_id},
        )
        kept = [waiting.id, fresh.id, unread.id]
        assert plain.id not in kept

    assert _sweep(loose) == {"mentions": 2}

    assert _kept(loose, "mentions") == kept
    assert _kept(loose, "replies", "mention_id") == kept[:2]
    assert _kept(loose, "attempts", "reply_id") == _kept(loose, "replies")
    assert _kept(loose, "blocks", "attempt_id") == [None]


def test_the_audiences_months_go_and_are_written_down(loose: Database) -> None:
    with loose.transaction() as tx:
        account_id = make_account(tx).id
        for number, at in enumerate((OLD - timedelta(days=31), OLD, OLD + timedelta(hours=1), NEW)):
            audience = Audience("follower_demographics", "this_week", "age", {"18-24": number})
            store_audience(tx, account_id, [audience], captured_at=at, run_id=None)

    assert _sweep(loose) == {"audience_snapshots": 3}

    assert _kept(loose, "audience_snapshots", "captured_at") == [NEW]
    assert _kept(loose, "audience_latest", "captured_at") == [NEW]
    with loose.transaction() as tx:
        months = tx.execute(text("SELECT table_name, since, until, bytes FROM dropped_months ORDER BY since")).all()
        assert run_all(tx) == {}
    months_of = [(datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 1, tzinfo=UTC)) for month in (1, 2)]
    assert [tuple(row)[:3] for row in months] == [("audience_snapshots", *month) for month in months_of]
    assert all(row.bytes > 0 for row in months)


def test_media_of_others_go_with_their_newest_numbers(loose: Database) -> None:
    with loose.transaction() as tx:
        watch = Watch(account_id=make_account(tx).id, kind="competitor", name="rival")
        tx.add(watch)
        tx.flush()
        for at, ids in ((OLD, ("gone", "seen")), (NEW, ("seen",))):
            seen = [SeenPublicMedia(one, like_count=at.day) for one in ids]
            store_public_media(tx, watch.id, seen, captured_at=at, run_id=None)
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text("TRUNCATE public_media_snapshots"))  # its months were dropped

    assert _sweep(loose) == {"public_media": 1}

    assert _kept(loose, "public_media", "ig_id") == ["seen"]
    assert len(_kept(loose, "public_media_latest", "public_media_id")) == 1


def test_what_was_worked_off_long_ago_goes(loose: Database) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        make_backfill(tx, account, finished_at=OLD, next_action_at=None)
        run = make_backfill(tx, account, finished_at=OLD, next_action_at=None).id
        tx.execute(text("INSERT INTO harvests (account_id, kind, cron) SELECT id, 'tags', '* * * * *' FROM accounts"))
        tx.execute(
            text(
                "INSERT INTO harvest_runs (harvest_id, backfill_id, slot_at, status, api_version, started_at)"
                " SELECT id, :run, now(), 'done', 'v25.0', now() FROM harvests"
            ),
            {"run": run},
        )
        told = {"id": account.id, "old": OLD, "new": NEW}
        tx.execute(text("INSERT INTO hashtag_searches VALUES (:id, 'old', :old), (:id, 'new', :new)"), told)
        block = "INSERT INTO blocks (account_id, reason, suspected_at, step, until)"
        tx.execute(text(f"{block} VALUES (:id, 'old', :old, 0, :old), (:id, 'new', :new, 0, :new)"), told)
        connection = "INSERT INTO connections (login, ig_id, name, state, error, expires_at, settled_at)"
        tx.execute(
            text(f"{connection} SELECT 'facebook', '1', state, 'failed', 'why', at, at"  # noqa: S608
                 " FROM (VALUES ('old', CAST(:old AS timestamptz)), ('new', CAST(:new AS timestamptz))) v(state, at)"),
            told,
        )  # fmt: skip

    assert _sweep(loose) == {"backfills": 1, "hashtag_searches": 1, "blocks": 1, "connections": 1}

    assert _kept(loose, "backfills") == [run]
    names = [("hashtag_searches", "name"), ("blocks", "reason"), ("connections", "name")]
    assert [_kept(loose, *one) for one in names] == [["new"]] * 3


def test_what_was_published_stays_whatever_its_age(loose: Database) -> None:
    from tests.factories.rows import make_post

    with loose.transaction() as tx:
        post = make_post(tx, make_account(tx), state="failed", publish_at=OLD, created_at=OLD, next_action_at=None)
        make_attempt(tx, post, state="refused", intent_at=OLD)

    assert _sweep(loose) == {}


# What of an account's world is still open, ends.
_ENDING = (
    "UPDATE follow_ups SET ended_at = now(), next_action_at = NULL",
    "UPDATE backfills SET finished_at = now(), next_action_at = NULL",
    "UPDATE inbox_events SET handled_at = now(), next_action_at = NULL",
    "UPDATE deliveries SET state = 'delivered', delivered_at = now(), next_action_at = NULL",
    "UPDATE conversions SET state = 'failed', error = 'why', settled_at = now(), next_action_at = NULL",
)


def _live_and_end(tx: Session, now: datetime) -> None:
    """Rows of every table, none of which is open."""
    account = make_lived_in_account(tx, now=now)
    make_conversion(tx, account)
    record_campaign(tx, Campaign(author="ana", added=1, unchanged=0, problems=0, report={}))
    make_link(tx, Purpose.OWNER, created_by="ana", now=now)
    begin_session(tx, None, way="link", agent=None, address=None, now=now)
    tx.execute(
        text("INSERT INTO audit (asker, face, operation, effect) VALUES ('ana', 'cli', 'post.pause', 'changes')")
    )
    for statement in _ENDING:
        tx.execute(text(statement))


def test_every_table_that_has_no_months_gives_up_what_is_old_and_nothing_that_is_young(loose: Database) -> None:
    now = clock.now()
    with loose.transaction() as tx:
        _live_and_end(tx, now)

    def taken(before: datetime) -> dict[str, int]:
        gone: dict[str, int] = {}
        with loose.transaction() as tx:
            while some := sweep(tx, before=before, now=now, limit=1000):
                gone = {table: gone.get(table, 0) + some.get(table, 0) for table in {*gone, *some}}
        return gone

    assert taken(now - timedelta(days=1)) == {}
    assert set(taken(now + timedelta(days=60))) == {
        table for table, end in ENDS.items() if isinstance(end.retention, Swept)
    }
    with loose.transaction() as tx:
        months = set(tx.scalars(text("SELECT table_name FROM dropped_months")))
        assert run_all(tx) == {}
    assert months == {"audience_snapshots", "comment_versions", "poll_tallies", "audit"}


@pytest.mark.parametrize(("limit", "turns"), [(3, [3, 3, 1]), (7, [7]), (100, [7])])
def test_no_turn_takes_more_than_its_share(loose: Database, limit: int, turns: list[int]) -> None:
    with loose.transaction() as tx:
        account_id = make_account(tx).id
        see_comments(tx, account_id, [SeenComment(str(number)) for number in range(4)], now=OLD, are_shown=True)
        for number in range(3):
            audience = Audience("follower_demographics", "this_week", "age", {"18-24": number})
            store_audience(tx, account_id, [audience], captured_at=OLD + timedelta(days=15 * number), run_id=None)

    taken = []
    while gone := _sweep(loose, limit):
        taken.append(sum(gone.values()))

    assert taken == turns


def test_rows_that_somebody_holds_are_left_for_the_next_time(loose: Database) -> None:
    with loose.transaction() as tx:
        see_comments(tx, make_account(tx).id, [SeenComment("held"), SeenComment("free")], now=OLD, are_shown=True)

    with loose.transaction() as tx:
        tx.execute(text("SELECT 1 FROM comments WHERE ig_id = 'held' FOR UPDATE"))
        assert _sweep(loose) == {"comments": 1}

    assert _sweep(loose) == {"comments": 1}

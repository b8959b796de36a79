"""Revisions: up from nothing to what the models say, down again without a rest, and safe to run twice at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import migrations
from machine.schema import _config, status, upgrade
from models.accounts.account import Account, Login
from models.accounts.block import hold
from models.asked.comment_wish import wish_for
from models.asked.inquiry import InquiryKind
from models.asked.poll import store_tally
from models.connecting.connection import Connection, record_unasked
from models.connecting.consenting import Wish as Wanted
from models.connecting.consenting import await_consent, begin_with_token
from models.connecting.joining import NewAccount, join_account
from models.erasing.erasure import Wish
from models.harvests.backfill import ONLY_OWED, open_reread
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind, add_harvests
from models.harvests.media_state import MediaState
from models.harvests.raw_answer import TABLE as RAW_ANSWERS
from models.harvests.watch import WatchKind
from models.history.comment import Comment, SeenComment, see_comments
from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.hooks.subscription import Subscription, add_missing_subscriptions
from models.owed.claims import take
from models.owed.presence import release
from models.posts.conversion import ask, of_post
from models.posts.event import Cause
from models.posts.post import Post
from models.posts.states import PostState, transition
from models.publishing.container import live_containers
from models.publishing.reply import queue_reply
from models.registry import TABLES, metadata
from models.store.partitions import PARTITIONED, ensure_partitions
from models.store.session import Database
from models.tokens.token import Facts
from models.upkeep.invariants import run_all
from models.upkeep.retention import drop_month, old_partitions
from models.ways.bucket_object import want_object
from pressrun import clock
from pressrun.instagram.pacific import days
from pressrun.vault import Vault
from scheduler.harvests.planning import add_missing_harvests
from scheduler.harvests.watching import watch
from scheduler.posts.changing import pause
from scheduler.removing import remove
from tests.factories.rows import (
    KEY,
    make_account,
    make_backfill,
    make_connection,
    make_deletion,
    make_endpoint,
    make_follow_up,
    make_inquiry,
    make_mention,
    make_post,
)
from tests.migration.schema_dump import everything, tables
from tests.support.processes import start_module
from tests.support.servers import Servers, clone_database, create_database, drop_database, made_once
from tests.support.waiting import until

_MIGRATORS_LOCK = 7_303_001
_OF_MIGRATIONS = {
    "idle_in_transaction_session_timeout": "30s",
    "idle_session_timeout": "0",
    "lock_timeout": "4s",
    "statement_timeout": "1min",
    "transaction_timeout": "0",  # since 17
}
_NOTE_TIMEOUTS = """
    CREATE TABLE seen (name text, value text);
    CREATE FUNCTION note_timeouts() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO seen SELECT s, current_setting(s) FROM unnest(ARRAY[{names}]) AS t(s); END $$;
    CREATE EVENT TRIGGER note_timeouts ON ddl_command_end EXECUTE FUNCTION note_timeouts();
"""
_READ_AT = datetime(2026, 7, 10, 7, tzinfo=UTC)
_FAR = _READ_AT + timedelta(days=36500)


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    """A database without any table."""
    name = f"empty_{uuid.uuid4().hex[:16]}"
    yield create_database(servers.database_url, name)
    drop_database(servers.database_url, name)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


@pytest.fixture
def other(servers: Servers) -> Iterator[Database]:
    """Another one, for comparing."""
    name = f"empty_{uuid.uuid4().hex[:16]}"
    database = Database(create_database(servers.database_url, name))
    yield database
    database.close()
    drop_database(servers.database_url, name)


def _downgrade(database: Database) -> None:
    with database.engine.connect() as connection:
        command.downgrade(_config(connection), "base")


def test_the_head_that_services_compare_with_is_the_newest_revision() -> None:
    revisions = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert revisions.get_heads() == [migrations.HEAD]


class TestUpgrade:
    def test_an_empty_database_is_brought_to_the_newest_revision(self, empty: Database) -> None:
        assert status(empty).current is None
        assert not status(empty).is_current

        after = upgrade(empty)

        assert after.is_current
        assert after.current == after.head
        with empty.transaction() as tx:
            assert run_all(tx) == {}

    def test_a_second_upgrade_changes_nothing(self, empty: Database) -> None:
        upgrade(empty)
        with empty.transaction() as tx:
            make_post(tx, make_account(tx))
        before = tables(empty), everything(empty)

        assert upgrade(empty).is_current

        assert (tables(empty), everything(empty)) == before
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM posts")).scalar_one() == 1

    def test_its_own_timeouts_do_not_stay_with_the_connection(self, empty: Database) -> None:
        upgrade(empty)

        with empty.transaction() as tx:
            found = [tx.execute(text(f"SHOW {name}")).scalar_one() for name in ("lock_timeout", "statement_timeout")]
        assert found == ["20s", "0"]

    def test_no_timeout_of_the_database_ends_it_whoever_hands_it_the_connection(self, empty: Database) -> None:
        known = text("SELECT name FROM pg_settings WHERE name = ANY(:names)")
        with empty.glance() as connection:
            names = set(connection.scalars(known, {"names": [*_OF_MIGRATIONS]}))
            for name in names:
                connection.execute(text(f"ALTER DATABASE {empty.server['dbname']} SET {name} = '5s'"))
            connection.exec_driver_sql(_NOTE_TIMEOUTS.format(names=", ".join(f"'{name}'" for name in names)))
        engine = create_engine(empty.engine.url, connect_args=empty.server)  # a session that nobody has set up

        with engine.connect() as connection:
            command.upgrade(_config(connection), "0001")
            after = {name: connection.scalar(text(f"SHOW {name}")) for name in names}
        engine.dispose()

        with empty.transaction() as tx:
            seen = {(name, value) for name, value in tx.execute(text("SELECT name, value FROM seen"))}
        assert seen == {(name, _OF_MIGRATIONS[name]) for name in names}
        assert after == dict.fromkeys(names, "5s")

    def test_upgrades_of_several_processes_at_once_are_one(
        self, empty: Database, empty_url: str, other: Database, tmp_path: Path
    ) -> None:
        env = {"PRESSRUN_DATABASE_URL": empty_url, "PRESSRUN_HOME": str(tmp_path / "home")}
        running = [start_module("cli", "db", "upgrade", "--json", env=env) for _ in range(3)]

        codes = []
        for process in running:
            with process:
                codes.append((process.wait(60), process.output))

        assert [code for code, _ in codes] == [0] * 3, codes
        upgrade(other)
        assert (tables(empty), everything(empty)) == (tables(other), everything(other))

    def test_a_migrator_waits_for_another_for_as_long_as_that_takes(
        self, empty: Database, empty_url: str, tmp_path: Path
    ) -> None:
        env = {"PRESSRUN_DATABASE_URL": empty_url, "PRESSRUN_HOME": str(tmp_path / "home")}
        with psycopg.connect(empty_url, autocommit=True) as first:
            first.execute("SELECT pg_advisory_lock(%s)", (_MIGRATORS_LOCK,))
            with start_module("cli", "db", "upgrade", env=env) as second:
                # Longer than it waits for the lock of any table: by the server's word, however late it came there.
                until(lambda: _waits_since(first, 5.0) or second.returncode is not None, 240, lambda: second.output)
                assert second.returncode is None, second.output
                assert status(empty).current is None

                first.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATORS_LOCK,))
                assert second.wait(240) == 0, second.output
        assert status(empty).is_current


def _waits_since(connection: psycopg.Connection, seconds: float) -> bool:
    query = """
        SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE query LIKE '%%pg_try_advisory_lock%%' AND datname = current_database()
                          AND pid <> pg_backend_pid() AND now() - backend_start > make_interval(secs => %s))
    """
    row = connection.execute(query, (seconds,)).fetchone()
    return row is not None and bool(row[0])


class TestFromTheFirstRelease:
    """Up from 0001, whose tables are full and in use."""

    @pytest.fixture
    def released(self, empty: Database) -> Database:
        _upgrade_to(empty, "0001")
        with empty.transaction() as tx:
            ensure_partitions(tx, now=_READ_AT, tables=("media_snapshots", "account_observations"))
            account_id = _account_of_then(tx, name="bakery").id
            media_id = see_media(tx, account_id, [SeenMedia("1", posted_at=_READ_AT)], now=_READ_AT)["1"]
            for hours, value in ((0, 5), (30, 6)):
                at = _READ_AT + timedelta(hours=hours)
                _reading_of_then(tx, media_id, at, views=value)
                points = [Observation("reach", "day", "", _READ_AT, value)]
                store_observations(tx, account_id, points, captured_at=at, run_id=None)
        return empty

    def test_the_views_show_what_was_there_before_them(self, released: Database) -> None:
        assert upgrade(released).is_current

        with released.transaction() as tx:
            found = tx.execute(text("SELECT account, reach, captured_at FROM account_daily")).one()
            then = tx.execute(text("SELECT reach FROM account_daily_as_of(:at)"), {"at": _READ_AT}).scalar_one()
            curve = list(tx.scalars(text("SELECT views FROM media_curve ORDER BY captured_at")))
            assert run_all(tx) == {}
        assert tuple(found) == ("bakery", 6, _READ_AT + timedelta(hours=30))
        assert (then, curve) == (5, [5, 6])

    def test_harvests_write_while_the_indexes_are_built(self, released: Database) -> None:
        with ThreadPoolExecutor(1) as pool, released.transaction() as tx:
            # A harvest in the middle of its transaction: the build waits for it, and it does not wait for the build.
            tx.execute(text("UPDATE account_latest SET last_checked_at = now()"))
            running = pool.submit(upgrade, released)
            until(lambda: _is_building(released), what="no index is being built")
            tx.execute(text("UPDATE media SET last_seen_at = now()"))
            with released.transaction() as other:
                other.execute(text("INSERT INTO media (account_id, ig_id) SELECT id, '2' FROM accounts"))
            tx.commit()
            assert running.result(60).is_current

    def test_an_index_that_was_left_half_built_is_made_anew(self, released: Database) -> None:
        with released.transaction() as tx:
            tx.execute(text("CREATE INDEX ix_media_ig_id ON media (caption)"))

        upgrade(released)

        with released.transaction() as tx:
            made = tx.execute(text("SELECT pg_get_indexdef('ix_media_ig_id'::regclass)")).scalar_one()
        assert made.endswith("(ig_id)")


def _is_building(database: Database) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database())"
    with database.transaction() as tx:
        return bool(tx.execute(text(query)).scalar_one())


class TestARevisionOnAFullTable:
    def test_runs_of_harvests_from_before_backfills_stay_as_they_were(self, empty: Database) -> None:
        _upgrade_to(empty, "0001")
        with empty.transaction() as tx:
            account_id = _account_of_then(tx).id
            tx.execute(
                text("INSERT INTO harvests (account_id, kind, cron) SELECT id, 'tags', '0 * * * *' FROM accounts")
            )
            tx.execute(
                text(
                    "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, rows)"
                    " SELECT id, now(), 'done', 'v25.0', now(), 7 FROM harvests"
                )
            )

        upgrade(empty)

        with empty.transaction() as tx:
            rows = tx.execute(text("SELECT rows, backfill_id FROM harvest_runs")).all()
            assert [tuple(row) for row in rows] == [(7, None)]
            make_backfill(tx, tx.get_one(Account, account_id))
            assert run_all(tx) == {}

    def test_an_account_from_before_connections_can_be_renewed(self, empty: Database) -> None:
        _upgrade_to(empty, "0005")
        with empty.transaction() as tx:
            account = _account_of_then(tx, name="bakery", state="broken")
            _post_of_before(tx, account.id, wait_reason="account")

        upgrade(empty)

        new = NewAccount(Login.FACEBOOK, account.ig_id, "bakery", "SIM-TOKEN-renewed")
        with empty.transaction() as tx:
            joined = join_account(tx, new, Vault([KEY]))
            record_unasked(tx, new, joined, now=_READ_AT)
            make_connection(tx)
            assert (joined.account_id, joined.is_new, joined.posts_woken) == (account.id, False, 1)
            assert run_all(tx) == {}

    def test_posts_and_attempts_from_before_versions_go_on(self, empty: Database) -> None:
        _upgrade_to(empty, "0007")
        with empty.transaction() as tx:
            account_id = tx.execute(
                text(
                    "INSERT INTO accounts (ig_id, login, name, token_sealed)"
                    " VALUES ('1789', 'facebook', 'bakery', 'v1:00:sealed') RETURNING id"
                )
            ).scalar_one()
            post_id = _post_of_before(tx, account_id)
            tx.execute(
                text("INSERT INTO parts (post_id, position, kind, source, probe) VALUES (:id, 0, 'image', 'x', '{}')"),
                {"id": post_id},
            )
            tx.execute(
                text(
                    "INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, settled_at)"
                    " SELECT post_id, id, 'publish', 'not_done', 1, now(), now() FROM parts"
                )
            )

        upgrade(empty)

        with empty.transaction() as tx:
            pause(tx, post_id)
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT version FROM posts")).scalar_one() == 2
            assert tx.execute(text("SELECT sent_at FROM attempts")).scalar_one() is None
            assert run_all(tx) == {}

    def test_a_container_from_before_its_words_were_kept_has_none(self, empty: Database) -> None:
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            account = _account_of_then(tx, name="bakery")
            post = _post(tx, account, state="staged", caption="Soup")
            part = "INSERT INTO parts (post_id, position, kind) VALUES (:post, 0, 'image') RETURNING id"
            part_id = tx.execute(text(part), {"post": post}).scalar_one()
            columns = "part_id, account_id, ig_id, status_code"
            container = f"INSERT INTO containers ({columns}) VALUES (:part, :account, '18', 'FINISHED')"  # noqa: S608
            tx.execute(text(container), {"part": part_id, "account": account.id})

        upgrade(empty)

        with empty.transaction() as tx:
            assert tx.execute(text("SELECT ig_id, words FROM containers")).all() == [("18", None)]
            assert run_all(tx) == {}

    def test_rows_that_are_held_from_before_holders_stay_held(self, empty: Database) -> None:
        _upgrade_to(empty, "0007")
        with empty.transaction() as tx:
            post_id = _insert_post(tx, _account_of_then(tx), claim=7, leased_until=_FAR, next_action_at=_FAR)

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            assert tx.execute(text("SELECT claim, holder, leased_until > now() FROM posts")).one() == (7, None, True)
            assert release(tx, [1]) == 0
        with empty.transaction() as tx:
            lease = take(tx, "posts", post_id, 7, lease_s=30, holder=5)
            assert lease is not None
            assert release(tx, [5]) == 1
            assert run_all(tx) == {}


def _insert_post(tx: Session, account: Account, **over: object) -> int:
    """A staged post by the columns of the first release: the models have more."""
    values = {
        "key": "k",
        "content_digest": "d",
        "account_id": account.id,
        "type": "image",
        "state": "staged",
        "publish_at": _READ_AT,
        "timezone": "UTC",
        "params": "{}",
        "max_lateness_s": 900,
        "if_late": "expire",
        **over,
    }
    into = f"INSERT INTO posts ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)}) RETURNING id"  # noqa: S608
    return int(tx.execute(text(into), values).scalar_one())


def _post_of_before(tx: Session, account_id: int, *, wait_reason: str | None = None) -> int:
    """A scheduled post in a schema that has not all columns of today's."""
    add = """
        INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, params, max_lateness_s,
                           if_late, next_action_at, wait_reason)
        VALUES ('k', 'd', :account_id, 'image', 'scheduled', now() + interval '1 hour', 'UTC', '{}', 900,
                'expire', now() + interval '30 minutes', :wait_reason)
        RETURNING id
    """
    return int(tx.execute(text(add), {"account_id": account_id, "wait_reason": wait_reason}).scalar_one())


class TestDowngrade:
    def test_nothing_is_left_of_it(self, empty: Database) -> None:
        before = everything(empty)
        upgrade(empty)
        with empty.transaction() as tx:
            make_post(tx, make_account(tx))

        _downgrade(empty)

        left = everything(empty)
        left["relations"] = [name for name in left["relations"] if not name.startswith("alembic_version")]
        assert left == before
        assert status(empty).current is None

    def test_down_and_up_again_is_the_same_as_up(self, empty: Database) -> None:
        upgrade(empty)
        before = tables(empty), everything(empty)

        _downgrade(empty)
        upgrade(empty)

        assert (tables(empty), everything(empty)) == before


def _upgrade_to(database: Database, revision: str) -> None:
    """Bring it there. An empty one becomes a copy of what the first test that asks for that revision has migrated."""
    if status(database).current is not None:
        _bring_to(database, revision)
        return
    told = dict(database.server)
    name = str(told.pop("dbname"))
    admin_url = f"postgresql:///postgres?{urlencode(told)}"

    def migrate(made: str) -> None:
        other = Database(create_database(admin_url, made))
        _bring_to(other, revision)
        other.close()

    template = made_once(admin_url, f"at_{revision}", migrate)
    database.engine.dispose()
    drop_database(admin_url, name)
    clone_database(admin_url, template, name)


def _bring_to(database: Database, revision: str) -> None:
    with database.engine.connect() as connection:
        command.upgrade(_config(connection), revision)


class TestHarvestProgress:
    """0006 on a database that is in use."""

    RUN = (
        "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, finished_at)"
        " SELECT id, :slot, :status, 'v25.0', :slot, :end FROM harvests WHERE kind = :kind"
    )

    @pytest.fixture
    def in_use(self, empty: Database) -> Database:
        """A harvest with runs of each end, the last one still running; one that has none; one that only failed."""
        _upgrade_to(empty, "0005")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            add_harvests(tx, account.id, STANDING_CRONS)
            for hours, (status, end) in enumerate(
                (("done", 2.5), ("partial", 1.5), ("failed", 3.5), ("running", None))
            ):
                ended_at = None if end is None else _READ_AT + timedelta(hours=end)
                slot = _READ_AT + timedelta(hours=hours)
                tx.execute(text(self.RUN), {"kind": "tags", "slot": slot, "status": status, "end": ended_at})
            values = {"kind": "media", "slot": _READ_AT, "status": "failed", "end": _READ_AT - timedelta(hours=1)}
            tx.execute(text(self.RUN), values)
        return empty

    def test_each_row_says_what_its_runs_said(self, in_use: Database) -> None:
        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            rows = tx.execute(text("SELECT kind, last_run_id, done_at, covered_at FROM harvests")).all()
            told = {kind: tuple(rest) for kind, *rest in rows}
            running = tx.execute(text("SELECT id FROM harvest_runs WHERE status = 'running'")).scalar_one()
            assert run_all(tx) == {}
        assert told["tags"] == (running, _READ_AT + timedelta(hours=3.5), _READ_AT + timedelta(hours=2.5))
        assert told["media"][1:] == (_READ_AT, None)
        assert told["profile"] == (None, None, None)

    def test_one_that_was_interrupted_goes_on_and_takes_nothing_back(self, in_use: Database) -> None:
        later = _READ_AT + timedelta(days=1)
        with in_use.transaction() as tx:
            tx.execute(text("ALTER TABLE harvests ADD COLUMN done_at timestamptz"))
            tx.execute(text("UPDATE harvests SET done_at = :at WHERE kind = 'tags'"), {"at": later})

        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            rows = tx.execute(text("SELECT kind, done_at FROM harvests WHERE done_at IS NOT NULL")).all()
        assert {tuple(row) for row in rows} == {("tags", later), ("media", _READ_AT)}


def _post(tx: Session, account: Account, **over: object) -> int:
    """A post as an older release writes one: without the columns that have come since."""
    values = {
        "key": f"key-{uuid.uuid4().hex}",
        "content_digest": "digest",
        "account_id": account.id,
        "type": "image",
        "state": "scheduled",
        "publish_at": _READ_AT,
        "timezone": "UTC",
        "params": "{}",
        "max_lateness_s": 900,
        "if_late": "expire",
        "next_action_at": _READ_AT + timedelta(days=36500),
        **over,
    }
    names = ", ".join(values)
    added = text(f"INSERT INTO posts ({names}) VALUES ({', '.join(f':{name}' for name in values)}) RETURNING id")  # noqa: S608
    return int(tx.execute(added, values).scalar_one())


class TestOnce:
    """0008 on a database that is in use."""

    REPLY = (
        "INSERT INTO replies (account_id, mention_id, number, text, state, comment_id, settled_by, sends, reads,"
        " intent_at, next_action_at) SELECT account_id, id, :number, 'thanks @ana', :state, :comment, :by, :sends, 0,"
        " :sent, :next FROM mentions"
    )

    @pytest.fixture
    def in_use(self, empty: Database) -> Database:
        """A reply in every state, and a post whose call is lost."""
        _upgrade_to(empty, "0007")
        later = _READ_AT + timedelta(days=36500)
        with empty.transaction() as tx:
            account = _account_of_then(tx, username="bakery")
            mention = "INSERT INTO mentions (account_id, ig_media_id, announced_at) VALUES (:id, '1', now())"
            tx.execute(text(mention), {"id": account.id})
            for number, (state, by, sends) in enumerate(
                (
                    ("queued", None, 0),
                    ("sending", None, 1),
                    ("unknown", None, 2),
                    ("needs_review", None, 1),
                    ("sent", "answer", 1),
                    ("sent", "person", 1),
                    ("failed", "answer", 3),
                    ("queued", None, 1),
                )
            ):
                values = {"number": number, "state": state, "by": by, "sends": sends}
                values |= {
                    "sent": _READ_AT if sends else None,
                    "comment": "180" if by == "answer" and sends == 1 else None,
                }
                tx.execute(text(self.REPLY), values | {"next": None if by or state == "needs_review" else later})
            _post(tx, account, state="published", published_at=_READ_AT, first_comment="hi", next_action_at=None)
            post = _post(tx, account, state="uncertain", caption="Soup by @ana\n\ntoday")
            part = "INSERT INTO parts (post_id, position, kind) VALUES (:post, 0, 'image') RETURNING id"
            part_id = tx.execute(text(part), {"post": post}).scalar_one()
            attempt = (
                "INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at)"
                " VALUES (:post, :part, 'publish', 'unknown', 1, :at) RETURNING id"
            )
            sent = tx.execute(text(attempt), {"post": post, "part": part_id, "at": _READ_AT}).scalar_one()
            place = "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
            tx.execute(
                text(f"{place} VALUES (:a, :t, 'reserved', :at, 50)"),
                {"a": account.id, "t": sent, "at": _READ_AT},
            )
        return empty

    def test_every_call_that_may_have_left_has_its_attempt(self, in_use: Database) -> None:
        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            query = "SELECT r.number, a.state, a.words FROM attempts a JOIN replies r ON r.id = a.reply_id ORDER BY 1"
            made = [tuple(row) for row in tx.execute(text(query))]
            words = tx.execute(text("SELECT words FROM attempts WHERE action = 'publish'")).scalar_one()
            violated = run_all(tx)
        assert [(number, state) for number, state, _ in made] == [
            (1, "unknown"),
            (2, "unknown"),
            (3, "needs_review"),
            (4, "succeeded"),
            (5, "succeeded"),
            (6, "not_done"),
            (7, "not_done"),
        ]
        assert {words for _, state, words in made if state in ("unknown", "needs_review")} == {"thanks ana"}
        assert words == "Soup by ana today"
        assert violated == {}

    def test_accounts_keep_their_names_and_posts_what_they_hold(self, in_use: Database) -> None:
        upgrade(in_use)

        with in_use.transaction() as tx:
            assert tx.execute(text("SELECT username FROM account_names")).scalars().all() == ["bakery"]
            missing = tx.execute(text("SELECT missing ->> 'comment' FROM posts ORDER BY id")).scalars().all()
        assert missing == ["the first comment does not stand. Write it by hand, or have it tried again", None]


class TestMoreHarvests:
    """0002 on a database that is in use."""

    def test_what_was_there_stays_and_the_new_kinds_find_room(self, empty: Database) -> None:
        _upgrade_to(empty, "0001")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            for kind in ("profile", "tags"):
                add = "INSERT INTO harvests (account_id, kind, cron, next_action_at)"
                tx.execute(text(f"{add} VALUES (:id, :kind, '0 * * * *', now())"), {"id": account.id, "kind": kind})
            run = "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at)"
            tx.execute(text(f"{run} SELECT id, now(), 'done', 'v25.0', now() FROM harvests"))  # noqa: S608
            point = "INSERT INTO account_observations (account_id, metric, period, period_end, captured_at, value)"
            tx.execute(text(f"{point} VALUES (:id, 'reach', 'day', now(), now(), 7)"), {"id": account.id})
        before = _rows(empty)

        upgrade(empty)

        for then, now in zip(before, _rows(empty), strict=True):
            assert now[: len(then)] == then  # columns may have come since
        with empty.transaction() as tx:
            assert add_missing_harvests(tx) == len(STANDING_CRONS) - 2
            watch(tx, tx.get_one(Account, account.id), WatchKind.HASHTAG, "sourdough")
            assert run_all(tx).keys() <= {"latest_without_point"}

    def test_going_back_leaves_the_old_kinds_alone(self, empty: Database) -> None:
        upgrade(empty)
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            add_harvests(tx, account.id, STANDING_CRONS)

        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0001")

        with empty.transaction() as tx:
            kinds = set(tx.execute(text("SELECT kind FROM harvests")).scalars())
        assert kinds == {"profile", "account", "audience", "media", "stories", "tags"}


def _rows(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as tx:
        tables = ("accounts", "harvests", "harvest_runs", "account_observations")
        return [tuple(row) for name in tables for row in tx.execute(text(f"SELECT * FROM {name} ORDER BY 1"))]  # noqa: S608


def _reading_of_then(tx: Session, media_id: int, at: datetime, **told: object) -> None:
    """A reading as it was stored when values had no times of their own."""
    values = {"media_id": media_id, "at": at, **told}
    names, given = ", ".join(told), ", ".join(f":{name}" for name in told)
    insert = f"INSERT INTO media_snapshots (media_id, captured_at, {names}) VALUES (:media_id, :at, {given})"  # noqa: S608
    tx.execute(text(insert), values)
    kept = ", ".join(f"{name} = excluded.{name}" for name in (*told, "captured_at", "last_checked_at"))
    into = f"INSERT INTO media_latest (media_id, captured_at, last_checked_at, {names})"
    latest = f"{into} VALUES (:media_id, :at, :at, {given})"
    tx.execute(text(f"{latest} ON CONFLICT (media_id) DO UPDATE SET {kept}"), values)


def _account_of_then(tx: Session, **over: str) -> Account:
    """An account in a schema that lacks columns of today's."""
    sealed = Vault([KEY]).seal("SIM-TOKEN-then", context="any")
    values = {
        "ig_id": "17841499",
        "login": "facebook",
        "name": "then",
        "state": "active",
        "token_sealed": sealed,
    } | over
    columns = ", ".join(values)
    insert = f"INSERT INTO accounts ({columns}) VALUES (:{', :'.join(values)}) RETURNING id"  # noqa: S608
    return Account(id=tx.execute(text(insert), values).scalar_one(), **values)


class TestStandingOfAccounts:
    """0010 on a database that is in use."""

    def test_a_pause_keeps_what_it_meant_and_a_refusal_its_reason(self, empty: Database) -> None:
        _upgrade_to(empty, "0007")
        with empty.transaction() as tx:
            for number, state in enumerate(("active", "paused", "broken", "blocked")):
                _account_of_then(tx, name=state, ig_id=str(number), state=state, state_reason="why")
            add = "INSERT INTO harvests (account_id, kind, cron) SELECT id, 'tags', '0 * * * *' FROM accounts"
            tx.execute(text(add))
            run = "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, finished_at)"
            tx.execute(text(f"{run} SELECT id, now(), 'done', 'v25.0', now(), now() FROM harvests"))  # noqa: S608
            tx.execute(
                text(
                    "UPDATE harvests h SET last_run_id = r.id, done_at = r.finished_at,"
                    " covered_at = r.finished_at FROM harvest_runs r WHERE r.harvest_id = h.id"
                )
            )
            make_connection_of_then = (
                "INSERT INTO connections (login, ig_id, name, state, error, expires_at, settled_at)"
                " VALUES ('facebook', '9', 'refused', 'refused', 'no', now(), now())"
            )
            tx.execute(text(make_connection_of_then))

        upgrade(empty)

        with empty.transaction() as tx:
            rows = tx.execute(text("SELECT name, is_reading_paused, token_refused FROM accounts ORDER BY id")).all()
            assert [tuple(row) for row in rows] == [
                ("active", False, None),
                ("paused", True, None),
                ("broken", False, "why"),
                ("blocked", False, None),
            ]
            hold(tx, tx.scalars(select(Account.id).where(Account.name == "active")).one(), reason="why", now=_READ_AT)
            make_connection(tx, user_token="SIM-TOKEN-of-the-person")
            assert run_all(tx) == {}


class TestBeingTold:
    """0019 on a database that is in use."""

    def test_nothing_of_before_is_told_and_everything_after_is(self, empty: Database) -> None:
        _upgrade_to(empty, "0018")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            _post(tx, account, state="failed", next_action_at=None)
            going = _post(tx, account)

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            make_endpoint(tx)
            cause = Cause("step.failed", "refused")
            transition(tx, going, from_=PostState.SCHEDULED, to=PostState.FAILED, claim=None, cause=cause)
        with empty.transaction() as tx:
            found = tx.execute(text("SELECT kind, post_id, next_action_at IS NOT NULL AS is_owed FROM notices")).all()
            assert run_all(tx) == {}
        assert [tuple(row) for row in found] == [("post.failed", going, True)]


class TestConsents:
    """0020 on a database that is in use."""

    def test_connections_from_before_go_on_and_consents_are_taken_back_with_the_schema(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        add = (
            "INSERT INTO connections (login, ig_id, name, state, token_sealed, error, expires_at, settled_at,"
            " next_action_at) VALUES ('facebook', '1', :name, :state, :token, :error, now() + interval '1 hour',"
            " :settled, :due)"
        )
        asked = {"name": "a", "state": "asked", "token": "v1:00:x", "error": None, "settled": None, "due": _READ_AT}
        failed = {"name": "b", "state": "failed", "token": None, "error": "no", "settled": _READ_AT, "due": None}
        with empty.transaction() as tx:
            tx.execute(text(add), [asked, failed])

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            tx.execute(text("UPDATE connections SET next_action_at = now() WHERE state = 'asked'"))
            wish = Wanted(Login.FACEBOOK, "c")
            await_consent(tx, wish, redirect_url="http://x", scopes=["a"], secret_key=KEY, now=_READ_AT)
            begin_with_token(tx, wish, "SIM-TOKEN-0", Vault([KEY]), now=_READ_AT)
            tx.execute(
                text("UPDATE connections SET expires_at = now(), next_action_at = now() WHERE state = 'granted'")
            )
            tx.execute(text("UPDATE connections SET expires_at = now() WHERE state = 'waiting'"))
            assert run_all(tx).keys() <= {"connection_forgotten"}
        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0019")
        with empty.transaction() as tx:
            found = tx.execute(text("SELECT state, ig_id, token_sealed FROM connections ORDER BY id")).all()
        assert [tuple(row) for row in found] == [
            ("asked", "1", "v1:00:x"),
            ("failed", "1", None),
            ("failed", "0", None),
            ("failed", "0", None),
        ]


class TestStatesOfMedia:
    """0014 on a database that is in use."""

    READ, OWN = "2026-07-10T07:00:00+00:00", "2026-07-09T07:00:00+00:00"
    EXTRA = (
        {"shortcode": "a", "own_read_at": OWN, "gone_at": None, "comments_read": {"at": READ, "count": 3}},
        {"gone_at": OWN, "no_insights": True, "not_on_facebook": ["facebook_views"], "odd": {"like_count": "x"}},
        {"shortcode": "b"},
    )

    @pytest.fixture
    def in_use(self, empty: Database) -> Database:
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            _make_partition_of_then(tx)
            account_id = _account_of_then(tx).id
            add = "INSERT INTO media (account_id, ig_id, extra) VALUES (:account, :ig_id, CAST(:extra AS jsonb))"
            for number, extra in enumerate(self.EXTRA):
                tx.execute(text(add), {"account": account_id, "ig_id": str(number), "extra": json.dumps(extra)})
            tx.execute(
                text(
                    "INSERT INTO media_latest (media_id, captured_at, last_checked_at)"
                    " SELECT id, :at, :at FROM media WHERE ig_id <> '1'"
                ),
                {"at": _READ_AT},
            )
            comment = (
                "INSERT INTO comments (account_id, ig_id, ig_media_id, parent_ig_id, text, commented_at, extra,"
                " first_seen_at, last_seen_at)"
                " VALUES (:account, :ig_id, :media, '7', 'hi', :at, CAST(:extra AS jsonb), now(), now())"
            )
            mention = (
                "INSERT INTO mentions (account_id, ig_media_id, ig_comment_id, state, announced_at)"
                " VALUES (:account, :media, :ig_id, 'read', now())"
            )
            for ig_id, media, at, extra in (
                ("own", "0", None, {"from_id": "1"}),
                ("others", "99", None, {"from_id": "1"}),
                ("ad", "98", None, {"ad_id": "1"}),
                ("listed", "97", _READ_AT, {"hidden": True, "like_count": 1}),
            ):
                values = {"account": account_id, "ig_id": ig_id, "media": media, "at": at, "extra": json.dumps(extra)}
                tx.execute(text(comment), values)
                tx.execute(text(mention), values)
        return empty

    def test_what_harvests_remember_leaves_the_media(self, in_use: Database) -> None:
        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            extra = list(tx.scalars(text("SELECT extra FROM media ORDER BY ig_id")))
            states = list(tx.scalars(select(MediaState).order_by(MediaState.media_id)))
            gone = list(tx.scalars(text("SELECT gone_at FROM media_totals ORDER BY ig_media_id")))
            assert run_all(tx) == {}
        assert extra == [{"shortcode": "a"}, {"odd": {"like_count": "x"}}, {"shortcode": "b"}]
        first, second, third = states
        read, own = datetime.fromisoformat(self.READ), datetime.fromisoformat(self.OWN)
        assert (first.read_at, first.own_read_at, first.gone_at) == (_READ_AT, own, None)
        assert (first.comments_read_at, first.comments_count) == (read, 3)
        assert (second.read_at, second.gone_at, second.has_no_insights) == (None, own, True)
        assert second.not_on_facebook is None  # asked for again: nobody knows since when it has been so
        assert (third.read_at, third.own_read_at, third.has_no_insights) == (_READ_AT, None, False)
        assert gone == [None, own, None]

    def test_comments_on_media_of_others_are_left_to_their_mentions(self, in_use: Database) -> None:
        upgrade(in_use)

        with in_use.transaction() as tx:
            rows = tx.execute(text("SELECT ig_id, is_hidden, extra FROM comments ORDER BY ig_id")).all()
            parents = tx.execute(text("SELECT ig_comment_id, extra ->> 'parent_ig_id' FROM mentions")).all()
        assert [(row.ig_id, row.is_hidden) for row in rows] == [("ad", None), ("listed", True), ("own", None)]
        assert rows[1].extra == {"like_count": 1}
        assert dict(parents) == {"ad": None, "listed": None, "own": None, "others": "7"}

    def test_it_waits_for_a_harvest_and_no_harvest_waits_for_it(self, in_use: Database) -> None:
        # The table is there: to make it, no writer of media may be under way for a moment, and here is one.
        revision = ScriptDirectory(str(Path(migrations.__file__).parent)).get_revision("0014")
        with in_use.transaction() as tx:
            tx.execute(text(revision.module._STATES))
        with ThreadPoolExecutor(1) as pool, in_use.transaction() as tx:
            tx.execute(text("UPDATE media SET last_seen_at = now() WHERE ig_id = '0'"))
            running = pool.submit(upgrade, in_use)
            moved = "SELECT count(*) FROM media WHERE extra ? 'no_insights'"
            until(lambda: _value(in_use, moved) == 0, what="the others are not moved")
            tx.execute(text("UPDATE media SET last_seen_at = now() WHERE ig_id IN ('1', '2')"))
            assert _value(in_use, "SELECT count(*) FROM media WHERE extra ? 'own_read_at'") == 1
            tx.commit()
            assert running.result(60).is_current
        assert _value(in_use, "SELECT count(*) FROM media WHERE extra ? 'own_read_at'") == 0
        assert _value(in_use, "SELECT count(own_read_at) FROM media_states") == 1

    def test_months_that_were_there_cannot_be_emptied_any_more(self, in_use: Database) -> None:
        upgrade(in_use)

        for table in ("media_snapshots", "media_snapshots_2026_07", "media_snapshots_default", "account_names"):
            with pytest.raises(IntegrityError, match="is append-only"), in_use.transaction() as tx:
                tx.execute(text(f"TRUNCATE {table}"))

    def test_going_back_puts_it_where_it_was(self, in_use: Database) -> None:
        upgrade(in_use)

        with in_use.engine.connect() as connection:
            command.downgrade(_config(connection), "0011")

        with in_use.transaction() as tx:
            extra = list(tx.scalars(text("SELECT extra FROM media ORDER BY ig_id")))
            gone = list(tx.scalars(text("SELECT gone_at FROM media_totals ORDER BY ig_media_id")))
        assert datetime.fromisoformat(extra[0]["own_read_at"]) == datetime.fromisoformat(self.OWN)
        assert (extra[0]["comments_read"]["count"], extra[1]["no_insights"]) == (3, True)
        assert "not_on_facebook" not in extra[1]
        assert extra[2] == {"shortcode": "b"}
        assert gone == [None, datetime.fromisoformat(self.OWN), None]


def _value(database: Database, query: str) -> object:
    with database.transaction() as tx:
        return tx.execute(text(query)).scalar()


def _make_partition_of_then(tx: Session) -> None:
    tx.execute(
        text(
            "CREATE TABLE media_snapshots_2026_07 PARTITION OF media_snapshots"
            " FOR VALUES FROM ('2026-07-01 00:00:00+00') TO ('2026-08-01 00:00:00+00')"
        )
    )


class TestCoverage:
    """0013 on a database that is in use."""

    @pytest.fixture
    def in_use(self, empty: Database) -> Database:
        """Twelve days of an account: three of them nobody read, and no run came through meanwhile."""
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            tx.execute(text("UPDATE accounts SET created_at = now() - interval '12 days'"))
            add_harvests(tx, account.id, STANDING_CRONS)
            latest = (
                "INSERT INTO account_latest"
                " (account_id, metric, period, period_end, value, captured_at, last_checked_at)"
                " VALUES (:a, :metric, 'day', :end, 1, :read, :read)"
            )
            for day in days(clock.now(), closed=15):
                if day.until <= clock.now() - timedelta(days=9) or day.since > clock.now() - timedelta(days=6):
                    for metric, hours in (("reach", 60), ("views", 50)):
                        read = day.until + timedelta(hours=hours)
                        tx.execute(text(latest), {"a": account.id, "metric": metric, "end": day.until, "read": read})
            run = (
                "INSERT INTO harvest_runs (harvest_id, slot_at, status, covers, api_version, started_at, finished_at)"
                " SELECT id, now() - CAST(:ago AS interval), :status, :covers, 'v25.0', now() - CAST(:ago AS interval),"
                " now() - CAST(:ago AS interval) FROM harvests"
            )
            for hours in (287, *range(280, 216, -12), *range(140, 0, -12)):
                tx.execute(text(run), {"ago": timedelta(hours=hours), "status": "done", "covers": True})
            for hours, status, covers in ((200, "failed", True), (190, "done", False)):
                tx.execute(text(run), {"ago": timedelta(hours=hours), "status": status, "covers": covers})
            tx.execute(
                text(
                    "UPDATE harvests h SET (last_run_id, done_at, covered_at) ="
                    " (SELECT max(id), max(finished_at), max(finished_at) FILTER (WHERE status = 'done' AND covers)"
                    " FROM harvest_runs r WHERE r.harvest_id = h.id)"
                )
            )
        return empty

    def test_the_past_says_what_was_read_of_it(self, in_use: Database) -> None:
        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            query = "SELECT day, read_at - period_end AS later FROM covered_days ORDER BY day"
            covered = {row.day: row.later for row in tx.execute(text(query))}
            gaps = tx.execute(text("SELECT kind, until - since AS length FROM harvest_gaps")).all()
            lost = set(tx.scalars(text("SELECT kind FROM coverage WHERE state = 'lost for good'")))
            missed = list(tx.scalars(text("SELECT day FROM coverage WHERE state = 'missed' AND kind = 'account'")))
        assert set(covered.values()) == {timedelta(hours=50)}  # the older of the two readings
        assert {kind for kind, _ in gaps} == set(STANDING_CRONS) - {HarvestKind.ACCOUNT}
        assert {length for _, length in gaps} == {timedelta(hours=80)}
        assert lost == {"profile", "audience", "stories"}
        assert set(missed) & set(covered) == set()
        assert 3 <= len(missed) <= 5

    def test_what_instagram_still_tells_is_going_to_be_read(self, in_use: Database) -> None:
        upgrade(in_use)

        with in_use.transaction() as tx:
            opened = tx.execute(
                text("SELECT kind, cursor, since, next_action_at <= now() AS is_due FROM backfills")
            ).one()
            first = tx.execute(
                text("SELECT min(day) FROM coverage WHERE state = 'missed' AND kind = 'account'")
            ).scalar()
            # The points of these days were put in without a history.
            assert run_all(tx).keys() <= {"latest_without_point"}
        assert (opened.kind, opened.cursor, opened.is_due) == ("account", dict(ONLY_OWED), True)
        assert opened.since.astimezone(ZoneInfo("America/Los_Angeles")).date() == first

    def test_an_empty_database_owes_nothing(self, empty: Database) -> None:
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            _account_of_then(tx)

        upgrade(empty)

        with empty.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM backfills")).scalar() == 0


class TestOwnTimes:
    """0015 on a database that is in use."""

    @pytest.fixture
    def before(self, empty: Database) -> tuple[Database, int]:
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            ensure_partitions(tx, now=_READ_AT, tables=[name for name in PARTITIONED if name != "harvest_runs"])
            account_id = _account_of_then(tx, name="bakery", timezone="Europe/Oslo").id
            story = SeenMedia("1", media_product_type="STORY", posted_at=_READ_AT - timedelta(hours=1))
            media_id = see_media(tx, account_id, [story], now=_READ_AT)["1"]
            _reading_of_then(tx, media_id, _READ_AT, views=5, follows=1, extra='{"navigation": 3}')
            _reading_of_then(tx, media_id, _READ_AT + timedelta(hours=23), views=6)
            points = [Observation("reach", "day", "", _READ_AT, 5)]
            store_observations(tx, account_id, points, captured_at=_READ_AT, run_id=None)
            tx.execute(
                text(
                    "INSERT INTO backfills (account_id, kind, since, next_action_at) VALUES (:id, 'tags', now(), now())"
                ),
                {"id": account_id},
            )
        return empty, media_id

    def test_each_value_is_told_to_be_of_its_last_point(self, before: tuple[Database, int]) -> None:
        database, _ = before

        upgrade(database)

        with database.transaction() as tx:
            row = tx.execute(text("SELECT told_at, all_told_at, are_final, is_final FROM story_final")).one()
            found = tx.execute(text("SELECT day, told_at FROM account_daily")).one()
            assert run_all(tx) == {}
        late = _READ_AT + timedelta(hours=23)
        told = {name: datetime.fromisoformat(at) for name, at in row.told_at.items()}
        assert told == {"views": late, "follows": _READ_AT, "navigation": _READ_AT}
        assert row.all_told_at == _READ_AT
        assert row.are_final == {"views": True, "follows": False, "navigation": False}
        assert (row.is_final, str(found.day)) == (True, "2026-07-09")

    def test_readings_go_on_and_rereads_can_be_asked_for(self, before: tuple[Database, int]) -> None:
        database, media_id = before
        upgrade(database)
        at = _READ_AT + timedelta(hours=24)

        with database.transaction() as tx:
            assert store_readings(tx, [MediaReading(media_id, at, {"views": 7})], run_id=None) == 1
            # As workers of the release before write, until they are ended.
            tx.execute(text("UPDATE media_latest SET views = 8, last_checked_at = last_checked_at + interval '1 hour'"))
            account_id = tx.scalars(select(Account.id)).one()
            open_reread(tx, account_id, _READ_AT, at)
        with database.transaction() as tx:
            told_at = tx.execute(text("SELECT told_at ->> 'views' FROM media_totals")).scalar_one()
            assert datetime.fromisoformat(told_at) == at, "never newer than the value"

    def test_the_zone_of_then_holds_for_the_days_that_have_been(self, before: tuple[Database, int]) -> None:
        database, _ = before
        upgrade(database)
        zones = "SELECT timezone, first_day > DATE '1970-01-01' AS is_later FROM account_zones ORDER BY first_day"

        with database.transaction() as tx:
            first = tx.execute(text(zones)).all()
            tx.execute(text("UPDATE accounts SET timezone = 'Asia/Tokyo'"))
        with database.transaction() as tx:
            tx.execute(text("UPDATE accounts SET timezone = 'Asia/Tokyo', name = 'studio'"))
            then = tx.execute(text(zones)).all()

        assert [tuple(row) for row in first] == [("Europe/Oslo", False)]
        assert [tuple(row) for row in then] == [("Europe/Oslo", False), ("Asia/Tokyo", True)]

    def test_an_upgrade_that_was_interrupted_begins_again(self, before: tuple[Database, int]) -> None:
        database, _ = before
        with database.transaction() as tx:
            tx.execute(text("ALTER TABLE media_latest ADD COLUMN told_at jsonb"))
            tx.execute(text("CREATE INDEX ix_account_latest_day_of_end ON account_latest (value)"))

        assert upgrade(database).is_current

        with database.transaction() as tx:
            told = tx.execute(text("SELECT count(*) FROM media_latest WHERE told_at IS NOT NULL")).scalar_one()
            made = tx.execute(text("SELECT pg_get_indexdef('ix_account_latest_day_of_end'::regclass)")).scalar_one()
        assert told == 1
        assert "10:30:00" in made

    def test_it_can_be_taken_back(self, before: tuple[Database, int]) -> None:
        database, _ = before
        upgrade(database)

        with database.engine.connect() as connection:
            command.downgrade(_config(connection), "0011")

        with database.transaction() as tx:
            assert tx.execute(text("SELECT views FROM story_final_as_of('infinity')")).scalar_one() == 6
            assert str(tx.execute(text("SELECT day FROM account_daily")).scalar_one()) == "2026-07-09"


class TestErasures:
    """0017 on a database that is in use."""

    def test_what_was_there_stands_and_can_be_taken_away(self, empty: Database) -> None:
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            account = _account_of_then(tx, name="bakery", ig_id="1789")
            tx.execute(
                text(
                    "INSERT INTO comments (account_id, ig_id, username, text, first_seen_at, last_seen_at)"
                    " SELECT id, 'c' || n, 'ana', 'hello', now(), now() FROM accounts, generate_series(1, 500) n"
                )
            )
            tx.execute(text("INSERT INTO account_names (account_id, username) SELECT id, 'bakery' FROM accounts"))
        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            # A harvest in the middle of its transaction, as of before: indexes are built beside it.
            tx.execute(text("UPDATE harvests SET tries = 0"))
            running = pool.submit(upgrade, empty)
            tx.execute(text("SELECT 1"))
            tx.commit()
            assert running.result(60).is_current

        with empty.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM comments WHERE erased_at IS NULL")).scalar_one() == 500
            wish = Wish("owner", None, _READ_AT)
            _, gone = remove(tx, tx.get_one(Account, account.id), wish, erase=True)
            assert (gone["comments"], gone["account_names"]) == (500, 1)
            assert run_all(tx) == {}

    def test_the_way_past_the_triggers_goes_with_it(self, empty: Database) -> None:
        upgrade(empty)
        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0011")

        with empty.transaction() as tx:
            assert tx.execute(text("SELECT to_regproc('pressrun_covers')")).scalar() is None
            _account_of_then(tx, name="bakery")
            tx.execute(text("INSERT INTO account_names (account_id, username) SELECT id, 'bakery' FROM accounts"))
        with empty.transaction() as tx:
            tx.execute(text("SELECT set_config('pressrun.erasure', '1', true)"))
            with pytest.raises(IntegrityError, match="append-only"):
                tx.execute(text("DELETE FROM account_names"))
            tx.rollback()


class TestRunsByMonth:
    """0012 on a database that is in use."""

    RUN = (
        "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, finished_at, backfill_id)"
        " SELECT id, :slot, 'done', 'v25.0', :slot, :slot, :backfill FROM harvests RETURNING id"
    )

    @pytest.fixture
    def in_use(self, empty: Database) -> Database:
        """A harvest with a run in each of eight months, the last of them by a backfill; and a view of somebody's."""
        _upgrade_to(empty, "0011")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            add_harvests_of_then = "INSERT INTO harvests (account_id, kind, cron) VALUES (:id, 'tags', '0 * * * *')"
            tx.execute(text(add_harvests_of_then), {"id": account.id})
            backfill = "INSERT INTO backfills (account_id, kind, since, requested_at, progress, finished_at)"
            read = {"id": account.id, "at": _READ_AT}
            backfill_id = tx.execute(
                text(f"{backfill} VALUES (:id, 'tags', :at, :at, 1, :at) RETURNING id"), read
            ).scalar_one()
            for month in range(8):
                slot = _READ_AT - timedelta(days=30 * (7 - month))
                run = {"slot": slot, "backfill": backfill_id if month == 7 else None}
                tx.execute(text(self.RUN), run)
            told = "(SELECT max(id), max(finished_at), max(finished_at) FROM harvest_runs WHERE backfill_id IS NULL)"
            tx.execute(text(f"UPDATE harvests SET (last_run_id, done_at, covered_at) = {told}"))  # noqa: S608
            tx.execute(text("CREATE VIEW my_runs AS SELECT harvest_id, r.slot_at FROM harvest_runs r"))
        return empty

    def test_every_run_stays_and_further_ones_find_their_month(self, in_use: Database) -> None:
        assert upgrade(in_use).is_current

        far = clock.now() + timedelta(days=75)
        with in_use.transaction() as tx:
            last = tx.execute(text("SELECT last_slot_at FROM harvests")).scalar_one()
            assert last == _READ_AT - timedelta(days=30)
            assert run_all(tx) == {}
            ids = [tx.execute(text(self.RUN), {"slot": at, "backfill": None}).scalar_one() for at in (clock.now(), far)]
            assert ids == [9, 10]
            # As the workers of the previous release go on writing.
            tx.execute(text("UPDATE harvest_runs SET status = 'failed' WHERE id = 8"))
            again = text(f"{self.RUN.replace(' RETURNING id', '')} ON CONFLICT DO NOTHING RETURNING id")
            assert tx.execute(again, {"slot": _READ_AT, "backfill": None}).all() == []
            placed = tx.execute(text("SELECT id, tableoid::regclass::text AS place FROM harvest_runs"))
            where = {row.id: row.place for row in placed}
            assert tx.execute(text("SELECT count(*) FROM my_runs")).scalar_one() == 10
        assert len({where[id_] for id_ in range(1, 10)}) == 1  # what was there is one partition, with some weeks ahead
        assert where[10] != where[9] != "harvest_runs_default"

    def test_what_is_there_goes_as_a_whole_once_all_of_it_is_old(self, in_use: Database) -> None:
        upgrade(in_use)
        with in_use.transaction() as tx:
            past = tx.execute(text("SELECT DISTINCT tableoid::regclass::text FROM harvest_runs")).scalar_one()
            assert past not in old_partitions(tx, before=clock.now() + timedelta(days=30))
            later = clock.now() + timedelta(days=100)
            assert past in old_partitions(tx, before=later)
            dropped = drop_month(tx, past, now=later)
        assert dropped is not None
        with in_use.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM harvest_runs")).scalar_one() == 0
            assert run_all(tx) == {}  # its row tells how far the harvest has come

    def test_one_that_was_interrupted_goes_on(self, in_use: Database) -> None:
        with in_use.transaction() as tx:
            tx.execute(text("CREATE UNIQUE INDEX uq_harvest_runs_id_slot_at ON harvest_runs (id)"))
            tx.execute(text("ALTER TABLE harvest_runs ADD CONSTRAINT ck_harvest_runs_past CHECK (id > 0)"))

        assert upgrade(in_use).is_current

        with in_use.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM harvest_runs")).scalar_one() == 8

    def test_readers_go_on_reading_and_going_back_keeps_all(self, in_use: Database) -> None:
        role = f"reader_{uuid.uuid4().hex[:12]}"
        allowed = text("SELECT has_table_privilege(:role, 'harvest_runs', 'SELECT')")
        with in_use.transaction() as tx:
            tx.execute(text(f"CREATE ROLE {role}"))
            tx.execute(text(f"GRANT SELECT ON harvest_runs TO {role}"))
            tx.execute(text("DROP VIEW my_runs"))
        _upgrade_to(in_use, "0012")
        with in_use.transaction() as tx:
            assert tx.execute(allowed, {"role": role}).scalar_one()

        with in_use.engine.connect() as connection:
            command.downgrade(_config(connection), "0011")

        with in_use.transaction() as tx:
            tx.execute(text(f"DROP OWNED BY {role}"))
            tx.execute(text(f"DROP ROLE {role}"))
            assert tx.execute(text("SELECT count(*) FROM harvest_runs")).scalar_one() == 8
            slot = {"slot": clock.now(), "backfill": None}
            assert tx.execute(text(self.RUN), slot).scalar_one() == 9


class TestAsked:
    """0026 on a database that is in use."""

    def test_what_was_there_stays_and_the_release_before_goes_on(self, empty: Database) -> None:
        _upgrade_to(empty, "0025")
        with empty.transaction() as tx:
            of_it = {"id": _account_of_then(tx).id}
            tx.execute(text("INSERT INTO harvests (account_id, kind, cron) VALUES (:id, 'tags', '0 * * * *')"), of_it)

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            slot = {"slot": clock.now(), "backfill": None}
            tx.execute(text(TestRunsByMonth.RUN), slot)  # as the workers of the previous release go on writing
            tx.execute(text("INSERT INTO coverage_news (account_id, kind, status) VALUES (:id, 'tags', 'done')"), of_it)
            tx.execute(text("INSERT INTO drafts (account_id, fields, author) VALUES (:id, '{}', 'owner')"), of_it)
            assert tx.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 1

        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0025")

        assert upgrade(empty).is_current
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM harvest_runs")).scalar_one() == 1


class TestModels:
    def test_alembic_finds_no_difference_to_the_revisions(self, empty: Database) -> None:
        upgrade(empty)

        with empty.engine.connect() as connection:
            options = {"compare_type": True, "include_name": _not_a_partition}
            found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

        assert found == []

    def test_tables_made_from_the_models_are_those_of_the_revisions(self, empty: Database, other: Database) -> None:
        # Alembic compares neither defaults nor checks nor the conditions of partial indexes.
        upgrade(empty)
        metadata.create_all(other.engine)

        assert tables(other) == tables(empty)

    def test_every_table_is_registered(self) -> None:
        assert {table.__tablename__ for table in TABLES} == set(metadata.tables)


def _not_a_partition(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not any(str(name).startswith(f"{table}_") for table in (*PARTITIONED, RAW_ANSWERS))


class TestCareOfTokens:
    """0021 on a database that is in use."""

    def test_every_token_that_is_there_is_looked_at_within_minutes(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        with empty.transaction() as tx:
            _account_of_then(tx)
            both = _account_of_then(tx, name="both", ig_id="2")
            tx.execute(text("UPDATE accounts SET user_token_sealed = token_sealed WHERE id = :id"), {"id": both.id})
            _account_of_then(tx, name="broken", ig_id="3", state="broken")
            gone = _account_of_then(tx, name="gone", ig_id="4")
            tx.execute(
                text("UPDATE accounts SET state = 'removed', token_sealed = NULL WHERE id = :id"), {"id": gone.id}
            )

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            found = tx.execute(
                text(
                    "SELECT a.name, t.which, t.stored_at, t.scopes, t.next_action_at < now() + interval '11 minutes'"
                    "  FROM tokens t JOIN accounts a ON a.id = t.account_id ORDER BY a.name, t.which"
                )
            ).all()
            assert run_all(tx) == {}
        assert [tuple(row) for row in found] == [
            ("both", "account", None, None, True),
            ("both", "person", None, None, True),
            ("broken", "account", None, None, True),
            ("then", "account", None, None, True),
        ]


class TestHooks:
    """0022 on a database that is in use."""

    def test_accounts_that_are_there_are_subscribed_and_posts_can_be_followed_up(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            removed = _account_of_then(tx, ig_id="2", name="gone", state="active")
            tx.execute(text("UPDATE accounts SET state = 'removed', token_sealed = NULL WHERE name = 'gone'"))
            post = _post(tx, account, state="published", published_at=_READ_AT, media_id=None, next_action_at=None)
            tx.execute(text("UPDATE posts SET state = 'canceled', published_at = NULL"))
            media_id = see_media(tx, account.id, [SeenMedia("17")], now=_READ_AT)["17"]

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            assert add_missing_subscriptions(tx, now=clock.now()) == 1
            assert store_tally(tx, account.id, "17", [], captured_at=_READ_AT, expires_at=None, extra={})
            make_follow_up(tx, tx.get_one(Post, post))
            make_inquiry(tx, tx.get_one(Account, account.id))
            make_deletion(tx)
        with empty.transaction() as tx:
            owed = tx.execute(text("SELECT account_id, next_action_at IS NOT NULL FROM subscriptions")).all()
            tallies = tx.execute(text("SELECT media_id FROM poll_tallies")).scalars().all()
            assert run_all(tx) == {}
        assert [tuple(row) for row in owed] == [(account.id, True)]
        assert (tallies, removed.id in [row[0] for row in owed]) == ([media_id], False)
        with pytest.raises(IntegrityError, match="append-only"), empty.transaction() as tx:
            tx.execute(text("DELETE FROM poll_tallies"))


class TestWaysOfMedia:
    """0024 on a database in which a post is being staged."""

    def test_what_is_under_way_goes_on_and_can_be_taken_back(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            post = _post(tx, account, state="staging")
            add = "INSERT INTO parts (post_id, position, kind) VALUES (:post, 0, 'image') RETURNING id"
            part = tx.execute(text(add), {"post": post}).scalar_one()
            made = "INSERT INTO containers (part_id, account_id, ig_id) VALUES (:part, :account, '1801')"
            tx.execute(text(made), {"part": part, "account": account.id})

        assert upgrade(empty).is_current

        kept = {"sha256": "0" * 64, "extension": "jpg"}
        with empty.transaction() as tx:
            container = live_containers(tx, post)[part]
            assert (container.ig_id, container.route) == ("1801", None)
            assert want_object(tx, "media", "x.jpg", kept, part_id=part, now=clock.now()).state == "owed"
            assert run_all(tx) == {}
        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0019")
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT ig_id FROM containers")).scalar_one() == "1801"


class TestConversions:
    """0027 on a database that is in use."""

    def test_posts_of_before_need_none_and_those_after_may(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            post_id = _post(tx, account)
            tx.execute(text("INSERT INTO parts (post_id, position, kind) VALUES (:id, 0, 'image')"), {"id": post_id})

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            row, same = (
                ask(tx, source_sha256="a", recipe="{}", recipe_key="b", asked_by=account.id, now=_READ_AT)
                for _ in range(2)
            )
            assert row.id == same.id
            tx.execute(text("UPDATE parts SET conversion_id = :id"), {"id": row.id})
            assert [one.id for one in of_post(tx, post_id)] == [row.id]
            assert run_all(tx) == {}

    def test_it_may_be_run_again_where_it_was_interrupted(self, empty: Database) -> None:
        upgrade(empty)
        with empty.transaction() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = '0026'"))
            tx.execute(text("DROP INDEX ix_parts_conversion_id"))

        assert upgrade(empty).is_current


class TestEndsAndLooks:
    """0029 on a database that is in use."""

    def test_what_is_under_way_goes_on_and_the_release_before_too(self, empty: Database) -> None:
        _upgrade_to(empty, "0027")
        connection = """
            INSERT INTO connections (login, ig_id, name, token_sealed, state, expires_at, next_action_at)
            VALUES ('instagram', '1', 'then', :token, 'asked', now() + interval '1 hour', now())
        """
        sealed = {"token": Vault([KEY]).seal("a token", context="connection:1:token")}
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            tx.execute(text(connection), sealed)
            heard = "INSERT INTO subscriptions (account_id, fields, read_at) VALUES (:id, '[\"comments\"]', now())"
            tx.execute(text(heard), {"id": account.id})

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            tx.execute(text(connection), sealed)  # as the processes of the previous release go on writing
            assert {one.facts for one in tx.scalars(select(Connection))} == {Facts()}
            read = tx.scalars(select(Subscription)).one()
            assert (read.fields, read.mended_at, read.asked_at) == (["comments"], None, None)
            assert run_all(tx) == {}
        with empty.engine.connect() as connected:
            command.downgrade(_config(connected), "0027")
        assert upgrade(empty).is_current


class TestCommentsByWhenTheyWereWritten:
    """0034 on a database that is in use."""

    def test_comments_go_on_while_it_is_built_and_it_may_be_run_again(self, empty: Database) -> None:
        _upgrade_to(empty, "0032")
        with empty.transaction() as tx:
            told = {"account": _account_of_then(tx).id}
            tx.execute(
                text(
                    "INSERT INTO comments (account_id, ig_id, extra, first_seen_at, last_seen_at) "
                    "VALUES (:account, '1788', '{}', now(), now())"
                ),
                told,
            )

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            tx.execute(text("UPDATE comments SET text = 'one'"))
            running = pool.submit(_upgrade_to, empty, "0034")
            until(lambda: _is_building(empty), what="no index is being built")
            tx.execute(text("UPDATE comments SET text = 'two'"))
            tx.commit()
            running.result(60)

        with empty.transaction() as tx:  # as one that was interrupted leaves it
            tx.execute(text("UPDATE alembic_version SET version_num = '0032'"))
            tx.execute(text("DROP INDEX ix_comments_written_at"))
            tx.execute(text("CREATE INDEX ix_comments_written_at ON comments (ig_id)"))
        _upgrade_to(empty, "0034")

        with empty.transaction() as tx:
            made = tx.scalar(text("SELECT pg_get_indexdef('ix_comments_written_at'::regclass)"))
            assert made.endswith("(COALESCE(commented_at, first_seen_at), id)")
            assert tx.scalars(text("SELECT text FROM comments")).all() == ["two"]


class TestOneRowADay:
    """0035 on a database that is in use."""

    def test_a_day_whose_end_has_moved_becomes_one_row_and_nothing_told_is_lost(self, empty: Database) -> None:
        _upgrade_to(empty, "0034")
        with empty.transaction() as tx:
            ensure_partitions(tx, now=_READ_AT)
            account_id = _account_of_then(tx, name="bakery").id
            for hours, reach in ((0, 5), (9, 7)):
                end, at = _READ_AT - timedelta(hours=hours), _READ_AT + timedelta(hours=hours)
                store_observations(
                    tx, account_id, [Observation("reach", "day", "", end, reach)], captured_at=at, run_id=None
                )
            tx.execute(text("CREATE VIEW own AS SELECT day, reach FROM account_daily"))
            tx.execute(text("GRANT SELECT ON account_daily TO PUBLIC"))

        for bring, revision, known in (
            (command.upgrade, "0034", [5, 7]),
            (command.upgrade, "0035", [7]),
            (command.downgrade, "0034", [5, 7]),
            (command.upgrade, "head", [7]),
        ):
            with empty.engine.connect() as connection:
                bring(_config(connection), revision)
            with empty.transaction() as tx:
                for source in ("account_daily", "account_daily_as_of('infinity')", "own"):
                    query = f"SELECT reach FROM {source} ORDER BY reach"  # noqa: S608
                    assert tx.scalars(text(query)).all() == known, (revision, source)
                assert tx.scalar(text("SELECT has_table_privilege('public', 'account_daily', 'SELECT')"))
                assert tx.scalar(text("SELECT count(*) FROM account_observations")) == 2
        with empty.transaction() as tx:
            assert run_all(tx) == {}


class TestAnswersToComments:
    """0031 on a database that is in use."""

    def test_replies_to_mentions_stay_and_comments_can_be_answered(self, empty: Database) -> None:
        _upgrade_to(empty, "0019")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            post, later = (_post(tx, account, key=key, caption="Fresh bread") for key in ("before", "later"))
            mention = make_mention(tx, account)
            add = """
                INSERT INTO replies (account_id, mention_id, number, text, state, comment_id, settled_at)
                VALUES (:account, :mention, 1, 'thank you', 'failed', NULL, now())
            """
            tx.execute(text(add), {"account": account.id, "mention": mention.id})

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            see_comments(tx, account.id, [SeenComment("c", "1", text="hello")], now=_READ_AT, are_shown=True)
            comment = tx.scalars(select(Comment)).one()
            assert queue_reply(tx, comment, "hello", again=False, now=clock.now()).number == 1
            assert wish_for(tx, comment, InquiryKind.COMMENT_HIDE, now=clock.now()).state == "asked"
            tx.execute(text("UPDATE posts SET caption = 'Rye' WHERE id = :id"), {"id": later})
            told = {row.post_id: row.words for row in tx.execute(text("SELECT post_id, words FROM post_words"))}
            assert told == {post: "Fresh bread\nbefore", later: "Rye\nlater"}
            assert run_all(tx) == {}
            tx.execute(text("DELETE FROM posts WHERE id = :id"), {"id": later})  # as the release before erases one
            assert tx.scalars(text("SELECT post_id FROM post_words")).all() == [post]
        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0027")
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT text FROM replies")).scalar_one() == "thank you"

    def test_the_words_of_before_are_kept_page_by_page(self, empty: Database) -> None:
        _upgrade_to(empty, "0027")
        with empty.transaction() as tx:
            account = _account_of_then(tx)
            first, _, last = (_post(tx, account, caption=name) for name in ("first", "erased", "last"))
            tx.execute(text("UPDATE posts SET id = id + 1000 WHERE id > :id"), {"id": first})
            _copy_posts(tx, first, 600)

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            # Without a parameter: with one a snapshot is kept, which each index that is being built would wait for.
            tx.execute(text("SELECT FROM posts WHERE caption = 'erased' FOR UPDATE"))
            running = pool.submit(upgrade, empty)
            until(
                lambda: _has_table(empty, "post_words") and _count(empty, "post_words") == 500, what="nothing is kept"
            )
            tx.execute(text("DELETE FROM posts WHERE caption = 'erased'"))
            tx.commit()
            assert running.result(60).is_current

        with empty.transaction() as tx:
            assert tx.scalar(text("SELECT count(*) FROM posts LEFT JOIN post_words ON post_id = id")) == 602
            words = "SELECT words LIKE 'last%' FROM post_words WHERE post_id = :id"
            assert tx.scalar(text(words), {"id": last + 1000})

    def test_no_table_is_locked_while_another_is_waited_for(self, empty: Database) -> None:
        _upgrade_to(empty, "0030")

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            tx.execute(text("SELECT FROM inquiries"))
            running = pool.submit(upgrade, empty)
            until(lambda: _is_waiting_for(empty, "inquiries"), what="nothing is waited for")
            assert _count(empty, "replies") == 0
            tx.commit()
            running.exception(60)  # it may have given up: whoever goes on then begins anew

        assert upgrade(empty).is_current


def _copy_posts(tx: Session, post_id: int, times: int) -> None:
    row = "jsonb_build_object('id', p.id + n, 'key', 'copy-' || n)"
    copy = f"SELECT (jsonb_populate_record(p, {row})).* FROM posts p, generate_series(1, :times) n WHERE p.id = :id"  # noqa: S608 - a constant
    tx.execute(text(f"INSERT INTO posts {copy}"), {"id": post_id, "times": times})


def _count(database: Database, table: str) -> int:
    with database.transaction() as tx:
        tx.execute(text("SET LOCAL lock_timeout = '1s'"))
        return int(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - a constant


def _has_table(database: Database, table: str) -> bool:
    with database.transaction() as tx:
        return tx.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is not None


def _is_waiting_for(database: Database, table: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass(:table))"
    with database.transaction() as tx:
        return bool(tx.execute(text(query), {"table": table}).scalar_one())


class TestNoticesOfWhatIsMissing:
    """0032 on a database that is in use."""

    def test_the_new_kinds_are_told_and_go_back_as_what_they_ask(self, empty: Database) -> None:
        _upgrade_to(empty, "0031")
        add = "INSERT INTO notices (kind, account_id, message, detail) VALUES (:kind, :account, 'said', '{}')"
        rule = "INSERT INTO notice_rules (endpoint_id, kind, how) VALUES (:endpoint, :kind, 'never')"
        with empty.transaction() as tx:
            account, endpoint = _account_of_then(tx).id, make_endpoint(tx).id
            tx.execute(text(add), {"kind": "post.failed", "account": account})
            tx.execute(text(rule), {"kind": "post.failed", "endpoint": endpoint})

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            for kind in ("post.incomplete", "comment.needs_review"):
                tx.execute(text(add), {"kind": kind, "account": account})
                tx.execute(text(rule), {"kind": kind, "endpoint": endpoint})
            assert run_all(tx) == {}
        with pytest.raises(IntegrityError), empty.transaction() as tx:
            tx.execute(text(add), {"kind": "post.other", "account": account})
        with empty.engine.connect() as connection:
            command.downgrade(_config(connection), "0031")
        with empty.transaction() as tx:
            kinds = tx.execute(text("SELECT kind FROM notices ORDER BY id")).scalars().all()
            assert kinds == ["post.failed", "post.needs_review", "post.needs_review"]
            assert tx.execute(text("SELECT kind FROM notice_rules")).scalars().all() == ["post.failed"]

    def test_nobody_who_tells_waits_for_whoever_reads_the_rules(self, empty: Database) -> None:
        _upgrade_to(empty, "0031")

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            tx.execute(text("SELECT FROM notice_rules"))
            running = pool.submit(upgrade, empty)
            until(lambda: _is_waiting_for(empty, "notice_rules"), what="nothing is waited for")
            assert _count(empty, "notices") == 0
            tx.commit()
            running.exception(60)  # it may have given up: whoever goes on then begins anew

        assert upgrade(empty).is_current


class TestConversionsByNeed:
    """0030 on a database that is in use."""

    def test_what_waits_is_needed_when_its_post_is_due_and_the_release_before_goes_on(self, empty: Database) -> None:
        asks = (
            "INSERT INTO conversions (asked_by, source_sha256, recipe_key, next_action_at) VALUES (1, :one, 'k', now())"
        )
        _upgrade_to(empty, "0027")
        with empty.transaction() as tx:
            post_id = _post(tx, _account_of_then(tx))
            due_at = tx.execute(text("UPDATE posts SET state = 'scheduled' RETURNING publish_at")).scalar_one()
            tx.execute(text(asks), [{"one": "a"}, {"one": "b"}])
            tx.execute(
                text(
                    "INSERT INTO parts (post_id, position, kind, conversion_id)"
                    " SELECT :id, 0, 'image', id FROM conversions WHERE source_sha256 = 'a'"
                ),
                {"id": post_id},
            )

        for _ in range(2):  # it may be run again where it was interrupted
            assert upgrade(empty).is_current
            with empty.transaction() as tx:
                tx.execute(text("UPDATE alembic_version SET version_num = '0027'"))
        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            tx.execute(text(asks), {"one": "c"})
            rows = tx.execute(text("SELECT source_sha256, needed_at FROM conversions"))
            needed = {row.source_sha256: row.needed_at for row in rows}
            now = tx.execute(text("SELECT now()")).scalar_one()
            assert needed["a"] == due_at
            assert needed["c"] == now
            assert run_all(tx) == {}

    def test_the_table_is_free_while_the_need_is_worked_out(self, empty: Database) -> None:
        _upgrade_to(empty, "0027")

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            tx.execute(text("LOCK TABLE parts IN ACCESS EXCLUSIVE MODE"))
            running = pool.submit(upgrade, empty)
            until(lambda: _is_waiting_for(empty, "parts"), what="nothing is waited for")
            assert _count(empty, "conversions") == 0
            tx.commit()
            assert running.result(60).is_current


class TestWhatChangedSince:
    """0028 on a database that is in use."""

    def test_backfills_go_on_while_it_is_built(self, empty: Database) -> None:
        _upgrade_to(empty, "0027")
        with empty.transaction() as tx:
            make_backfill(tx, _account_of_then(tx))

        with ThreadPoolExecutor(1) as pool, empty.transaction() as tx:
            tx.execute(text("UPDATE backfills SET progress = 0.5"))
            running = pool.submit(upgrade, empty)
            until(lambda: _is_building(empty), what="no index is being built")
            tx.execute(text("UPDATE backfills SET progress = 0.6"))
            tx.commit()
            assert running.result(60).is_current

    def test_an_index_that_was_left_half_built_is_made_anew(self, empty: Database) -> None:
        _upgrade_to(empty, "0027")
        with empty.transaction() as tx:
            tx.execute(text("CREATE INDEX ix_backfills_account_id_kind ON backfills (kind)"))

        assert upgrade(empty).is_current

        with empty.transaction() as tx:
            made = tx.scalar(text("SELECT pg_get_indexdef('ix_backfills_account_id_kind'::regclass)"))
        assert made.endswith("(account_id, kind)")

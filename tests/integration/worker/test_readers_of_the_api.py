"""Design §8.8: no reader of the API delays a post, whatever it reads and however long."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
from sqlalchemy import text

from models.posts.states import PostState
from models.store.session import Database
from tests.integration.console.api.conftest import Api, running_api
from tests.support.bench import Bench
from tests.support.waiting import until

SESSIONS = 15
"""As many as a process opens at once; see `Database`."""
READERS = SESSIONS + 5
"""The last of them wait for a session."""
_LOCK = 88
"""Of no other advisory lock of ours."""

# For whoever looks into that schema first, to read posts takes as long as the test holds the lock: in the middle of a
# statement, with a snapshot, and every lock on tables that a reader takes.
_SLOW = """
    CREATE SCHEMA slow;
    CREATE FUNCTION slow.until_told() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared(88); RETURN true; END $$;
    CREATE VIEW slow.posts AS SELECT * FROM public.posts WHERE slow.until_told();
"""
_READING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""


@pytest.fixture
def api(bench: Bench, database_url: str, tmp_path: Path) -> Iterator[Api]:
    """Beside the worker, in the same database, with sessions of its own."""
    with bench.database.transaction() as tx:
        tx.execute(text(_SLOW))
    slow = database_url + ("&" if "?" in database_url else "?") + f"options={quote('-c search_path=slow,public')}"
    reading = Database(slow, application_name="readers")
    with running_api(reading, tmp_path / "api") as api:
        yield api
    reading.close()


@contextmanager
def reading(bench: Bench, database_url: str, api: Api) -> Iterator[list[Future[httpx.Response]]]:
    """All sessions of the API read posts until the block ends, and more readers wait for one."""
    with ThreadPoolExecutor(READERS) as pool, psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        asked = [pool.submit(api.http.get, "/posts") for _ in range(READERS)]
        until(lambda: bench.value(_READING) == SESSIONS, what="not all sessions of the API read")
        yield asked


def test_posts_go_out_while_every_session_of_the_api_reads(bench: Bench, database_url: str, api: Api) -> None:
    account = bench.account(0)
    waiting = bench.post(account)
    bench.drive(waiting, PostState.STAGED)

    with reading(bench, database_url, api) as asked:
        new = bench.post(account, caption="queued meanwhile")
        published = [bench.drive(post_id) for post_id in (waiting, new)]

        assert [post.state for post in published] == [PostState.PUBLISHED, PostState.PUBLISHED]
        assert len(bench.simulator.publishes()) == 2
        assert not any(one.done() for one in asked)
        assert bench.value(_READING) == SESSIONS

    answers = [one.result() for one in asked]
    assert [answer.status_code for answer in answers] == [200] * READERS
    # Who read meanwhile was told what was there then; who waited for a session was told of both.
    counts = sorted(len(answer.json()["items"]) for answer in answers)
    assert counts == [1] * SESSIONS + [2] * (READERS - SESSIONS)

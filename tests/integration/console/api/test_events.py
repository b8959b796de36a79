"""`/api/v1/events`: what happens, in order, nothing lost and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event

from console.access.asking import COOKIE
from console.api.application import PREFIX
from console.app import create_app
from console.handlers.upkeep import events
from migrations import HEAD
from models.access.session import begin_session
from models.accounts.account import find_account
from models.harvests.harvest import RunStatus, begin_run, end_run
from models.posts.event import Cause, record_event
from models.store.session import Database
from models.telling.notice import News as Notice
from models.telling.notice import NoticeKind, tell
from operations.access import keys, users
from operations.operation import OWNER, Context
from operations.upkeep.news import Feed, Place, Source
from pressrun import clock
from pressrun.network.trust import authorities
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account, make_harvest, make_post
from tests.integration.console.api import conftest
from tests.integration.console.api.conftest import Api, running_api
from tests.integration.console.api.test_posts import problem
from tests.support.waiting import until
from tests.support.web import serve


class Stream:
    """An open stream, read one event at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.last_id = ""

    def begin(self) -> None:
        """Until the stream is there."""
        while not next(self._lines).startswith(":"):
            pass

    def next(self) -> tuple[str, dict[str, Any]]:
        """Kind and data of the next event."""
        told: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(":")
            if not line and "data" in told:
                return told["event"], json.loads(told["data"])
            if name == "id":
                self.last_id = value.strip()
            if name:
                told[name] = value.strip()
        raise EOFError

    def is_over(self) -> bool:
        try:
            self.next()
        except EOFError:
            return True
        return False


@contextmanager
def following(api: Api, asker: str = "owner", last: str | None = None, **params: Any) -> Iterator[Stream]:
    headers = api.as_(asker) | ({"Last-Event-ID": last} if last else {})
    with api.http.stream("GET", "/events", headers=headers, params=params) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        stream.begin()
        yield stream


def happen(api: Api, account: str = "bakery", reason: str = "post.staged") -> int:
    with api.database.transaction() as tx:
        post = make_post(tx, find_account(tx, account))
        record_event(tx, post.id, Cause(reason, "words"), from_state="scheduled", to_state="staging")
        return post.id


def test_what_happens_is_told_as_it_happens(api: Api) -> None:
    happen(api, reason="post.before")
    with following(api) as stream:
        post = happen(api)
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            tell(tx, Notice(NoticeKind.QUOTA_FULL, "full", account_id=account.id))
            harvest = make_harvest(tx, account, kind="media")
            run = begin_run(tx, harvest.id, clock.now(), api_version="v25.0", now=clock.now())
            end_run(tx, run.id, RunStatus.DONE, now=clock.now())
        told = dict(stream.next() for _ in range(3))

    assert (told["post"]["post"], told["post"]["reason"], told["post"]["account"]) == (post, "post.staged", "bakery")
    assert (told["notice"]["kind"], told["notice"]["account"]) == ("quota.full", "bakery")
    assert told["coverage"] == {"at": told["coverage"]["at"], "account": "bakery", "kind": "media", "status": "done"}
    assert told["post"]["at"].endswith("Z")


def test_nothing_is_lost_while_somebody_is_away(api: Api) -> None:
    with following(api) as stream:
        first = happen(api)
        assert stream.next()[1]["post"] == first
        last = stream.last_id
    missed = [happen(api), happen(api)]

    with following(api, last=last) as stream:
        assert [stream.next()[1]["post"] for _ in missed] == missed
        now = happen(api)
        assert stream.next()[1]["post"] == now


def test_a_stream_that_told_nothing_yet_can_be_gone_on_with(api: Api) -> None:
    with api.http.stream("GET", "/events") as response:
        lines = response.iter_lines()
        last = next(line for line in lines if line.startswith("id:")).partition(":")[2].strip()
    missed = happen(api)

    with following(api, last=last) as stream:
        assert stream.next()[1]["post"] == missed


def late_event(api: Api, post: int) -> psycopg.Connection[Any]:
    """An event that has its number and is not there yet."""
    late = api.database.standing_connection()
    late.execute("BEGIN")
    told = "INSERT INTO post_events (post_id, to_state, reason) VALUES (%s, 'staging', 'late')"
    late.execute(told, (post,))
    return late


def test_the_first_id_is_where_the_stream_began(api: Api) -> None:
    """Not somewhere before a number that nobody will ever fill, nor behind one that somebody still may."""
    with api.database.transaction() as tx:
        post = make_post(tx, find_account(tx, "bakery"))
        record_event(tx, post.id, Cause("given up"), from_state=None, to_state="staging")
        tx.rollback()
    late = late_event(api, happen(api, reason="before"))
    happen(api, reason="there")

    with api.http.stream("GET", "/events") as response:
        last = next(one for one in response.iter_lines() if one.startswith("id:")).partition(":")[2].strip()
    late.execute("COMMIT")
    late.close()
    happen(api, reason="missed")

    with following(api, last=last) as stream:
        assert [stream.next()[1]["reason"] for _ in range(2)] == ["late", "missed"]
        again = stream.last_id
        happen(api, reason="after")
        assert stream.next()[1]["reason"] == "after"
    with following(api, last=again) as stream:
        assert stream.next()[1]["reason"] == "after"


def test_only_what_is_asked_for_and_may_be_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with api.database.transaction() as tx:
        mine = find_account(tx, "another").id
    limited = replace(conftest.ASKERS["reader"], name="limited", accounts=frozenset({mine}))
    monkeypatch.setitem(conftest.ASKERS, "limited", limited)

    with following(api, "limited") as theirs, following(api, source="notice") as notices:
        last = theirs.last_id
        happen(api, "bakery")
        seen = happen(api, "another")
        with api.database.transaction() as tx:
            tell(tx, Notice(NoticeKind.QUEUE_SILENT, "of no account"))
            tell(tx, Notice(NoticeKind.QUOTA_FULL, "full", account_id=mine))
        assert theirs.next()[1]["post"] == seen
        assert theirs.next()[1]["message"] == "full"
        assert [notices.next()[1]["message"] for _ in range(2)] == ["of no account", "full"]
    with following(api, "limited", last=last or "0.0.0") as again:
        assert again.next()[1]["account"] == "another"


def test_whoever_is_not_honoured_any_more_hears_nothing(api: Api, served: tuple[FastAPI, str]) -> None:
    hub = served[0].state.hub
    hub._held = lambda askers: {one for one in askers if one.name != "reader"}
    try:
        with following(api, "reader") as stream, following(api, "author") as other:
            assert stream.is_over()
            post = happen(api)
            assert other.next()[1]["post"] == post
    finally:
        hub._held = set


def test_a_key_that_is_taken_back_ends_its_stream(database: Database, tmp_path: Path) -> None:
    """In the console itself, by a key that was made there."""
    ctx = Context(database, Settings(secret_keys=[SecretStr(KEY)], home=tmp_path / "home"))
    with database.transaction() as tx:
        make_account(tx, name="bakery")
    key = keys.add(ctx, OWNER, "planner", scopes=["read"]).key
    app = create_app(ctx, media_keys=[], media_root=tmp_path / "media", schema_head=HEAD)
    with (
        serve(app) as url,
        httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30, verify=authorities()) as http,
        http.stream("GET", f"{url}/api/v1/events") as response,
    ):
        stream = Stream(response)
        stream.begin()
        keys.revoke(ctx, OWNER, "planner")

        assert stream.is_over()
        assert http.get(f"{url}/api/v1/posts").status_code == 401


def test_a_session_that_is_ended_ends_its_stream_and_no_other(database: Database, tmp_path: Path) -> None:
    ctx = Context(database, Settings(secret_keys=[SecretStr(KEY)], home=tmp_path / "home"))
    with database.transaction() as tx:
        cookie = begin_session(tx, None, way="link", agent=None, address=None, now=clock.now())
    key = keys.add(ctx, OWNER, "planner", scopes=["read"]).key
    app = create_app(ctx, media_keys=[], media_root=tmp_path / "media", schema_head=HEAD)
    with serve(app) as url, httpx.Client(base_url=url + PREFIX, timeout=30, verify=authorities()) as http:
        signed_in, bearer = {"Cookie": f"{COOKIE}={cookie}"}, {"Authorization": f"Bearer {key}"}
        with (
            http.stream("GET", "/events", headers=signed_in) as ending,
            http.stream("GET", "/events", headers=bearer) as going_on,
        ):
            theirs, other = Stream(ending), Stream(going_on)
            theirs.begin()
            other.begin()
            [session] = users.list_sessions(ctx, OWNER)
            users.end_sessions(ctx, OWNER, session=session.id)

            assert theirs.is_over()
            with database.transaction() as tx:
                account = make_account(tx, name="bakery")
                tell(tx, Notice(NoticeKind.QUOTA_FULL, "full", account_id=account.id))
            assert other.next()[0] == "notice"


def test_nothing_is_lost_over_a_restart(database: Database, tmp_path: Path) -> None:
    """Of the console: the next one knows nothing but the id that the client names."""
    with database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Berlin")
    with running_api(database, tmp_path / "first") as first, following(first) as stream:
        happen(first)
        stream.next()
        last = stream.last_id
        missed = happen(first)

    with running_api(database, tmp_path / "second") as second, following(second, last=last) as stream:
        now = happen(second)
        assert [stream.next()[1]["post"] for _ in range(2)] == [missed, now]


def test_a_thousand_who_listen_cost_one_query(api: Api, served: tuple[FastAPI, str]) -> None:
    looks: list[str] = []
    with following(api), following(api), following(api) as last:
        event.listen(
            api.database.engine,
            "before_cursor_execute",
            lambda *given: looks.append(given[2]) if "pg_current_snapshot() s" in given[2] else None,
        )
        until(lambda: len(looks) >= 2, what="nobody looks")
        before = len(looks)
        post = happen(api)
        assert last.next()[1]["post"] == post
        # One look after the other, whoever listens; never three at a time.
        assert len(looks) - before <= 6


def test_streams_end_when_the_console_does(api: Api, served: tuple[FastAPI, str]) -> None:
    hub = served[0].state.hub
    with following(api) as stream:
        hub._task.get_loop().call_soon_threadsafe(hub.end)

        assert stream.is_over()
    until(lambda: not hub.is_reading)


def test_a_stream_that_tells_nothing_shows_that_it_lives(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PING_EVERY_S", 0)
    with following(api) as stream:
        stream.begin()


def test_what_cannot_be_gone_on_with_is_told(api: Api) -> None:
    answer = api.http.get("/events", headers={"Last-Event-ID": "x"})

    assert problem(answer, 422, "event.id")["field"] == "Last-Event-ID"


class TestOrder:
    """Numbers become visible out of order."""

    @pytest.fixture
    def feed(self, api: Api) -> Feed:
        return Feed(Context(api.database, Settings()))

    def _told(self, feed: Feed) -> list[str]:
        return [str(one.news.told["reason"]) for one in feed.look() if one.news.source is Source.POST]

    def _look_until(self, feed: Feed, seen: list[str], count: int) -> None:
        def look() -> bool:
            seen.extend(self._told(feed))
            return len(seen) >= count

        until(look, what="it was never told")

    def test_what_is_committed_late_is_told_before_what_follows_it(self, api: Api, feed: Feed) -> None:
        happen(api, reason="before")
        feed.begin()
        late = late_event(api, happen(api, reason="first"))
        happen(api, reason="after")

        seen = [reason for _ in range(4) for reason in self._told(feed)]
        late.execute("COMMIT")
        self._look_until(feed, seen, 3)
        late.close()

        assert seen == ["first", "late", "after"]

    def test_a_number_that_was_given_up_holds_nothing_back(self, api: Api, feed: Feed) -> None:
        happen(api, reason="before")
        feed.begin()
        with api.database.transaction() as tx:
            post = make_post(tx, find_account(tx, "bakery"))
            record_event(tx, post.id, Cause("given up"), from_state=None, to_state="staging")
            tx.rollback()
        happen(api, reason="after")

        seen: list[str] = []
        self._look_until(feed, seen, 1)

        assert seen == ["after"]

    def test_what_was_there_before_a_feed_is_none_of_its_news(self, api: Api, feed: Feed) -> None:
        late = late_event(api, happen(api, reason="before"))
        happen(api, reason="there")
        feed.begin()
        begun = feed.cursor().places[Source.POST]
        late.execute("COMMIT")
        late.close()
        happen(api, reason="after")

        seen: list[tuple[Any, Place]] = []

        def look() -> bool:
            seen.extend((one.news.told["reason"], one.at.places[Source.POST]) for one in feed.look())
            return len(seen) == 2

        until(look, what="it was never told")
        assert seen == [("late", Place(begun.top)), ("after", Place(begun.top + 1))]
        assert begun == Place(begun.top, frozenset({begun.top - 1}))

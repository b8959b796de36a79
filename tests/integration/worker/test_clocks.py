"""A worker whose machine has a wrong clock: a little off, it works by the database's; far off, it sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from models.posts.post import lateness_ms
from models.posts.states import PostState
from operations.operation import OWNER, Context
from operations.upkeep.system import examine
from pressrun.finding import Finding, Result
from pressrun.network.hints import Task
from tests.factories.rows import KEY
from tests.support.bench import Bench
from tests.support.clocks import clock_off_by
from tests.support.processes import Process, start_module
from tests.support.waiting import until

S = PostState


def database_now(bench: Bench) -> datetime:
    found: datetime = bench.value("SELECT clock_timestamp()")
    return found


def staged(bench: Bench, *, of: int = 0, **columns: str) -> int:
    post_id = bench.post(bench.account(of), **columns)
    bench.drive(post_id, S.STAGED, hurry=False)
    return post_id


@pytest.mark.parametrize(("off_s", "told"), [(90, "90 s ahead of"), (-90, "90 s behind")])
def test_far_off_it_sends_nothing_and_says_why_and_another_one_does(bench: Bench, off_s: int, told: str) -> None:
    post_id = staged(bench)
    bench.hurry()
    due_from = database_now(bench)

    with clock_off_by(off_s):
        assert bench.step(Task.POST_PUBLISH) == 1
        bench.hurry()
        bench.step(Task.POST_PUBLISH)

    post = bench.read(post_id)
    assert bench.simulator.publishes() == []
    assert (post.state, post.wait_reason) == (S.STAGED, "clock"), bench.story(post_id)
    assert post.next_action_at is not None
    assert post.next_action_at < database_now(bench) + timedelta(seconds=5)
    waits = [event for event in bench.timeline(post_id) if event.reason == "post.waiting"]
    assert [told in (event.message or "") for event in waits] == [True]  # told once, however often it is tried
    post = bench.drive(post_id)  # by a worker whose clock is right
    assert post.state == S.PUBLISHED, bench.story(post_id)
    assert post.sent_at is not None
    assert due_from < post.sent_at < database_now(bench)


@pytest.mark.parametrize("off_s", [10, -10])
def test_a_little_off_it_works_by_the_databases_clock(bench: Bench, off_s: int) -> None:
    post_id = staged(bench)
    bench.hurry()
    before = database_now(bench)

    with clock_off_by(off_s):
        bench.step(Task.POST_PUBLISH)

    after = database_now(bench)
    slack = timedelta(seconds=1)  # its clock is measured by a round trip, which may take long on a busy machine
    post = bench.read(post_id)
    assert post.state == S.PUBLISHED, bench.story(post_id)
    stamps = [post.sent_at, post.published_at, bench.value("SELECT intent_at FROM attempts")]
    stamps += [bench.value("SELECT counted_at FROM quota_entries"), bench.timeline(post_id)[-1].at]
    assert all(stamp is not None and before - slack <= stamp <= after + slack for stamp in stamps), stamps
    assert (lateness_ms(post.publish_at, post.sent_at) or 0) > -1000


@pytest.mark.parametrize("off_s", [20, -20])
def test_no_post_goes_out_early_and_none_is_late_by_a_wrong_clock(bench: Bench, off_s: int) -> None:
    """Due in ten seconds, and allowed to be ten seconds late."""
    post_id = staged(bench, publish_at="+20m", max_lateness="10s")
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET publish_at = now() + interval '10 s', next_action_at = now()"))

    with clock_off_by(off_s):
        bench.step(Task.POST_PUBLISH)

        post = bench.read(post_id)
        assert (post.state, post.next_action_at) == (S.STAGED, post.publish_at), bench.story(post_id)
        assert bench.simulator.publishes() == []
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET publish_at = now(), next_action_at = now()"))
        bench.step(Task.POST_PUBLISH)

    assert bench.read(post_id).state == S.PUBLISHED, bench.story(post_id)


@contextmanager
def worker_off_by(seconds: float, bench: Bench, database_url: str, redis_url: str, home: Path) -> Iterator[Process]:
    """A worker of its own process, and nobody beside it."""
    told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEYS": KEY, "HOME": str(home)}
    env = {f"PRESSRUN_{name}": value for name, value in told.items()} | {"PRESSRUN_GRAPH_URL": bench.simulator.url}
    arguments = ("cli", "worker", "--queue", "publish", "--concurrency", "2")
    with start_module("tests.support.astray", str(seconds), *arguments, env=env) as worker:
        worker.line(r"^READY worker", 120)
        yield worker
        assert worker.terminate(60) == 0, worker.output


def clock_findings(bench: Bench) -> list[Finding]:
    return [one for one in examine(Context(bench.database, bench.settings), OWNER) if one.check == "clock of a service"]


@pytest.mark.parametrize(
    ("off_s", "told"), [(90, "90 s ahead of"), pytest.param(-90, "90 s behind", marks=pytest.mark.long)]
)
def test_a_process_far_off_sends_nothing_and_doctor_names_it(
    bench: Bench, database_url: str, redis_url: str, tmp_path: Path, off_s: int, told: str
) -> None:
    due, soon = (staged(bench, of=one, publish_at="+20m") for one in (0, 1))
    with bench.database.transaction() as tx:
        at = "UPDATE posts SET publish_at = now() + :after, next_action_at = now() + :after WHERE id = :id"
        tx.execute(text(at), {"id": due, "after": timedelta(0)})
        tx.execute(text(at), {"id": soon, "after": timedelta(seconds=80)})

    with worker_off_by(off_s, bench, database_url, redis_url, tmp_path / "worker") as worker:
        until(lambda: bench.read(due).wait_reason == "clock", what=lambda: worker.output)
        [found] = until(lambda: clock_findings(bench), what=lambda: worker.output)

        assert (found.result, told in found.detail, "sends nothing" in found.detail) == (Result.FAIL, True, True)
        assert (found.subject or "").startswith("worker publish at ")
        assert (found.subject or "").endswith(f":{worker.pid}")
        worker.line(r"clock\.too_far", 30)

    assert bench.simulator.publishes() == []  # neither late by its clock, nor early
    assert [bench.read(one).state for one in (due, soon)] == [S.STAGED] * 2
    assert told in str([event.message for event in bench.timeline(due)])
    assert clock_findings(bench) == []  # it has ended
    assert bench.drive(due).state == S.PUBLISHED, bench.story(due)


@pytest.mark.parametrize("off_s", [-10, pytest.param(10, marks=pytest.mark.long)])
def test_a_process_a_little_off_sends_by_the_databases_clock_and_doctor_notes_it(
    bench: Bench, database_url: str, redis_url: str, tmp_path: Path, off_s: int
) -> None:
    post_id = staged(bench, publish_at="+20m")

    with worker_off_by(off_s, bench, database_url, redis_url, tmp_path / "worker") as worker:
        [found] = until(lambda: clock_findings(bench), what=lambda: worker.output)
        assert (found.result, "10 s" in found.detail) == (Result.NOTE, True), found
        with bench.database.transaction() as tx:  # by its clock it is due, or will not be for long
            tx.execute(text("UPDATE posts SET publish_at = now() + interval '2 s'"))
            tx.execute(text("UPDATE posts SET next_action_at = publish_at"))
        until(lambda: bench.read(post_id).state == S.PUBLISHED, what=lambda: worker.output)

    post = bench.read(post_id)
    slack = timedelta(seconds=1)  # its clock is measured by a round trip, which may take long on a busy machine
    assert post.sent_at is not None
    assert post.publish_at - slack <= post.sent_at <= database_now(bench) + slack

"""A worker whose machine has a wrong clock: a little off, it works by the database's; far off, it sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from models.post import lateness_ms
from models.states import PostState
from pressrun.hints import Task
from tests.support.bench import Bench
from tests.support.clocks import clock_off_by

S = PostState


def database_now(bench: Bench) -> datetime:
    found: datetime = bench.value("SELECT clock_timestamp()")
    return found


def staged(bench: Bench, **columns: str) -> int:
    post_id = bench.post(bench.account(0), **columns)
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

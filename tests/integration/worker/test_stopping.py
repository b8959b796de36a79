"""A worker that is told to stop gives back what it has not begun, and takes back an intent without a call."""

from __future__ import annotations

import pytest

from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.states import PostState
from pressrun.network.hints import Hint
from tests.support.bench import STEPS, Bench
from tests.support.waiting import until
from worker.boundary import perform
from worker.pull import Puller


def claimed(bench: Bench) -> Hint:
    """The one hint that a scheduler would send now."""
    bench.hurry()
    with bench.database.transaction() as tx:
        [hint] = [hint for work in WORKS[:2] for hint in claim_due(tx, work, limit=10, lease_s=300)]
    return hint


@pytest.mark.parametrize("state", [PostState.SCHEDULED, PostState.STAGING, PostState.STAGED])
def test_a_hint_that_was_not_begun_is_due_again_at_once(bench: Bench, state: PostState) -> None:
    post_id = bench.post(bench.account(0), publish_at="+1h")
    bench.drive(post_id, state)
    hint = claimed(bench)
    bench.ctx.stopping.set()

    assert not perform(bench.ctx, STEPS, hint)

    bench.ctx.stopping.clear()
    assert bench.read(post_id).state == state
    assert bench.step() == 1  # by another worker, without waiting for the 300 s of the lease


def test_an_intent_is_taken_back_when_the_stop_comes_before_the_call(bench: Bench) -> None:
    from pressrun import failpoints

    post_id = bench.post(bench.account(0))
    bench.drive(post_id, PostState.STAGED)
    hint = claimed(bench)

    def stop(point: str) -> None:
        if point == "publish.after_intent":
            bench.ctx.stopping.set()

    with failpoints.watched(stop):
        perform(bench.ctx, STEPS, hint)
    bench.ctx.stopping.clear()

    assert bench.read(post_id).state == PostState.STAGED
    assert bench.simulator.publishes() == []
    assert bench.value("SELECT state FROM quota_entries") == "released"
    assert bench.drive(post_id).state == PostState.PUBLISHED
    assert len(bench.simulator.publishes()) == 1


def test_workers_pull_what_is_overdue_when_no_hint_comes(bench: Bench) -> None:
    """No scheduler and no broker: the workers alone bring a post through its life."""
    post_id = bench.post(bench.account(0))
    puller = Puller(bench.ctx, STEPS, [work.queue for work in WORKS[:2]], concurrency=2)

    puller.start()
    try:
        until(lambda: bench.read(post_id).state == PostState.PUBLISHED, what=lambda: bench.story(post_id))
    finally:
        bench.ctx.stopping.set()
        puller.stop()

    assert [entry["media_id"] for entry in bench.simulator.publishes()] == [bench.read(post_id).media_id]

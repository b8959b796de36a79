"""Workers that die, or are taken for dead: what they held goes on within seconds, and nothing goes out twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from models.accounts.account import Account
from models.owed.claims import claim_due
from models.owed.presence import ABSENT, Absences, Presence
from models.owed.works import WORKS
from models.posts.states import PostState
from models.store.session import Database
from pressrun import failpoints
from pressrun.network.hints import Hint
from tests.factories.rows import KEY
from tests.support.bench import STEPS, Bench
from tests.support.mortal import Doomed, Mortals
from tests.support.outages import closed_to_new_sessions, end_session, is_known
from tests.support.servers import url_of
from tests.support.waiting import until
from worker.attendance import Attendance
from worker.boundary import perform
from worker.context import WorkerContext

WITHIN = timedelta(seconds=10)
LEASE = timedelta(minutes=10)
"""Of the workers that die: longer than any test."""
HELD = {
    "stage.before_container": PostState.SCHEDULED,
    "stage.after_container": PostState.SCHEDULED,
    "poll.after_read": PostState.STAGING,
    "publish.after_intent": PostState.PUBLISHING,
    "publish.after_response": PostState.PUBLISHING,
}
"""Where a worker dies, and the state of the post that it held. Before the intent of a plain publish it holds none."""
REACHED_FROM = {"stage": PostState.SCHEDULED, "poll": PostState.STAGING, "publish": PostState.STAGED}


def claimed(bench: Bench, post_id: int) -> Hint:
    """The hint that a scheduler would send for this post now, and for no other."""
    with bench.database.transaction() as tx:
        tx.execute(
            text("UPDATE posts SET next_action_at = '2020-01-01', publish_at = now() WHERE id = :id"), {"id": post_id}
        )
    [work] = [work for work in WORKS[:2] if bench.read(post_id).state in work.states]
    with bench.database.transaction() as tx:
        [hint] = claim_due(tx, work, limit=1, lease_s=300)
    assert hint.id == post_id
    return hint


def waiting(bench: Bench, account: Account, state: PostState, **columns: str) -> int:
    """A post in that state that nobody works on."""
    post_id = bench.post(account, publish_at="+1h", **columns)

    def arrived() -> bool:
        if bench.read(post_id).state != state:
            perform(bench.ctx, STEPS, claimed(bench, post_id))
        return bench.read(post_id).state == state

    until(arrived, what=lambda: bench.story(post_id))
    return post_id


@contextmanager
def present(bench: Bench) -> Iterator[tuple[WorkerContext, Presence]]:
    """A worker that is known to the database by what it asks itself; nothing connects it anew beside its steps."""
    presence = Presence(bench.database)
    presence.absent_holders()
    settings = bench.settings.model_copy(update={"lease": LEASE})
    yield replace(bench.ctx, presence=presence, settings=settings), presence
    presence.leave()


@contextmanager
def attended(presence: Presence, database: Database) -> Iterator[None]:
    attendance = Attendance(presence, database)
    attendance.start()
    yield
    attendance.stop()


def absent(bench: Bench) -> set[int]:
    with bench.database.transaction() as tx:
        return set(tx.scalars(text(ABSENT)))


@pytest.mark.cost(cpu_s=12)
def test_what_a_killed_worker_held_is_due_within_ten_seconds_and_goes_out_once(bench: Bench) -> None:
    accounts = [bench.account(number) for number in range(4)]
    posts = {
        point: waiting(bench, accounts[number % 4], REACHED_FROM[point.partition(".")[0]], caption=point)
        for number, point in enumerate(HELD)
    }
    steps = [Doomed(claimed(bench, post_id), point) for point, post_id in posts.items()]
    mortals = Mortals.start(
        bench.settings,
        lease=LEASE,
        database_url=url_of(bench.database),
        key=KEY,
        media_base_url=bench.media_base_url,
        present=True,
    )
    try:
        assert mortals.run(steps) == [-9] * len(steps), mortals.output
    finally:
        mortals.close()
    died_at: datetime = bench.value("SELECT now()")
    assert [bench.read(posts[point]).state for point in HELD] == list(HELD.values())

    with attended(Presence(bench.database), bench.database):  # another worker that lives
        until(lambda: not bench.value("SELECT count(*) FROM posts WHERE leased_until IS NOT NULL"))

    for post_id in posts.values():
        told = [event for event in bench.timeline(post_id) if event.reason == "worker.gone"]
        assert [event.at - died_at < WITHIN for event in told] == [True], bench.story(post_id)
        assert bench.read(post_id).next_action_at == told[0].at
    for point, post_id in posts.items():
        if HELD[point] is PostState.PUBLISHING:
            bench.step()  # looked at at once; what was sent is found, what was not is doubted until it has settled
            assert "publish.lost_sight" in bench.events(post_id), bench.story(post_id)
    assert [entry["caption"] for entry in bench.simulator.publishes()][:1] == ["publish.after_response"]
    for post_id in posts.values():
        assert bench.drive(post_id).state == PostState.PUBLISHED, bench.story(post_id)
    live = sorted(entry["media_id"] for entry in bench.simulator.publishes())
    assert live == sorted(str(bench.read(post_id).media_id) for post_id in posts.values())


class TestALivingWorkerWhoseSessionEnds:
    def test_goes_on_when_it_is_back_before_its_absence_is_believed(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0))
        bench.drive(post_id, PostState.STAGED)
        watch = Absences(bench.database)

        def cut(point: str) -> None:
            if point == "publish.after_intent":
                end_session(bench.database, presence)
                assert watch.note(absent(bench)) == 0

        with present(bench) as (ctx, presence), failpoints.watched(cut):
            perform(ctx, STEPS, claimed(bench, post_id))

        assert bench.read(post_id).state == PostState.PUBLISHED
        assert "worker.gone" not in bench.events(post_id)
        assert len(bench.simulator.publishes()) == 1

    def test_sends_nothing_once_it_was_taken_for_dead(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0))
        bench.drive(post_id, PostState.STAGED)

        def cut(point: str) -> None:
            if point == "publish.after_intent":
                end_session(bench.database, presence)
                assert Absences(bench.database, gone_after_s=0).note(absent(bench)) == 1

        with present(bench) as (ctx, presence), failpoints.watched(cut):
            perform(ctx, STEPS, claimed(bench, post_id))
            assert is_known(bench.database, presence)

        assert bench.simulator.publishes() == []
        assert bench.read(post_id).state == PostState.STAGED  # whoever has it now need not find out
        assert bench.drive(post_id).state == PostState.PUBLISHED
        assert len(bench.simulator.publishes()) == 1

    def test_sends_nothing_while_the_database_does_not_know_it(self, bench: Bench, database_url: str) -> None:
        post_id = bench.post(bench.account(0))
        bench.drive(post_id, PostState.STAGED)
        with bench.database.transaction():
            pass  # the pool has a session: only the one of the presence is missing

        with present(bench) as (ctx, presence):
            hint = claimed(bench, post_id)
            with closed_to_new_sessions(database_url):
                end_session(bench.database, presence)
                perform(ctx, STEPS, hint)

        assert bench.simulator.publishes() == []
        post = bench.read(post_id)
        assert (post.state, post.wait_reason) == (PostState.STAGED, "worker")
        assert bench.value("SELECT state FROM quota_entries") == "released"
        assert bench.drive(post_id).state == PostState.PUBLISHED
        assert len(bench.simulator.publishes()) == 1

    def test_keeps_its_answer_for_whoever_reconciles_when_it_is_taken_for_dead_during_the_call(
        self, bench: Bench
    ) -> None:
        post_id = bench.post(bench.account(0))
        bench.drive(post_id, PostState.STAGED)

        def cut(point: str) -> None:
            if point == "publish.after_response":
                end_session(bench.database, presence)
                assert Absences(bench.database, gone_after_s=0).note(absent(bench)) == 1

        with present(bench) as (ctx, presence), failpoints.watched(cut):
            perform(ctx, STEPS, claimed(bench, post_id))

        [live] = bench.simulator.publishes()
        bench.step()
        assert bench.read(post_id).media_id == live["media_id"], bench.story(post_id)
        assert bench.read(post_id).state == PostState.PUBLISHED

    def test_does_not_comment_once_it_was_taken_for_dead(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), first_comment="first")
        bench.drive(post_id, PostState.PUBLISHED)

        def cut(point: str) -> None:
            if point == "comment.after_intent":
                end_session(bench.database, presence)
                assert Absences(bench.database, gone_after_s=0).note(absent(bench)) == 1

        with present(bench) as (ctx, presence), failpoints.watched(cut):
            perform(ctx, STEPS, claimed(bench, post_id))
        # Its claim has passed on; that it has sent nothing is kept all the same.
        assert bench.value("SELECT state FROM attempts WHERE action = 'comment'") == "not_done"

        bench.settle(post_id)
        assert bench.read(post_id).comment_id is not None
        assert bench.value("SELECT count(*) FROM attempts WHERE action = 'comment'") == 2


def test_a_presence_whose_session_ends_is_taken_anew_while_nothing_is_asked(bench: Bench) -> None:
    presence = Presence(bench.database)
    with attended(presence, bench.database):
        end_session(bench.database, presence)

        until(lambda: is_known(bench.database, presence))

    until(lambda: not is_known(bench.database, presence))

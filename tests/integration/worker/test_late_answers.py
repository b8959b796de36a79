"""What is known only after the claim has passed on: that a call worked after all, or that none was made.

A person has called the post not published, or another worker looks for what became of it, at the moment before the
sender's answer is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from models.posts.states import PostState
from models.publishing.attempt import AttemptState
from models.reading.upkeep.health import incomplete_posts
from pressrun import clock, failpoints
from pressrun.errors import Conflict, NotPossible
from pressrun.network.hints import Task
from scheduler.posts import changing, completing
from scheduler.posts.changing import resolve_not_published, resolve_published
from scheduler.posts.editing import edit_post
from tests.support.bench import Bench
from tests.support.clocks import sleep_as_suspended
from tests.support.statements import waits_for_a_lock
from tests.support.waiting import until

S = PostState
A_DAY_LATER = """
    WITH old AS (UPDATE attempts SET intent_at = intent_at - interval '25 hours' WHERE state IN ('intent', 'unknown'))
    UPDATE posts SET leased_until = NULL, next_action_at = now()
"""
LEASE_IS_OVER = "UPDATE posts SET leased_until = NULL, next_action_at = now()"


def at(point: str, then: Callable[[], object]) -> Callable[[str], None]:
    """A watcher of failpoints that calls `then` the first time that the point is reached."""
    reached: list[str] = []

    def watcher(name: str) -> None:
        if name == point and not reached:
            reached.append(name)
            then()

    return watcher


def sql(bench: Bench, statement: str) -> None:
    with bench.database.transaction() as tx:
        tx.execute(text(statement))


def staged(bench: Bench, **columns: str) -> int:
    post_id = bench.post(bench.account(0), **columns)
    bench.drive(post_id, S.STAGED)
    bench.hurry()
    return post_id


def called_not_published(bench: Bench, post_id: int) -> None:
    """Another worker could not find out for a day; a person has looked too early."""
    bench.simulator.fault(endpoint="container", mode="refuse", code=2, status=500)
    sql(bench, A_DAY_LATER)
    bench.drive(post_id, S.NEEDS_REVIEW)
    bench.simulator.clear_faults()
    with bench.database.transaction() as tx:
        resolve_not_published(tx, post_id, now=clock.now())


def retried(bench: Bench, post_id: int, *states: PostState) -> None:
    with bench.database.transaction() as tx:
        changing.retry(tx, post_id, bench.settings, now=clock.now())
    bench.drive(post_id, *states)


def answered_after(bench: Bench, then: Callable[[], object]) -> None:
    with failpoints.watched(at("publish.after_response", then)):
        bench.step(Task.POST_PUBLISH)


def attempts(bench: Bench) -> list[tuple[Any, ...]]:
    with bench.database.transaction() as tx:
        rows = tx.execute(text("SELECT state, settled_by, result_id FROM attempts ORDER BY id"))
        return [tuple(row) for row in rows]


def live(bench: Bench) -> list[str]:
    return [str(entry["media_id"]) for entry in bench.simulator.publishes()]


class TestAPostThatAPersonCalledNotPublished:
    def test_is_published_when_the_answer_says_so(self, bench: Bench) -> None:
        post_id = staged(bench)

        answered_after(bench, lambda: called_not_published(bench, post_id))

        post = bench.settle(post_id)
        assert (post.state, [post.media_id], post.error) == (S.PUBLISHED, live(bench), None), bench.story(post_id)
        assert attempts(bench) == [("succeeded", "answer", post.media_id)]

    @pytest.mark.parametrize("meanwhile", [S.SCHEDULED, S.STAGING, S.STAGED, S.CANCELED, S.DRAFT])
    def test_and_is_not_sent_again_whatever_it_was_on_the_way_to(self, bench: Bench, meanwhile: PostState) -> None:
        post_id = staged(bench)

        def retry() -> None:
            called_not_published(bench, post_id)
            on_the_way = meanwhile if meanwhile in (S.SCHEDULED, S.STAGING) else S.STAGED
            retried(bench, post_id, on_the_way)
            with bench.database.transaction() as tx:
                if meanwhile is S.CANCELED:
                    changing.cancel(tx, post_id)
                if meanwhile is S.DRAFT:
                    changing.pause(tx, post_id)

        answered_after(bench, retry)

        post = bench.settle(post_id)
        assert (post.state, [post.media_id]) == (S.PUBLISHED, live(bench)), bench.story(post_id)

    def test_is_that_media_when_the_second_call_did_nothing(self, bench: Bench) -> None:
        post_id = staged(bench)

        def retry() -> None:
            called_not_published(bench, post_id)
            bench.simulator.fault(endpoint="media_publish", mode="reset", nth=1)
            retried(bench, post_id, S.UNCERTAIN)

        answered_after(bench, retry)

        [media_id] = live(bench)
        assert media_id in (bench.read(post_id).error or ""), bench.story(post_id)  # told before it is decided
        assert attempts(bench) == [("not_done", "person", media_id), ("unknown", None, None)]
        post = bench.drive(post_id)
        assert (post.state, post.media_id) == (S.PUBLISHED, media_id), bench.story(post_id)
        assert live(bench) == [media_id]

    def test_cannot_be_called_so_once_more(self, bench: Bench) -> None:
        post_id = staged(bench)

        def retry() -> None:
            called_not_published(bench, post_id)
            bench.simulator.fault(endpoint="media_publish", mode="reset", nth=1)
            retried(bench, post_id, S.UNCERTAIN)
            bench.simulator.fault(endpoint="container", mode="refuse", code=2, status=500)
            sql(bench, A_DAY_LATER)
            bench.drive(post_id, S.NEEDS_REVIEW)

        answered_after(bench, retry)

        [media_id] = live(bench)
        with pytest.raises(NotPossible, match=media_id), bench.database.transaction() as tx:
            resolve_not_published(tx, post_id, now=clock.now())
        with bench.database.transaction() as tx:
            resolve_published(tx, post_id, media_id, now=clock.now())
        assert bench.read(post_id).media_id == media_id

    def test_is_told_of_when_it_has_gone_out_again_and_a_person_ends_it(self, bench: Bench) -> None:
        post_id = staged(bench)

        def retry() -> None:
            called_not_published(bench, post_id)
            retried(bench, post_id, S.PUBLISHED)

        answered_after(bench, retry)

        first, second = live(bench)
        post = bench.settle(post_id)
        assert (post.state, post.media_id) == (S.PUBLISHED, second)
        assert first in (post.error or "")
        assert second in (post.error or "")
        with bench.database.transaction() as tx:
            assert incomplete_posts(tx) == {"once": 1}
        with pytest.raises(Conflict, match=second), bench.database.transaction() as tx:
            resolve_published(tx, post_id, first, now=clock.now())
        with bench.database.transaction() as tx:
            resolve_published(tx, post_id, second, now=clock.now())
        assert bench.read(post_id).error is None

    def test_is_held_for_a_person_when_it_was_edited_since(self, bench: Bench) -> None:
        post_id = staged(bench)

        def edit() -> None:
            called_not_published(bench, post_id)
            retried(bench, post_id, S.STAGED)
            changes = {"media": "feed-2.jpg", "publish_at": "+1h"}
            report = edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder)
            assert not report.problems

        answered_after(bench, edit)

        post = bench.read(post_id)
        assert (post.state, post.wait_reason) == (S.DRAFT, "paused"), bench.story(post_id)
        assert live(bench)[0] in (post.error or "")
        bench.step()
        assert len(live(bench)) == 1

    def test_an_answer_that_comes_at_the_same_moment_waits_for_the_person_and_not_the_other_way(
        self, bench: Bench
    ) -> None:
        post_id = staged(bench)
        pool = ThreadPoolExecutor(1)
        bench.simulator.fault(endpoint="container", mode="refuse", code=2, status=500)

        def person() -> None:
            sql(bench, A_DAY_LATER)
            bench.drive(post_id, S.NEEDS_REVIEW)

        with pool, bench.database.transaction() as tx:

            def held() -> None:
                pool.submit(person).result(60)
                tx.execute(text("SELECT 1 FROM posts WHERE id = :id FOR UPDATE"), {"id": post_id})

            with ThreadPoolExecutor(1) as sender:
                running = sender.submit(answered_after, bench, held)
                until(lambda: waits_for_a_lock(bench.database), what="the answer waits for nobody")
                resolve_not_published(tx, post_id, now=clock.now())
                tx.commit()
                running.result(60)

        post = bench.read(post_id)
        assert (post.state, [post.media_id]) == (S.PUBLISHED, live(bench)), bench.story(post_id)


class TestACommentThatAPersonCalledMissing:
    def test_stands_when_the_answer_says_so(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), first_comment="more in the shop")
        bench.drive(post_id)
        bench.simulator.fault(endpoint="media_comments", mode="refuse", code=2, status=500)

        def person() -> None:
            sql(bench, A_DAY_LATER)
            until(lambda: self._look(bench, post_id), what=lambda: bench.story(post_id))
            with bench.database.transaction() as tx:
                completing.resolve_comment(tx, post_id, was_sent=False, now=clock.now())

        with failpoints.watched(at("comment.after_response", person)):
            bench.hurry()
            bench.step()

        post = bench.read(post_id)
        assert post.comment_id, bench.story(post_id)
        assert (post.error, post.missing) == (None, None)

    def _look(self, bench: Bench, post_id: int) -> bool:
        sql(bench, LEASE_IS_OVER)
        bench.step()
        return bool(bench.read(post_id).missing)


class TestACallThatWasNotMade:
    """The sender is held up between its intent and its call, and another worker has the row by then."""

    def _held_up(self, bench: Bench, point: str, patch: pytest.MonkeyPatch, task: Task) -> None:
        def taken() -> None:
            sql(bench, LEASE_IS_OVER)
            bench.step(task)
            sleep_as_suspended(patch, 200)

        with failpoints.watched(at(point, taken)), patch.context():
            bench.step()
        patch.undo()

    def test_leaves_no_post_in_doubt(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        post_id = staged(bench)

        self._held_up(bench, "publish.after_intent", monkeypatch, Task.POST_RECONCILE)

        post = bench.read(post_id)
        assert (post.state, attempts(bench)) == (S.STAGED, [("not_done", None, None)]), bench.story(post_id)
        assert "publish.lost_sight" in bench.events(post_id)  # so it was: the other worker did look
        assert bench.value("SELECT state FROM quota_entries") == "released"
        post = bench.drive(post_id)
        assert (post.state, [post.media_id]) == (S.PUBLISHED, live(bench))

    def test_nor_a_comment(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        post_id = bench.post(bench.account(0), first_comment="more in the shop")
        bench.drive(post_id)
        bench.hurry()

        self._held_up(bench, "comment.after_intent", monkeypatch, Task.POST_AFTERCARE)

        found = bench.value("SELECT state FROM attempts WHERE action = 'comment'")
        assert found == AttemptState.NOT_DONE, bench.story(post_id)
        assert bench.settle(post_id).comment_id

    def test_and_one_that_was_refused_for_good_does_not_either(self, bench: Bench) -> None:
        post_id = staged(bench)
        bench.simulator.fault(endpoint="media_publish", mode="not_ready", nth=1)

        def taken() -> None:
            sql(bench, LEASE_IS_OVER)
            bench.step(Task.POST_RECONCILE)

        answered_after(bench, taken)

        assert bench.read(post_id).state == S.STAGED, bench.story(post_id)
        assert [state for state, *_ in attempts(bench)] == ["refused"]
        assert bench.drive(post_id).state == S.PUBLISHED
        assert len(live(bench)) == 1

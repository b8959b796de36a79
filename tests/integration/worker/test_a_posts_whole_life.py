"""Random whole lives of a post: real steps against a simulator that misbehaves, workers that die, and a person who
changes their mind at any moment; against a model that knows only what was wished and what the ledger says.

`tests/integration/models/test_a_posts_life.py` does the same for claims and transitions alone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from models.accounts.account import Account
from models.posts.states import CANCELABLE, EDGES, PostState
from pressrun import clock, failpoints
from pressrun.errors import NotPossible
from scheduler.posts import changing
from scheduler.posts.editing import edit_post
from tests.support.bench import Bench
from tests.support.simulator import Simulator

S = PostState
POINTS = (
    "stage.before_container",
    "stage.after_container",
    "stage.after_record",
    "poll.after_read",
    "publish.before_intent",
    "publish.after_intent",
    "publish.after_response",
    "publish.after_record",
    "reconcile.after_read",
    "reconcile.after_record",
)
FAULTS = (
    "accept_then_reset",
    "accept_then_500",
    "accept_then_html",
    "accept_then_empty",
    "refuse_500",
    "reset",
    "not_ready",
)
MAY_BE_LIVE = (S.PUBLISHING, S.UNCERTAIN, S.NEEDS_REVIEW, S.PUBLISHED)
ENDPOINTS = ("media_publish", "media_publish", "container_create")
WORDS = ("spring", "summer")
_lives = count(1)


class PostsWholeLife(RuleBasedStateMachine):
    bench: Bench
    accounts: list[Account]

    @initialize()
    def begin(self) -> None:
        self.bench.simulator.clear_faults()
        self.number = next(_lives)
        self.caption = f"life {self.number}"
        account = self.accounts[self.number % len(self.accounts)]  # so that none runs out of quota
        self.post_id = self.bench.post(account, caption=self.caption, if_late="publish")
        self.state = S.SCHEDULED
        self.captions = {self.caption}

    @rule(point=st.sampled_from(POINTS))
    def a_worker_dies(self, point: str) -> None:
        failpoints.arm(f"{point}=raise@1")
        self._work()
        failpoints.arm("")

    @rule()
    def a_worker_works(self) -> None:
        self._work()

    @rule(mode=st.sampled_from(FAULTS), endpoint=st.sampled_from(ENDPOINTS))
    def the_next_call_goes_wrong(self, mode: str, endpoint: str) -> None:
        self.bench.simulator.fault(endpoint=endpoint, mode=mode, nth=1)

    @rule()
    def time_passes(self) -> None:
        self._let_time_pass()

    @precondition(lambda self: self.state in (S.PUBLISHING, S.UNCERTAIN))
    @rule()
    def a_day_passes(self) -> None:
        with self.bench.database.transaction() as tx:
            tx.execute(text("UPDATE attempts SET intent_at = intent_at - interval '25 hours' WHERE state = 'unknown'"))
        self._let_time_pass()

    @rule()
    def a_person_cancels(self) -> None:
        self._wish((*CANCELABLE, S.CANCELED), S.CANCELED, lambda tx: changing.cancel(tx, self.post_id))

    @rule()
    def a_person_pauses(self) -> None:
        self._wish(CANCELABLE, S.DRAFT, lambda tx: changing.pause(tx, self.post_id))

    @rule()
    def a_person_resumes(self) -> None:
        self._wish((S.DRAFT,), S.SCHEDULED, lambda tx: changing.resume(tx, self.post_id, self.bench.settings))

    @rule()
    def a_person_retries(self) -> None:
        def retry(tx: Any) -> None:
            changing.retry(tx, self.post_id, self.bench.settings, now=clock.now())

        self._wish((S.FAILED, S.EXPIRED), S.SCHEDULED, retry)

    @rule(word=st.sampled_from(WORDS))
    def a_person_edits(self, word: str) -> None:
        bench, caption = self.bench, f"{self.caption} {word}"
        changes = {"caption": caption}
        if self.state not in CANCELABLE:
            with pytest.raises(NotPossible):
                edit_post(bench.database, bench.settings, self.post_id, changes, base=bench.media_folder)
            return
        report = edit_post(bench.database, bench.settings, self.post_id, changes, base=bench.media_folder)
        assert not report.problems
        self.captions = {caption}
        self.state = S.DRAFT if self.state is S.DRAFT else S.SCHEDULED

    @rule()
    def a_person_resolves(self) -> None:
        """They look, and say what they saw."""
        live = self._live()
        if live:
            self._wish(
                (S.NEEDS_REVIEW,),
                S.PUBLISHED,
                lambda tx: changing.resolve_published(tx, self.post_id, live[0]["media_id"], now=clock.now()),
            )
        else:
            self._wish(
                (S.NEEDS_REVIEW,),
                S.FAILED,
                lambda tx: changing.resolve_not_published(tx, self.post_id, now=clock.now()),
            )

    @invariant()
    def what_is_live_is_known(self) -> None:
        live, post = self._live(), self.bench.read(self.post_id)
        assert post.state == self.state, self._story()
        assert len(live) <= 1, self._story()
        assert not live or self.state in MAY_BE_LIVE, self._story()
        if self.state is S.PUBLISHED:
            assert [entry["media_id"] for entry in live] == [post.media_id], self._story()
        assert {entry["caption"] for entry in live} <= self.captions, self._story()

    def teardown(self) -> None:
        """Left alone, with nothing going wrong any more, it comes to its end by itself."""
        failpoints.arm("")
        if not hasattr(self, "post_id"):
            return
        self.bench.simulator.clear_faults()
        self.a_person_resumes()
        for _ in range(40):
            self._let_time_pass()
            self._work()
            self.a_person_resolves()
            if self.bench.read(self.post_id).next_action_at is None:
                break
        self.what_is_live_is_known()
        assert self.state in (S.PUBLISHED, S.CANCELED, S.FAILED), self._story()

    def _work(self) -> None:
        """One round; every change of state must be an edge of the post's life, one after the other."""
        before = self.bench.timeline(self.post_id)
        self.bench.step()
        for event in self.bench.timeline(self.post_id)[len(before) :]:
            assert event.from_state == self.state, self._story()
            to = PostState(event.to_state)
            assert to is self.state or to in EDGES[self.state], self._story()
            self.state = to

    def _let_time_pass(self) -> None:
        """As if leases had ended and doubts had settled: nobody works at this moment."""
        self.bench.hurry()
        with self.bench.database.transaction() as tx:
            tx.execute(
                text("""
                    UPDATE attempts
                       SET intent_at = least(intent_at, now() - interval '4 seconds'),
                           finished_read_at = finished_read_at - interval '1 second'
                     WHERE action = 'publish' AND state IN ('intent', 'unknown')
                """)
            )

    def _wish(self, possible: tuple[PostState, ...], to: PostState, change: Callable[[Any], None]) -> None:
        """A person's change: done where it is possible, refused without a trace elsewhere."""
        if self.state in possible:
            with self.bench.database.transaction() as tx:
                change(tx)
            self.state = to
        else:
            with pytest.raises(NotPossible), self.bench.database.transaction() as tx:
                change(tx)

    def _live(self) -> list[dict[str, Any]]:
        own = {self.caption, *(f"{self.caption} {word}" for word in WORDS)}
        return [entry for entry in self.bench.simulator.publishes() if entry["caption"] in own]

    def _story(self) -> str:
        return f"the model says {self.state}, live {self._live()}\n{self.bench.story(self.post_id)}"


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    return simulator_factory(accounts=20, image_processing_s=0)


def test_no_whole_life_of_a_post_leaves_the_model(bench: Bench) -> None:
    accounts = [bench.account(number) for number in range(20)]
    machine = type("PostsWholeLifeHere", (PostsWholeLife,), {"bench": bench, "accounts": accounts})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )

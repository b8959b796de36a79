"""Random lives of one post under schedulers, workers and persons, against a model of a few lines.

Every step is a real transaction. After each, the row must say what the model says, and the timeline must hold one
event for each transition that went through: nothing is lost, nothing is told twice.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.owed.claims import ClaimLost, Lease, claim_due, finish, give_back, renew, take
from models.owed.works import WORKS
from models.posts.event import Cause
from models.posts.states import ACTIVE, EDGES, EdgeForbidden, PostState, transition
from models.store.session import Database
from pressrun import clock
from pressrun.clock import Deadline
from tests.factories.rows import make_account, make_post

STATES = st.sampled_from(PostState)
LEASE_S = 60.0


class PostsLife(RuleBasedStateMachine):
    """The model: a state, a claim number, whether someone owns the row, whether it is due, and the events so far."""

    database: Database

    @initialize(state=STATES)
    def begin(self, state: PostState) -> None:
        with self.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET state = 'canceled', next_action_at = NULL"))  # those of earlier lives
            post = make_post(tx, make_account(tx), state=state.value, published_at=clock.now())
        self.post_id = post.id
        self.state, self.claim = state, 0
        self.is_owned, self.is_due, self.is_owed = False, True, True
        self.events: list[tuple[PostState, PostState]] = []

    @rule(from_=STATES, to=STATES, age=st.integers(0, 2), is_owed=st.booleans(), is_leased=st.booleans())
    def a_worker_moves_it(self, from_: PostState, to: PostState, age: int, is_owed: bool, is_leased: bool) -> None:
        """`age` 0: the worker that holds the newest claim; else one from before."""
        self._move(from_, to, claim=self.claim - age, is_owed=is_owed, is_leased=is_leased)

    @rule(to=STATES, is_owed=st.booleans(), is_leased=st.booleans())
    def the_worker_that_holds_it_moves_it_on(self, to: PostState, is_owed: bool, is_leased: bool) -> None:
        self._move(self.state, to, claim=self.claim, is_owed=is_owed, is_leased=is_leased)

    @rule(from_=STATES, to=STATES, is_owed=st.booleans())
    def a_person_moves_it(self, from_: PostState, to: PostState, is_owed: bool) -> None:
        self._move(from_, to, claim=None, is_owed=is_owed, is_leased=False)

    @rule(to=STATES, is_owed=st.booleans())
    def a_person_who_looked_moves_it(self, to: PostState, is_owed: bool) -> None:
        self._move(self.state, to, claim=None, is_owed=is_owed, is_leased=False)

    @rule()
    def a_scheduler_claims_what_is_due(self) -> None:
        with self.database.transaction() as tx:
            hints = [hint for work in WORKS for hint in claim_due(tx, work, limit=5, lease_s=LEASE_S)]

        workable = self.state in (*ACTIVE, PostState.PUBLISHED)
        if self.is_due and workable:
            self.claim += 1
            self.is_owned, self.is_due = True, False
            assert [(hint.id, hint.claim) for hint in hints] == [(self.post_id, self.claim)]
        else:
            assert hints == []

    @rule(age=st.integers(0, 2))
    def a_worker_takes_a_hint(self, age: int) -> None:
        number = self.claim - age
        with self.database.transaction() as tx:
            lease = take(tx, "posts", self.post_id, number, lease_s=LEASE_S)

        if age == 0 and self.is_owned:
            self.claim += 1
            self.is_due = False
            assert lease is not None
            assert lease.claim == self.claim
        else:
            assert lease is None

    @rule(age=st.integers(0, 2))
    def a_worker_renews(self, age: int) -> None:
        holds = age == 0 and self.is_owned
        with self._or_lost(holds), self.database.transaction() as tx:
            renew(tx, self._lease(age))
        if holds:
            self.is_due = False

    @rule(age=st.integers(0, 2), is_owed=st.booleans())
    def a_worker_finishes(self, age: int, is_owed: bool) -> None:
        holds = age == 0 and self.is_owned
        next_at = clock.now() + timedelta(hours=1) if is_owed else None
        expected: AbstractContextManager[Any] = self._or_lost(holds)
        if holds and not is_owed and self.state in ACTIVE:
            expected, holds = pytest.raises(IntegrityError), False
        with expected, self.database.transaction() as tx:
            finish(tx, self._lease(age), next_action_at=next_at)
        if holds:
            self.is_owned, self.is_due, self.is_owed = False, False, is_owed

    @rule(age=st.integers(0, 2))
    def a_hint_is_given_back(self, age: int) -> None:
        holds = age == 0 and self.is_owned
        with self.database.transaction() as tx:
            assert give_back(tx, "posts", self.post_id, self.claim - age) is holds
        if holds:
            self.is_owned, self.is_due = False, True

    @rule()
    def its_time_comes(self) -> None:
        """The date passes, or the lease runs out because its holder is dead."""
        with self.database.transaction() as tx:
            tx.execute(
                text("UPDATE posts SET next_action_at = now() - interval '1 ms' WHERE next_action_at IS NOT NULL")
            )
        self.is_due = self.is_owed

    @invariant()
    def the_row_says_what_the_model_says(self) -> None:
        with self.database.transaction() as tx:
            row = self._row(tx)
            events = tx.execute(
                text("SELECT from_state, to_state FROM post_events WHERE post_id = :id ORDER BY id"),
                {"id": self.post_id},
            )
            told = [(event.from_state, event.to_state) for event in events]
        assert (row.state, row.claim, row.is_owned) == (self.state, self.claim, self.is_owned)
        assert (row.is_owed, row.is_due) == (self.is_owed, self.is_due)
        assert told == self.events
        assert row.is_owed or row.state not in ACTIVE

    def _move(self, from_: PostState, to: PostState, *, claim: int | None, is_owed: bool, is_leased: bool) -> None:
        expected: AbstractContextManager[Any] = nullcontext()
        if from_ is not to and to not in EDGES[from_]:
            expected = pytest.raises(EdgeForbidden)
        elif from_ is not self.state or claim not in (None, self.claim):
            expected = pytest.raises(ClaimLost)
        elif to in ACTIVE and not (is_owed or is_leased):
            expected = pytest.raises(IntegrityError)
        with expected, self.database.transaction() as tx:
            transition(
                tx,
                self.post_id,
                from_=from_,
                to=to,
                claim=claim,
                cause=Cause("test.moved"),
                next_action_at=clock.now() + timedelta(hours=1) if is_owed else None,
                lease_s=LEASE_S if is_leased else None,
            )
        if isinstance(expected, nullcontext):
            self.state = to
            self.claim += 1 if claim is None else 0
            self.is_owned, self.is_due, self.is_owed = is_leased, False, is_owed or is_leased
            self.events.append((from_, to))

    def _row(self, tx: Session) -> Any:
        query = """
            SELECT state, claim, leased_until IS NOT NULL AS is_owned, next_action_at IS NOT NULL AS is_owed,
                   coalesce(next_action_at <= now(), false) AS is_due
              FROM posts WHERE id = :id
        """
        return tx.execute(text(query), {"id": self.post_id}).one()

    def _lease(self, age: int) -> Lease:
        return Lease("posts", self.post_id, self.claim - age, Deadline.after(LEASE_S), LEASE_S)

    def _or_lost(self, holds: bool) -> AbstractContextManager[Any]:
        return nullcontext() if holds else pytest.raises(ClaimLost)


def test_no_life_of_a_post_leaves_the_model(loose: Database) -> None:
    machine = type("PostsLifeHere", (PostsLife,), {"database": loose})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )

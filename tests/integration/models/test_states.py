"""Transitions: only along the edges, only from where the post really is, only by who holds it, and told once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.owed.claims import ClaimLost, Lease, claim_due, finish, take
from models.owed.works import WORKS
from models.posts.event import Cause, PostEvent, timeline
from models.posts.post import Post, get_post
from models.posts.states import ACTIVE, EDGES, EdgeForbidden, PostState, transition
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_post
from tests.integration.models.racing import race

S = PostState
PAIRS = list(product(PostState, repeat=2))
ALLOWED = [(from_, to) for from_, to in PAIRS if to in EDGES[from_] or from_ is to]
REFUSED = [pair for pair in PAIRS if pair not in ALLOWED]
CAUSE = Cause("test.moved", "moved by a test", error_class="transient", code="2", subcode="3", fbtrace_id="trace")


def _post(database: Database, state: PostState, **over: Any) -> int:
    now = clock.now()
    with database.transaction() as tx:
        post = make_post(tx, make_account(tx), **{"state": state.value, "published_at": now, "claim": 5} | over)
        return post.id


def _read(database: Database, post_id: int) -> Post:
    with database.transaction() as tx:
        return get_post(tx, post_id)


def _events(database: Database, post_id: int) -> list[PostEvent]:
    with database.transaction() as tx:
        return timeline(tx, post_id)


def _columns(post: Post) -> dict[str, Any]:
    return {column.name: getattr(post, column.name) for column in Post.__table__.columns}


def _move(database: Database, post_id: int, from_: PostState, to: PostState, *, claim: int | None, **more: Any) -> None:
    with database.transaction() as tx:
        transition(tx, post_id, from_=from_, to=to, claim=claim, cause=CAUSE, **more)


@pytest.mark.parametrize(("from_", "to"), ALLOWED)
def test_an_allowed_edge_moves_the_post_and_writes_one_event(shared: Database, from_: PostState, to: PostState) -> None:
    post_id = _post(shared, from_)
    next_at = clock.now() + timedelta(minutes=7)

    _move(shared, post_id, from_, to, claim=5, next_action_at=next_at, wait_reason="quota", tries=3)

    post = _read(shared, post_id)
    assert (post.state, post.claim, post.next_action_at, post.leased_until) == (to, 5, next_at, None)
    assert (post.wait_reason, post.tries) == ("quota", 3)
    events = _events(shared, post_id)
    assert [(event.from_state, event.to_state, event.reason, event.message) for event in events] == [
        (from_, to, "test.moved", "moved by a test")
    ]
    event = events[0]
    assert (event.error_class, event.code, event.subcode, event.fbtrace_id) == ("transient", "2", "3", "trace")


@pytest.mark.parametrize(("from_", "to"), REFUSED)
def test_every_other_pair_is_refused_and_changes_nothing(shared: Database, from_: PostState, to: PostState) -> None:
    post_id = _post(shared, from_)
    before = _columns(_read(shared, post_id))

    for claim in (5, None):
        with pytest.raises(EdgeForbidden, match=f"post {post_id} cannot go from {from_} to {to}"):
            _move(shared, post_id, from_, to, claim=claim, next_action_at=clock.now())

    assert _columns(_read(shared, post_id)) == before
    assert _events(shared, post_id) == []


class TestCompareAndSet:
    def test_a_post_that_has_moved_on_is_not_moved_again(self, shared: Database) -> None:
        post_id = _post(shared, S.STAGED)
        before = _columns(_read(shared, post_id))

        for claim in (5, None):
            with pytest.raises(ClaimLost, match="no longer scheduled"):
                _move(shared, post_id, S.SCHEDULED, S.STAGING, claim=claim, next_action_at=clock.now())

        assert _columns(_read(shared, post_id)) == before
        assert _events(shared, post_id) == []

    @pytest.mark.parametrize("claim", [4, 6, 0])
    def test_another_claim_does_not_move_it(self, shared: Database, claim: int) -> None:
        post_id = _post(shared, S.STAGED)
        before = _columns(_read(shared, post_id))

        with pytest.raises(ClaimLost, match=f"under claim {claim}"):
            _move(shared, post_id, S.STAGED, S.FAILED, claim=claim)

        assert _columns(_read(shared, post_id)) == before
        assert _events(shared, post_id) == []

    def test_a_stalled_worker_cannot_finish_a_step_that_another_has_taken_through_the_same_state(
        self, shared: Database
    ) -> None:
        post_id = _post(shared, S.STAGED, claim=1)
        _move(shared, post_id, S.STAGED, S.SCHEDULED, claim=None, next_action_at=clock.now())
        _move(shared, post_id, S.SCHEDULED, S.STAGING, claim=2, next_action_at=clock.now())
        _move(shared, post_id, S.STAGING, S.STAGED, claim=2, next_action_at=clock.now())

        with pytest.raises(ClaimLost):
            _move(shared, post_id, S.STAGED, S.PUBLISHING, claim=1, lease_s=30)

    def test_a_post_that_does_not_exist_is_lost(self, shared: Database) -> None:
        with pytest.raises(ClaimLost):
            _move(shared, 999_999, S.STAGED, S.FAILED, claim=None)

    def test_the_event_goes_with_the_transition_or_not_at_all(self, shared: Database) -> None:
        post_id = _post(shared, S.STAGED)

        with shared.transaction() as tx:
            transition(tx, post_id, from_=S.STAGED, to=S.FAILED, claim=5, cause=CAUSE)
            tx.rollback()

        assert _read(shared, post_id).state == S.STAGED
        assert _events(shared, post_id) == []

    def test_an_events_message_holds_no_token(self, shared: Database) -> None:
        post_id = _post(shared, S.STAGED)

        with shared.transaction() as tx:
            told = Cause("test.moved", "GET /me?access_token=EAAGm0PX4ZCpsBAKZCZD failed")
            transition(tx, post_id, from_=S.STAGED, to=S.FAILED, claim=5, cause=told)

        assert _events(shared, post_id)[0].message == "GET /me?access_token=[redacted] failed"


class TestAPersonsWish:
    def test_takes_the_post_from_the_worker_that_holds_it(self, loose: Database) -> None:
        post_id = _post(loose, S.STAGED, claim=0)
        lease = _held(loose)

        _move(loose, post_id, S.STAGED, S.CANCELED, claim=None)

        post = _read(loose, post_id)
        assert (post.state, post.claim, post.leased_until) == (S.CANCELED, lease.claim + 1, None)
        with pytest.raises(ClaimLost):
            _move(loose, post_id, S.STAGED, S.PUBLISHING, claim=lease.claim, lease_s=30)
        with pytest.raises(ClaimLost), loose.transaction() as tx:
            finish(tx, lease, next_action_at=clock.now())

    def test_makes_a_hint_that_is_under_way_stale(self, loose: Database) -> None:
        post_id = _post(loose, S.STAGED, claim=0)
        with loose.transaction() as tx:
            hint = claim_due(tx, WORKS[0], limit=1, lease_s=30)[0]

        _move(loose, post_id, S.STAGED, S.SCHEDULED, claim=None, next_action_at=clock.now())

        with loose.transaction() as tx:
            assert take(tx, "posts", hint.id, hint.claim, lease_s=30) is None

    def test_of_canceling_and_the_intent_to_publish_exactly_one_wins(self, loose: Database) -> None:
        outcomes = set()
        for _ in range(40):
            post_id = _post(loose, S.STAGED, claim=0)
            lease = _held(loose)

            cancel = partial(_move, loose, post_id, S.STAGED, S.CANCELED, claim=None)
            intend = partial(_move, loose, post_id, S.STAGED, S.PUBLISHING, claim=lease.claim, lease_s=30)
            won = race([partial(_succeeds, cancel), partial(_succeeds, intend)])

            assert sorted(won) == [False, True]
            post = _read(loose, post_id)
            assert post.state == (S.CANCELED if won[0] else S.PUBLISHING)
            assert [event.to_state for event in _events(loose, post_id)] == [post.state]
            outcomes.add(post.state)
        assert outcomes <= {S.CANCELED.value, S.PUBLISHING.value}


class TestLeasedTransition:
    def test_keeps_the_post_with_the_worker_for_that_long(self, loose: Database) -> None:
        post_id = _post(loose, S.STAGED, claim=0)
        lease = _held(loose)

        _move(loose, post_id, S.STAGED, S.PUBLISHING, claim=lease.claim, lease_s=45)

        post = _read(loose, post_id)
        assert post.leased_until is not None
        assert post.leased_until == post.next_action_at
        assert timedelta(seconds=40) < post.leased_until - clock.now() <= timedelta(seconds=45)
        assert post.claim == lease.claim
        with loose.transaction() as tx:
            assert [hint for work in WORKS for hint in claim_due(tx, work, limit=10, lease_s=30)] == []

    def test_goes_before_a_date_that_is_given_too(self, shared: Database) -> None:
        post_id = _post(shared, S.STAGED)

        _move(shared, post_id, S.STAGED, S.PUBLISHING, claim=5, lease_s=45, next_action_at=clock.now())

        post = _read(shared, post_id)
        assert post.next_action_at is not None
        assert post.next_action_at > clock.now() + timedelta(seconds=40)

    def test_a_transition_without_a_lease_gives_the_post_up(self, loose: Database) -> None:
        post_id = _post(loose, S.STAGED, claim=0)
        lease = _held(loose)

        _move(loose, post_id, S.STAGED, S.STAGED, claim=lease.claim, next_action_at=clock.now())

        with loose.transaction() as tx:
            assert take(tx, "posts", post_id, lease.claim, lease_s=30) is None
            assert [hint.claim for hint in claim_due(tx, WORKS[0], limit=1, lease_s=30)] == [lease.claim + 1]

    def test_what_is_not_said_again_is_forgotten(self, shared: Database) -> None:
        post_id = _post(shared, S.STAGED, wait_reason="quota", tries=4)

        _move(shared, post_id, S.STAGED, S.STAGED, claim=5, next_action_at=clock.now())

        post = _read(shared, post_id)
        assert (post.wait_reason, post.tries) == (None, 0)


class TestWhatTheDatabaseRefuses:
    @pytest.mark.parametrize("state", ACTIVE)
    def test_an_active_post_that_is_owed_nothing(self, shared: Database, state: PostState) -> None:
        post_id = _post(shared, state)

        with pytest.raises(IntegrityError, match="ck_posts_active_is_owed"):
            _move(shared, post_id, state, state, claim=5)
        with pytest.raises(IntegrityError, match="ck_posts_active_is_owed"), shared.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = NULL WHERE id = :id"), {"id": post_id})

        assert _read(shared, post_id).next_action_at is not None
        assert _events(shared, post_id) == []

    @pytest.mark.parametrize("state", [state for state in PostState if state not in ACTIVE])
    def test_no_other_post_needs_to_be_owed_a_step(self, shared: Database, state: PostState) -> None:
        post_id = _post(shared, state)

        _move(shared, post_id, state, state, claim=5)

        assert _read(shared, post_id).next_action_at is None

    def test_a_published_post_without_its_time(self, shared: Database) -> None:
        post_id = _post(shared, S.PUBLISHING, published_at=None)

        with pytest.raises(IntegrityError, match="ck_posts_published_at"):
            _move(shared, post_id, S.PUBLISHING, S.PUBLISHED, claim=5)

    @pytest.mark.parametrize(("column", "value"), [("state", "ready"), ("type", "igtv"), ("if_late", "shrug")], ids=str)
    def test_a_word_that_is_not_of_the_list(self, shared: Database, column: str, value: str) -> None:
        post_id = _post(shared, S.STAGED)

        with pytest.raises(IntegrityError, match=f"ck_posts_{column}"), shared.transaction() as tx:
            tx.execute(text(f"UPDATE posts SET {column} = :value WHERE id = :id"), {"value": value, "id": post_id})  # noqa: S608


def _held(database: Database) -> Lease:
    """The only staged post that is due, taken by a worker."""
    with database.transaction() as tx:
        hint = claim_due(tx, WORKS[0], limit=1, lease_s=30)[0]
        lease = take(tx, "posts", hint.id, hint.claim, lease_s=30)
    assert lease is not None
    return lease


def _succeeds(move: partial[None]) -> bool:
    try:
        move()
    except ClaimLost:
        return False
    return True

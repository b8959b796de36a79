"""The shape of a post's life, judged apart from the database."""

from __future__ import annotations

from models.posts.states import ACTIVE, CANCELABLE, EDGES, PostState

S = PostState


def _reachable(start: PostState, *, without: PostState | None = None) -> set[PostState]:
    found: set[PostState] = set()
    ahead = [start]
    while ahead:
        state = ahead.pop()
        if state not in found and state is not without:
            found.add(state)
            ahead += EDGES[state]
    return found


def test_every_state_has_its_edges() -> None:
    assert set(EDGES) == set(PostState)


def test_every_state_can_be_reached_from_a_draft() -> None:
    assert _reachable(S.DRAFT) == set(PostState)


def test_nothing_becomes_published_without_an_intent_or_a_persons_word() -> None:
    assert {state for state, to in EDGES.items() if S.PUBLISHED in to} == {S.PUBLISHING, S.UNCERTAIN, S.NEEDS_REVIEW}


def test_nothing_is_sent_that_was_not_staged() -> None:
    assert {state for state, to in EDGES.items() if S.PUBLISHING in to} == {S.STAGED}


def test_an_unresolved_send_cannot_be_canceled_or_expire_or_get_a_new_container() -> None:
    assert EDGES[S.UNCERTAIN] == {S.PUBLISHED, S.STAGED, S.NEEDS_REVIEW}
    assert not EDGES[S.PUBLISHING] & {S.CANCELED, S.EXPIRED, S.SCHEDULED, S.DRAFT}


def test_what_is_published_or_canceled_stays_so() -> None:
    assert {state for state, to in EDGES.items() if not to} == {S.PUBLISHED, S.CANCELED}


def test_every_cancelable_state_can_be_canceled_and_no_other() -> None:
    assert {state for state, to in EDGES.items() if S.CANCELED in to} == set(CANCELABLE)


def test_every_active_state_has_a_way_to_an_end() -> None:
    for state in ACTIVE:
        assert _reachable(state) & {S.PUBLISHED, S.FAILED, S.NEEDS_REVIEW}

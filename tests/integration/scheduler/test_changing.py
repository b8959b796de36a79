"""What a person may want of a post, in every state: done where it makes sense, refused with the reason elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import get_account
from models.owed.claims import claim_due, take
from models.owed.works import WORKS
from models.posts.event import Cause, timeline
from models.posts.part import parts_of
from models.posts.post import Post, get_post
from models.posts.states import PostState, transition
from models.store.session import Database
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible
from pressrun.settings import Settings
from scheduler.posts import changing
from tests.factories.rows import first_part, make_account, make_attempt, make_container, make_post
from tests.integration.models.racing import race
from tests.support.lock_order import lock_order_kept

S = PostState
HOUR = timedelta(hours=1)
SETTINGS = Settings()
MEDIA_ID = "17900000000000001"

Change = Callable[[Session, int], Any]

CHANGES: dict[str, Change] = {
    "cancel": changing.cancel,
    "pause": changing.pause,
    "resume": lambda tx, id_: changing.resume(tx, id_, SETTINGS),
    "retry": lambda tx, id_: changing.retry(tx, id_, SETTINGS, now=clock.now()),
    "resolve published": lambda tx, id_: changing.resolve_published(tx, id_, MEDIA_ID, now=clock.now()),
    "resolve not published": lambda tx, id_: changing.resolve_not_published(tx, id_, now=clock.now()),
}
BEFORE_THE_INTENT = (S.DRAFT, S.SCHEDULED, S.STAGING, S.STAGED)
POSSIBLE: dict[str, dict[PostState, PostState]] = {
    "cancel": dict.fromkeys([*BEFORE_THE_INTENT, S.CANCELED], S.CANCELED),
    "pause": dict.fromkeys(BEFORE_THE_INTENT, S.DRAFT),
    "resume": {S.DRAFT: S.SCHEDULED},
    "retry": dict.fromkeys([S.FAILED, S.EXPIRED], S.SCHEDULED),
    "resolve published": {S.NEEDS_REVIEW: S.PUBLISHED},
    "resolve not published": {S.NEEDS_REVIEW: S.FAILED},
}
ACTIVE_OR_PUBLISHED = {S.SCHEDULED, S.STAGING, S.STAGED, S.PUBLISHING, S.UNCERTAIN, S.PUBLISHED}


def _post(database: Database, state: PostState, *, parts: int = 1) -> int:
    """A post in that state with all that belongs to it."""
    now = clock.now()
    with database.transaction() as tx:
        account = make_account(tx)
        post = make_post(
            tx,
            account,
            state=state.value,
            parts=parts,
            next_action_at=now + HOUR if state in ACTIVE_OR_PUBLISHED else None,
            published_at=now if state is S.PUBLISHED else None,
            media_id="1" if state is S.PUBLISHED else None,
        )
        part = first_part(tx, post)
        if state not in (S.DRAFT, S.SCHEDULED, S.CANCELED):
            container = make_container(tx, part, account)
            attempted = {
                S.PUBLISHING: "intent",
                S.UNCERTAIN: "unknown",
                S.NEEDS_REVIEW: "needs_review",
                S.PUBLISHED: "succeeded",
            }.get(state)
            if attempted is not None:
                made = make_attempt(
                    tx,
                    post,
                    state=attempted,
                    container_id=container.id,
                    result_id="1" if attempted == "succeeded" else None,
                )
                tx.execute(
                    text(
                        "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
                        " VALUES (:account, :attempt, 'reserved', now(), 25)"
                    ),
                    {"account": account.id, "attempt": made.id},
                )
        if state is S.PUBLISHED:
            part.media_id = "1"
        return post.id


def _change(database: Database, name: str, post_id: int) -> None:
    with database.transaction() as tx:
        CHANGES[name](tx, post_id)


def _read(database: Database, post_id: int) -> Post:
    with database.transaction() as tx:
        return get_post(tx, post_id)


def _told(database: Database, post_id: int) -> list[tuple[str | None, str, str]]:
    with database.transaction() as tx:
        return [(one.from_state, one.to_state, one.reason) for one in timeline(tx, post_id)]


def _value(database: Database, query: str) -> Any:
    with database.transaction() as tx:
        return tx.execute(text(query)).scalar_one()


@pytest.mark.parametrize(
    ("change", "state"),
    [(change, state) for change, states in POSSIBLE.items() for state in states],
)
def test_what_makes_sense_is_done_and_told_once(database: Database, change: str, state: PostState) -> None:
    post_id = _post(database, state)

    with lock_order_kept(database):
        _change(database, change, post_id)

    to = POSSIBLE[change][state]
    post = _read(database, post_id)
    assert post.version == (1 if state is to else 2)
    assert post.state == to
    assert (post.next_action_at is not None) == (to in (S.SCHEDULED, S.PUBLISHED))
    # What is so already is not done, and not told, again.
    assert [(from_, end) for from_, end, _ in _told(database, post_id)] == ([] if state is to else [(state, to)])


@pytest.mark.parametrize(
    ("change", "state"),
    [(change, state) for change in CHANGES for state in PostState if state not in POSSIBLE[change]],
)
def test_everything_else_is_refused_with_the_reason_and_changes_nothing(
    database: Database, change: str, state: PostState
) -> None:
    post_id = _post(database, state)
    with database.transaction() as tx:
        before = tx.execute(text("SELECT * FROM posts")).one()

    with pytest.raises(NotPossible, match=f"post {post_id} cannot be"):
        _change(database, change, post_id)

    with database.transaction() as tx:
        assert tx.execute(text("SELECT * FROM posts")).one() == before
    assert _told(database, post_id) == []


class TestClaims:
    @pytest.mark.parametrize("change", ["cancel", "pause"])
    def test_a_worker_that_is_just_staging_the_post_loses_it(self, database: Database, change: str) -> None:
        post_id = _post(database, S.SCHEDULED)
        with database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now()"))
        with database.transaction() as tx:
            (hint,) = claim_due(tx, WORKS[1], limit=1, lease_s=30)
            lease = take(tx, "posts", hint.id, hint.claim, lease_s=30)
        assert lease is not None

        _change(database, change, post_id)

        assert _read(database, post_id).claim > lease.claim
        assert _read(database, post_id).leased_until is None

    @pytest.mark.parametrize("change", ["cancel", "pause"])
    def test_of_the_wish_and_the_intent_exactly_one_wins(self, loose: Database, change: str) -> None:
        for _ in range(20):
            post_id = _post(loose, S.STAGED)

            def wish(post_id: int = post_id) -> bool:
                try:
                    _change(loose, change, post_id)
                except NotPossible:
                    return False
                return True

            def intend(post_id: int = post_id) -> bool:
                try:
                    with loose.transaction() as tx:
                        transition(
                            tx,
                            post_id,
                            from_=S.STAGED,
                            to=S.PUBLISHING,
                            claim=0,
                            cause=Cause("publish.intent"),
                            lease_s=30,
                        )
                except Exception:
                    return False
                return True

            assert sorted(race([wish, intend])) == [False, True]


class TestCancel:
    def test_what_has_gone_out_already_is_told(self, database: Database) -> None:
        post_id = _post(database, S.STAGED, parts=2)
        with database.transaction() as tx:
            first_part(tx, get_post(tx, post_id)).media_id = "1"

        with database.transaction() as tx:
            changing.cancel(tx, post_id, why="a wrong price")

        with database.transaction() as tx:
            message = timeline(tx, post_id)[-1].message
        assert message == "canceled: a wrong price; 1 of its media had gone out already"


class TestPauseAndResume:
    def test_a_paused_post_is_owed_nothing_and_keeps_its_container(self, database: Database) -> None:
        post_id = _post(database, S.STAGED)

        _change(database, "pause", post_id)
        _change(database, "pause", post_id)

        assert _read(database, post_id).wait_reason == "paused"
        assert _value(database, "SELECT count(*) FROM containers WHERE dropped_at IS NULL") == 1
        assert len(_told(database, post_id)) == 1

    @pytest.mark.parametrize(("ahead", "due_in"), [(3 * HOUR, 2.5 * HOUR), (HOUR / 4, 0 * HOUR), (-HOUR, 0 * HOUR)])
    def test_a_resumed_post_is_owed_its_staging_in_time_and_never_in_the_past(
        self, database: Database, ahead: timedelta, due_in: timedelta
    ) -> None:
        post_id = _post(database, S.DRAFT)
        now = clock.now()
        with database.transaction() as tx:
            get_post(tx, post_id).publish_at = now + ahead

        _change(database, "resume", post_id)

        next_at = _read(database, post_id).next_action_at
        assert next_at is not None
        assert timedelta(0) <= next_at - (now + due_in) < timedelta(seconds=30)


class TestRetry:
    def test_it_starts_anew_with_a_new_container_and_without_its_error(self, database: Database) -> None:
        post_id = _post(database, S.FAILED)
        with database.transaction() as tx:
            get_post(tx, post_id).error = "it failed"

        _change(database, "retry", post_id)

        post = _read(database, post_id)
        assert (post.error, post.error_class, post.tries) == (None, None, 0)
        assert clock.now() - post.publish_at < timedelta(seconds=30)
        assert _value(database, "SELECT count(*) FROM containers WHERE dropped_at IS NULL") == 0

    def test_what_has_gone_out_stays_as_it_is(self, database: Database) -> None:
        post_id = _post(database, S.FAILED, parts=2)
        with database.transaction() as tx:
            first_part(tx, get_post(tx, post_id)).media_id = "1"

        _change(database, "retry", post_id)

        assert _value(database, "SELECT count(*) FROM containers WHERE dropped_at IS NULL") == 1
        with database.transaction() as tx:
            assert [part.media_id for part in parts_of(tx, post_id)] == ["1", None]

    def test_it_may_be_for_another_time(self, database: Database) -> None:
        post_id = _post(database, S.EXPIRED)
        later = clock.now() + 5 * HOUR

        with database.transaction() as tx:
            changing.retry(tx, post_id, SETTINGS, now=clock.now(), publish_at=later)

        post = _read(database, post_id)
        assert (post.publish_at, post.next_action_at) == (later, later - SETTINGS.stage_ahead)


class TestResolve:
    def test_a_post_that_a_person_saw_live_has_its_media_id_everywhere(self, database: Database) -> None:
        post_id = _post(database, S.NEEDS_REVIEW)

        _change(database, "resolve published", post_id)

        post = _read(database, post_id)
        assert (post.media_id, post.published_at is not None) == (MEDIA_ID, True)
        assert _value(database, "SELECT media_id FROM parts") == MEDIA_ID
        assert _value(database, "SELECT state || ' ' || result_id FROM attempts") == f"succeeded {MEDIA_ID}"
        assert _value(database, "SELECT state FROM quota_entries") == "used"
        assert _value(database, "SELECT ig_id FROM media WHERE part_id IS NOT NULL") == MEDIA_ID

    def test_of_several_stories_the_next_goes_out_once_the_one_in_doubt_is_resolved(self, database: Database) -> None:
        post_id = _post(database, S.NEEDS_REVIEW, parts=2)

        _change(database, "resolve published", post_id)

        post = _read(database, post_id)
        assert (post.state, post.published_at) == (S.STAGED, None)
        assert post.next_action_at is not None
        with database.transaction() as tx:
            assert [part.media_id for part in parts_of(tx, post_id)] == [MEDIA_ID, None]

    def test_a_post_that_a_person_saw_missing_has_failed_and_may_be_retried(self, database: Database) -> None:
        post_id = _post(database, S.NEEDS_REVIEW)

        _change(database, "resolve not published", post_id)

        assert "it may be retried" in (_read(database, post_id).error or "")
        assert _value(database, "SELECT state FROM attempts") == "not_done"
        assert _value(database, "SELECT state FROM quota_entries") == "released"
        _change(database, "retry", post_id)
        assert _read(database, post_id).state == S.SCHEDULED

    def test_a_post_that_a_late_answer_has_told_live_is_not_missing(self, database: Database) -> None:
        post_id = _post(database, S.NEEDS_REVIEW)
        with database.transaction() as tx:
            tx.execute(text("UPDATE attempts SET result_id = :id"), {"id": MEDIA_ID})

        with pytest.raises(NotPossible, match=f"live as media {MEDIA_ID}") as refused:
            _change(database, "resolve not published", post_id)

        assert (refused.value.type, refused.value.ids) == ("post.is_live", {"post": post_id, "media": MEDIA_ID})
        with pytest.raises(NotPossible, match=MEDIA_ID), database.transaction() as tx:
            changing.resolve_published(tx, post_id, "17900000000000002", now=clock.now())
        assert _read(database, post_id).state == S.NEEDS_REVIEW
        _change(database, "resolve published", post_id)
        assert _read(database, post_id).media_id == MEDIA_ID

    def test_a_post_without_a_known_attempt_gets_one_for_what_the_person_saw(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            post = make_post(tx, account, state="needs_review", next_action_at=None)
            make_container(tx, first_part(tx, post), account)

        _change(database, "resolve published", post.id)

        assert _read(database, post.id).state == S.PUBLISHED

    @pytest.mark.parametrize("media_id", ["", "abc", "https://www.instagram.com/p/x/", "12²", "-1"])
    def test_what_is_no_media_id_is_refused(self, database: Database, media_id: str) -> None:
        post_id = _post(database, S.NEEDS_REVIEW)

        with pytest.raises(Invalid, match="is not a media id"), database.transaction() as tx:
            changing.resolve_published(tx, post_id, media_id, now=clock.now())

    def test_the_media_of_another_post_is_refused(self, database: Database) -> None:
        other = _post(database, S.NEEDS_REVIEW)
        _change(database, "resolve published", other)
        post_id = _post(database, S.NEEDS_REVIEW)

        with pytest.raises(Conflict, match=f"media {MEDIA_ID} belongs to post {other}"):
            _change(database, "resolve published", post_id)

        assert _read(database, post_id).state == S.NEEDS_REVIEW


class TestAccounts:
    def test_a_paused_account_is_resumed_with_what_waited_for_it(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            waiting, other = (
                make_post(tx, account, state="staged", next_action_at=clock.now() + HOUR, wait_reason=reason).id
                for reason in ("account", "quota")
            )
            changing.pause_account(tx, account, why=None)

        with database.transaction() as tx:
            assert get_account(tx, account.id).state == "paused"
            assert changing.resume_account(tx, get_account(tx, account.id), now=clock.now()) == 1

        assert _value(database, f"SELECT next_action_at <= now() FROM posts WHERE id = {waiting}")  # noqa: S608
        assert not _value(database, f"SELECT next_action_at <= now() FROM posts WHERE id = {other}")  # noqa: S608
        with database.transaction() as tx:
            assert get_account(tx, account.id).state == "active"

"""Attempts: what keeps one post from going out twice, and what is known of each call."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from models.posts.part import parts_of
from models.posts.post import Post
from models.publishing import attempt as attempts
from models.publishing.attempt import (
    Action,
    Attempt,
    AttemptState,
    Said,
    SettledBy,
    Target,
    record_intent,
    settle,
    unresolved_attempt,
)
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_attempt, make_mention, make_post, make_reply
from tests.integration.models.racing import race

A = AttemptState
UNRESOLVED = (A.INTENT, A.UNKNOWN, A.NEEDS_REVIEW)
NOTHING_HAPPENED = (A.REFUSED, A.NOT_DONE)


def _post(database: Database, **over: Any) -> Post:
    with database.transaction() as tx:
        return make_post(tx, over.pop("account", None) or make_account(tx), state="staged", **over)


def _attempt(database: Database, post: Post, state: AttemptState, **over: Any) -> int:
    with database.transaction() as tx:
        return make_attempt(tx, post, **{"state": state.value} | over).id


def _intend(database: Database, post: Post, *, action: Action = Action.PUBLISH) -> int:
    with database.transaction() as tx:
        part = first_part(tx, post)
        return record_intent(tx, Target.of_part(action, part), claim=1, now=clock.now()).id


def _read(database: Database, attempt_id: int) -> Attempt:
    with database.transaction() as tx:
        return tx.get_one(Attempt, attempt_id)


class TestOnlyOnce:
    @pytest.mark.parametrize("state", UNRESOLVED)
    def test_no_second_attempt_while_one_is_unresolved(self, shared: Database, state: AttemptState) -> None:
        post = _post(shared)
        _attempt(shared, post, state)

        with pytest.raises(IntegrityError, match="uq_attempts_open"):
            _intend(shared, post)

    def test_no_second_attempt_of_what_has_succeeded(self, shared: Database) -> None:
        post = _post(shared)
        _attempt(shared, post, A.SUCCEEDED, result_id="1")

        with pytest.raises(IntegrityError, match="uq_attempts_open"):
            _intend(shared, post)

    @pytest.mark.parametrize("state", NOTHING_HAPPENED)
    def test_another_attempt_once_it_is_proved_that_nothing_happened(
        self, shared: Database, state: AttemptState
    ) -> None:
        post = _post(shared)
        first = _attempt(shared, post, state)
        _attempt(shared, post, state)

        assert _intend(shared, post) > first

    def test_of_many_intents_at_once_one_is_written(self, shared: Database) -> None:
        post = _post(shared)

        def intend() -> bool:
            try:
                _intend(shared, post)
            except IntegrityError:
                return False
            return True

        assert Counter(race([intend] * 8)) == {True: 1, False: 7}

    def test_a_first_comment_does_not_stand_in_the_way_of_the_post(self, shared: Database) -> None:
        post = _post(shared)
        _attempt(shared, post, A.UNKNOWN, action="comment")

        assert _intend(shared, post)
        with pytest.raises(IntegrityError, match="uq_attempts_open"):
            _intend(shared, post, action=Action.COMMENT)

    def test_each_story_of_several_has_an_attempt_of_its_own(self, shared: Database) -> None:
        post = _post(shared, parts=2)
        with shared.transaction() as tx:
            parts = parts_of(tx, post.id)
            for part in parts:
                make_attempt(tx, post, part_id=part.id)
            found = [unresolved_attempt(tx, Target.of_part(Action.PUBLISH, part)) for part in parts]

        assert [one.part_id for one in found if one] == [part.id for part in parts]

    @pytest.mark.parametrize("state", [*UNRESOLVED, A.SUCCEEDED])
    def test_a_reply_has_one_that_may_have_worked(self, shared: Database, state: AttemptState) -> None:
        with shared.transaction() as tx:
            reply = make_reply(tx, make_mention(tx, make_account(tx)))
            attempt = record_intent(tx, Target.of_reply(reply.id), claim=1, now=clock.now())
            settle(tx, attempt.id, state, now=clock.now(), result_id="1789")

        with pytest.raises(IntegrityError, match="uq_attempts_open_reply"), shared.transaction() as tx:
            record_intent(tx, Target.of_reply(reply.id), claim=2, now=clock.now())

    def test_it_is_of_a_part_or_of_a_reply(self, shared: Database) -> None:
        post = _post(shared)
        with pytest.raises(IntegrityError, match="of_one_thing"):
            _attempt(shared, post, A.INTENT, action="reply")
        with pytest.raises(IntegrityError, match="of_one_thing"):
            _attempt(shared, post, A.INTENT, part_id=None)


class TestSettling:
    def test_keeps_what_the_answer_said(self, shared: Database) -> None:
        attempt_id = _attempt(shared, _post(shared), A.INTENT)
        now = clock.now()

        with shared.transaction() as tx:
            settle(
                tx,
                attempt_id,
                A.REFUSED,
                now=now,
                by=SettledBy.ANSWER,
                said=Said("the window is full", "quota", "9", "2207042", "AbC"),
            )

        found = _read(shared, attempt_id)
        assert (found.state, found.settled_at) == (A.REFUSED, now)
        assert (found.error_class, found.code, found.subcode, found.fbtrace_id) == ("quota", "9", "2207042", "AbC")
        assert (found.message, found.settled_by) == ("the window is full", SettledBy.ANSWER)

    def test_what_is_not_known_is_not_settled(self, shared: Database) -> None:
        post = _post(shared)
        attempt_id = _attempt(shared, post, A.INTENT)

        with shared.transaction() as tx:
            settle(tx, attempt_id, A.UNKNOWN, now=clock.now(), said=Said("timed out"))

        found = _read(shared, attempt_id)
        assert (found.state, found.settled_at, found.message) == (A.UNKNOWN, None, "timed out")
        with shared.transaction() as tx:
            still = unresolved_attempt(tx, Target.of_part(Action.PUBLISH, first_part(tx, post)))
            assert still is not None
            assert still.id == attempt_id

    def test_a_success_keeps_why_it_was_doubted(self, shared: Database) -> None:
        attempt_id = _attempt(shared, _post(shared), A.INTENT)

        with shared.transaction() as tx:
            settle(tx, attempt_id, A.UNKNOWN, now=clock.now(), said=Said("an unknown error", code="2"))
            settle(tx, attempt_id, A.SUCCEEDED, now=clock.now(), result_id="1789")

        found = _read(shared, attempt_id)
        assert (found.state, found.result_id, found.code, found.message) == (
            A.SUCCEEDED,
            "1789",
            "2",
            "an unknown error",
        )

    @pytest.mark.parametrize("settled", [A.SUCCEEDED, A.REFUSED, A.NOT_DONE])
    @pytest.mark.parametrize("later", list(AttemptState))
    def test_a_settled_outcome_is_never_changed(
        self, shared: Database, settled: AttemptState, later: AttemptState
    ) -> None:
        now = clock.now()
        result_id = "first" if settled is A.SUCCEEDED else None
        attempt_id = _attempt(shared, _post(shared), settled, result_id=result_id, settled_at=now)

        with shared.transaction() as tx:
            settle(tx, attempt_id, later, now=now + timedelta(hours=1), result_id="second", said=Said("later"))

        found = _read(shared, attempt_id)
        assert (found.state, found.result_id, found.settled_at, found.message) == (settled, result_id, now, None)

    def test_what_waits_for_a_person_is_not_made_less_certain_again(self, shared: Database) -> None:
        attempt_id = _attempt(shared, _post(shared), A.NEEDS_REVIEW)

        with shared.transaction() as tx:
            settle(tx, attempt_id, A.UNKNOWN, now=clock.now(), said=Said("timed out"))

        assert (_read(shared, attempt_id).state, _read(shared, attempt_id).message) == (A.NEEDS_REVIEW, None)

    @pytest.mark.parametrize("decided", [A.SUCCEEDED, A.NOT_DONE])
    def test_a_person_decides_what_waits_for_them(self, shared: Database, decided: AttemptState) -> None:
        attempt_id = _attempt(shared, _post(shared), A.NEEDS_REVIEW)

        with shared.transaction() as tx:
            settle(tx, attempt_id, decided, now=clock.now(), result_id="1789")

        assert _read(shared, attempt_id).state == decided


class TestReading:
    def test_every_read_is_counted_and_the_proofs_apart(self, shared: Database) -> None:
        attempt_id = _attempt(shared, _post(shared), A.UNKNOWN)
        now = clock.now()

        with shared.transaction() as tx:
            attempts.count_read(tx, attempt_id, reading={"after": "cursor"})
            attempts.count_read(tx, attempt_id, finished_at=now)
            attempts.count_read(tx, attempt_id, reading={"after": "cursor"})

        found = _read(shared, attempt_id)
        assert (found.reads, found.finished_reads, found.finished_read_at) == (3, 1, now)
        assert found.reading == {"after": "cursor"}

    def test_lost_calls_that_did_nothing_are_counted_since_a_person_asked(self, shared: Database) -> None:
        post, now = _post(shared), clock.now()
        for minutes, state, by in ((9, A.NOT_DONE, "reading"), (5, A.NOT_DONE, "reading"), (4, A.REFUSED, "answer")):
            _attempt(shared, post, state, settled_by=by, settled_at=now - timedelta(minutes=minutes))
        _attempt(shared, post, A.NOT_DONE, settled_by="person", settled_at=now)

        with shared.transaction() as tx:
            target = Target.of_part(Action.PUBLISH, first_part(tx, post))
            assert attempts.count_lost(tx, target, since=now - timedelta(hours=1)) == 2
            assert attempts.count_lost(tx, target, since=now - timedelta(minutes=6)) == 1


class TestSpacing:
    def test_the_last_send_of_the_account_that_may_have_taken_effect_counts(self, shared: Database) -> None:
        now = clock.now()
        with shared.transaction() as tx:
            account = make_account(tx)
        posts = [_post(shared, account=account) for _ in range(6)]
        ages = {A.UNKNOWN: 30, A.SUCCEEDED: 40, A.REFUSED: 5, A.NOT_DONE: 6}
        for post, (state, age) in zip(posts, ages.items(), strict=False):
            _attempt(shared, post, state, intent_at=now - timedelta(seconds=age))
        _attempt(shared, posts[4], A.SUCCEEDED, action="comment", result_id="1", intent_at=now)
        _attempt(shared, posts[5], A.INTENT, intent_at=now - timedelta(seconds=1))
        elsewhere = _post(shared)
        _attempt(shared, elsewhere, A.SUCCEEDED, result_id="1", intent_at=now)

        with shared.transaction() as tx:
            last = attempts.last_intent_at(tx, account.id, except_post=posts[5].id)

        assert last == now - timedelta(seconds=30)

    def test_an_account_that_never_sent_has_none(self, shared: Database) -> None:
        with shared.transaction() as tx:
            assert attempts.last_intent_at(tx, make_account(tx).id, except_post=0) is None

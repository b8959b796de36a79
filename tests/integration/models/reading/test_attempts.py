"""What was done for a post at Instagram, as its page and the API tell it."""

from __future__ import annotations

from datetime import timedelta

from models.accounts.account import Account
from models.history.media import Media
from models.reading.posts.attempts import attempts_of
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_attempt, make_container, make_post

T0 = clock.now().replace(microsecond=0)


def test_containers_and_calls_are_told_in_order(loose: Database) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        post = make_post(tx, account)
        part = first_part(tx, post)
        old = make_container(tx, part, account, dropped_at=T0, drop_reason="edited", polls=3)
        new = make_container(tx, part, account)
        made = make_attempt(tx, post, state="refused", code="9004", settled_at=T0, settled_by="answer")
        make_attempt(tx, make_post(tx, account))
        found = attempts_of(tx, post.id)

    assert [(one.id, one.drop_reason, one.polls) for one in found.containers] == [
        (old.id, "edited", 3),
        (new.id, None, 0),
    ]
    assert [(one.id, one.part, one.state, one.code) for one in found.attempts] == [(made.id, 0, "refused", "9004")]
    assert found.candidates == ()


def test_what_a_doubtful_send_may_have_come_to_is_told_the_nearest_first(loose: Database) -> None:
    with loose.transaction() as tx:
        account, other = make_account(tx), make_account(tx)
        post = make_post(tx, account, state="needs_review")
        make_attempt(tx, post, state="needs_review", intent_at=T0, sent_at=T0)
        seen: list[tuple[Account, int, int | None]] = [
            (account, 300, None),
            (account, 20, None),
            (account, 4000, None),
            (other, 5, None),
        ]
        seen.append((account, 1, first_part(tx, make_post(tx, account)).id))
        for number, (owner, seconds, part_id) in enumerate(seen):
            at = T0 + timedelta(seconds=seconds)
            tx.add(Media(account_id=owner.id, ig_id=f"m{number}", posted_at=at, part_id=part_id))
        tx.flush()
        found = attempts_of(tx, post.id)

    assert [one.ig_id for one in found.candidates] == ["m1", "m0"]

"""What waited for an account goes on when the account does, whatever a worker is just doing with it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from graph.wire.transport import Transport
from models.accounts.account import AccountState, lock_account, set_state
from models.owed.claims import claim_due, take
from models.owed.waking import wake_account
from models.owed.works import WORKS
from models.posts.post import get_post
from models.store.session import Database
from pressrun import clock
from pressrun.network.hints import Hint
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account, make_post
from tests.integration.models.racing import race
from tests.support.statements import after_first, waits_for_a_lock
from tests.support.waiting import until
from worker.context import WorkerContext
from worker.publishing.loaded import Loaded, load
from worker.publishing.standing import open_post

PREPARE = next(work for work in WORKS if work.name == "prepare")
HOUR = timedelta(hours=1)
RACES = 20


def wake(database: Database, account_id: int) -> int:
    with database.transaction() as tx:
        lock_account(tx, account_id)
        set_state(tx, account_id, AccountState.ACTIVE, reason=None)
        return wake_account(tx, account_id)


def held(ctx: WorkerContext, post_id: int) -> Loaded:
    """A worker has the post, and has seen its account as it is now."""
    with ctx.database.transaction() as tx:
        [hint] = [hint for hint in claim_due(tx, PREPARE, limit=100, lease_s=60) if hint.id == post_id]
    return taken(ctx, hint)


def taken(ctx: WorkerContext, hint: Hint) -> Loaded:
    with ctx.database.transaction() as tx:
        lease = take(tx, "posts", hint.id, hint.claim, lease_s=60)
    assert lease is not None
    return load(ctx, lease)


@pytest.fixture
def ctx(database: Database) -> WorkerContext:
    return WorkerContext(Settings(), database, Vault([KEY]), Transport())


def test_what_somebody_works_on_stays_theirs(ctx: WorkerContext) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, state="broken")
        worked_on = make_post(tx, account, wait_reason="account")
    before = held(ctx, worked_on.id)
    with ctx.database.transaction() as tx:
        later = clock.now() + HOUR
        waiting = make_post(tx, account, wait_reason="account", next_action_at=later)
        abandoned = make_post(tx, account, wait_reason="account", next_action_at=later, leased_until=clock.now())
        unsure = make_post(tx, account, state="canceled", next_action_at=None)
        others = make_post(tx, account, wait_reason="quota", next_action_at=later)

    assert wake(ctx.database, account.id) == 2

    with ctx.database.transaction() as tx:
        found = {one.id: get_post(tx, one.id) for one in (worked_on, waiting, abandoned, unsure, others)}
    assert (found[worked_on.id].claim, found[worked_on.id].wait_reason) == (before.lease.claim, "account")
    assert found[worked_on.id].next_action_at != waiting.next_action_at
    for woken in (found[waiting.id], found[abandoned.id]):
        assert woken.next_action_at is not None
        assert woken.next_action_at <= clock.now()
        assert woken.wait_reason is None
    assert found[others.id].next_action_at == later


def test_a_post_whose_account_is_resumed_after_it_was_read_goes_on(ctx: WorkerContext) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, state="broken")
        post_id = make_post(tx, account, if_late="publish").id
    seen = held(ctx, post_id)

    with after_first(ctx.database, "JOIN accounts", lambda: wake(ctx.database, account.id)) as woken:
        opened = open_post(ctx, seen.lease)

    assert woken == [0]  # it is somebody's, and so was not woken
    assert opened is not None
    assert opened.account.state == "active"


def test_a_resume_waits_for_the_post_that_is_just_being_put_off_and_wakes_it(ctx: WorkerContext) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, state="broken")
        post_id = make_post(tx, account, if_late="publish").id
    seen = held(ctx, post_id)
    with ThreadPoolExecutor(1) as pool:
        running: list[Future[int]] = []

        def resume() -> None:
            running.append(pool.submit(wake, ctx.database, account.id))
            until(lambda: waits_for_a_lock(ctx.database), what="the resume waits for nobody")

        with after_first(ctx.database, "FOR NO KEY UPDATE", resume):
            assert open_post(ctx, seen.lease) is None

        assert running[0].result(30) == 1
    with ctx.database.transaction() as tx:
        post = get_post(tx, post_id)
    assert post.next_action_at is not None
    assert post.next_action_at <= clock.now()
    assert post.wait_reason is None


def test_putting_off_and_waking_at_one_moment_lose_no_post(ctx: WorkerContext) -> None:
    with ctx.database.transaction() as tx:
        accounts = [make_account(tx, state="broken").id for _ in range(RACES)]
        posts = [make_post(tx, lock_account(tx, one), if_late="publish").id for one in accounts]

    with ctx.database.transaction() as tx:
        hints = claim_due(tx, PREPARE, limit=RACES, lease_s=60)
    for account_id, post_id in zip(accounts, posts, strict=True):
        seen = taken(ctx, next(hint for hint in hints if hint.id == post_id))
        race(
            [
                lambda seen=seen: open_post(ctx, seen.lease),  # type: ignore[misc]
                lambda one=account_id: wake(ctx.database, one),  # type: ignore[misc]
            ]
        )

    with ctx.database.transaction() as tx:
        query = "SELECT count(*) FROM posts WHERE next_action_at > now() + interval '1 minute'"
        assert tx.execute(text(query)).scalar_one() == 0

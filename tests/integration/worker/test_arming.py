"""Posts that are armed ahead go out at their second, together and in turn; whoever changes them meanwhile has the last
word, and a worker that fails in between leaves each to be sent once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from models.owed.claims import claim_due, in_flight
from models.owed.gate import Level, app_key, set_level
from models.owed.works import WORKS
from models.posts.states import PostState
from models.publishing import plain_publish
from models.publishing.arming import arm, disarm
from models.publishing.plain_publish import Live
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from scheduler.posts.changing import cancel
from tests.integration.worker.test_plain_publish import stage_all
from tests.support.bench import Bench
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker.publishing.arming import Armory
from worker.publishing.plain_publish import begin_all
from worker.publishing.settling import Settler
from worker.tasks import STEPS

ACCOUNTS = 3


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    """One that has processed an image by the time it is looked at."""
    return simulator_factory(accounts=ACCOUNTS, image_processing_s=0)


def staged(bench: Bench, posts: int, **columns: str) -> list[int]:
    """So many posts, dealt out to the accounts, that wait for their time."""
    accounts = [bench.account(number) for number in range(ACCOUNTS)]
    ids = [bench.post(accounts[n % ACCOUNTS], key=f"p{n}", caption=f"p{n}", **columns) for n in range(posts)]
    stage_all(bench)
    return ids


def due_in(bench: Bench, seconds: float) -> None:
    """Let all of them fall due in the same moment."""
    with bench.database.transaction() as tx:
        at = "publish_at = now() + make_interval(secs => :s), next_action_at = now() + make_interval(secs => :s)"
        tx.execute(text(f"UPDATE posts SET {at}"), {"s": seconds})  # noqa: S608 - a constant


@contextmanager
def armory(bench: Bench, *, hint_lease_s: float = 10) -> Iterator[Armory]:
    """As a worker of one process has it; what it has armed, it has armed by itself."""
    settings = bench.settings.model_copy(update={"hint_lease": timedelta(seconds=hint_lease_s)})
    ctx = replace(bench.ctx, settings=settings)
    made = Armory(ctx, STEPS, senders=8)
    try:
        yield made
    finally:
        ctx.stopping.set()
        made.stop()
        ctx.stopping.clear()


def are_out(bench: Bench, ids: list[int]) -> None:
    until(lambda: all(bench.read(id_).state == PostState.PUBLISHED for id_ in ids), what=lambda: bench.story(ids[0]))


def test_they_go_out_at_their_second_together_and_an_accounts_own_in_turn(bench: Bench) -> None:
    ids = staged(bench, 2 * ACCOUNTS)
    due_in(bench, 1.5)

    with armory(bench) as made:
        made.start()
        are_out(bench, ids)

    intents = [bench.value("SELECT intent_at FROM attempts WHERE post_id = :id", id=id_) for id_ in ids]
    posts = [bench.read(id_) for id_ in ids]
    assert len(set(intents[:ACCOUNTS])) == 1, "the first of each account share a commit"
    assert all(later > posts[n].published_at for n, later in enumerate(intents[ACCOUNTS:]))
    assert all(post.sent_at is not None and post.sent_at >= post.publish_at for post in posts)
    assert {entry["media_id"] for entry in bench.simulator.publishes()} == {post.media_id for post in posts}
    assert len(bench.simulator.publishes()) == len(posts)
    assert bench.events(ids[0])[-2:] == ["publish.intent", "publish.succeeded"]


NOT_ARMED = {
    "of a paused account": "UPDATE accounts SET state = 'paused' WHERE id = :account",
    "of one that keeps a distance": "UPDATE accounts SET min_spacing_s = 60 WHERE id = :account",
    "put off": "UPDATE posts SET next_action_at = publish_at + interval '1 s' WHERE id = :id",
    "due now": "UPDATE posts SET publish_at = now(), next_action_at = now() WHERE id = :id",
    "due later": "UPDATE posts SET publish_at = now() + '1 h', next_action_at = now() + '1 h' WHERE id = :id",
    "held": "UPDATE posts SET leased_until = next_action_at WHERE id = :id",
    "in two parts": """
        INSERT INTO parts (post_id, position, kind, source)
        SELECT post_id, 2, kind, source FROM parts WHERE post_id = :id
    """,
}


def test_what_waits_for_more_than_its_time_is_left_to_the_scheduler(bench: Bench) -> None:
    ids = staged(bench, ACCOUNTS)
    due_in(bench, 3)

    for name, change in NOT_ARMED.items():
        with bench.database.transaction() as tx:
            asked = {"id": ids[0], "account": bench.read(ids[0]).account_id}
            tx.execute(text(change), {key: value for key, value in asked.items() if f":{key}" in change})
            armed = arm(tx, ahead=timedelta(seconds=6), limit=10, lease_s=10, holder=None)
            assert [one.id for one in armed] == ids[1:], name
            tx.rollback()
    with bench.database.transaction() as tx:
        assert len(arm(tx, ahead=timedelta(seconds=6), limit=10, lease_s=10, holder=None)) == ACCOUNTS
        assert in_flight(tx, WORKS[0]) == 0, "before their time they take no place of what is under way"
        assert arm(tx, ahead=timedelta(seconds=6), limit=10, lease_s=10, holder=None) == []


def test_whoever_changes_what_is_armed_has_the_last_word(bench: Bench) -> None:
    canceled, of_paused, plain = staged(bench, ACCOUNTS)
    due_in(bench, 1)

    with armory(bench) as made:
        assert made.arm() == ACCOUNTS
        with bench.database.transaction() as tx:
            account = {"id": bench.read(of_paused).account_id}
            tx.execute(text("UPDATE accounts SET state = 'paused' WHERE id = :id"), account)
        with bench.database.transaction() as tx:
            cancel(tx, canceled)
        made.start()
        are_out(bench, [plain])
        until(lambda: bench.read(of_paused).wait_reason == "account", what=lambda: bench.story(of_paused))

    assert bench.read(canceled).state == PostState.CANCELED
    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["p2"]


def test_a_gate_that_shuts_meanwhile_holds_them_all(bench: Bench) -> None:
    ids = staged(bench, ACCOUNTS)
    due_in(bench, 1)

    with armory(bench) as made:
        made.arm()
        with bench.database.transaction() as tx:
            now = clock.now()
            set_level(
                tx,
                app_key(bench.settings.app_id),
                account_id=None,
                level=Level.SHUT,
                percent=100,
                reason="full",
                now=now,
                until=now + timedelta(hours=1),
            )
        made.start()
        until(lambda: all(bench.read(id_).wait_reason == "throttled" for id_ in ids), what=lambda: bench.story(ids[0]))

    assert bench.simulator.publishes() == []


def test_of_two_that_are_begun_together_one_takes_the_last_place(bench: Bench) -> None:
    account = bench.account(0)
    for number in range(2):
        bench.post(account, key=f"p{number}")
    stage_all(bench)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET quota_total = 1, quota_usage = 0, quota_read_at = now()"))
        hints = claim_due(tx, WORKS[0], limit=10, lease_s=30)

    begun = begin_all(bench.ctx, [(hint.id, hint.claim) for hint in hints], waits=False)

    assert [one.lease.id for one in begun] == [min(hint.id for hint in hints)]
    assert bench.value("SELECT count(*) FROM quota_entries") == 1


def test_an_account_that_somebody_holds_keeps_no_others_post_waiting(bench: Bench) -> None:
    ids = staged(bench, ACCOUNTS)
    due_in(bench, 1)

    with armory(bench) as made, bench.database.transaction() as tx:
        tx.execute(text("SELECT FROM accounts WHERE id = :id FOR UPDATE"), {"id": bench.read(ids[0]).account_id})
        made.start()
        are_out(bench, ids[1:])
        assert bench.read(ids[0]).state == PostState.STAGED
        tx.commit()
        are_out(bench, ids[:1])


def test_a_stop_leaves_them_to_others(bench: Bench) -> None:
    ids = staged(bench, ACCOUNTS)
    due_in(bench, 5)

    with armory(bench) as made:
        made.start()
        until(lambda: all(bench.read(id_).leased_until is not None for id_ in ids))

    assert all((post := bench.read(id_)).leased_until is None and post.next_action_at == post.publish_at for id_ in ids)
    with bench.database.transaction() as tx:
        again = arm(tx, ahead=timedelta(seconds=6), limit=10, lease_s=10, holder=None)
        cancel(tx, ids[0])
        assert disarm(tx, again) == ACCOUNTS - 1, "what has passed on is not touched"


def test_a_stop_leaves_them_to_others_while_a_call_is_still_under_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.publishing.arming.AHEAD", timedelta(seconds=60))
    first, *others = staged(bench, ACCOUNTS)
    due_in(bench, 50)  # so that no machine is too slow to get to the stop before
    with bench.database.transaction() as tx:
        soon = "UPDATE posts SET publish_at = now() + '1 s', next_action_at = now() + '1 s' WHERE id = :id"
        tx.execute(text(soon), {"id": first})
    is_sending, may_end = threading.Event(), threading.Event()

    def hold(point: str) -> None:
        if point == "publish.after_response":
            is_sending.set()
            may_end.wait(120)

    with failpoints.watched(hold), armory(bench) as made:
        try:
            made.start()
            assert is_sending.wait(60)
            assert all(bench.read(id_).leased_until is not None for id_ in others)
            made._ctx.stopping.set()
            until(lambda: all(bench.read(id_).leased_until is None for id_ in others))
            assert bench.read(first).state == PostState.PUBLISHING
        finally:
            may_end.set()

    assert all((post := bench.read(id_)).next_action_at == post.publish_at for id_ in others)
    assert bench.read(first).state == PostState.PUBLISHED


@pytest.mark.parametrize("point", ["arm.after_claim", "arm.after_intents", "publish.before_intent"])
def test_a_failure_in_between_leaves_each_to_be_sent_once(bench: Bench, point: str) -> None:
    ids, failed = staged(bench, ACCOUNTS), list[str]()
    due_in(bench, 1)

    def fail(reached: str) -> None:
        if reached == point and not failed:
            failed.append(point)
            raise FailpointRaised(point)

    with failpoints.watched(fail), armory(bench, hint_lease_s=0.5) as made:
        made.start()
        until(lambda: failed)
        for id_ in ids:
            post = bench.drive(id_)
            assert post.state == PostState.PUBLISHED, bench.story(id_)

    live = [entry["media_id"] for entry in bench.simulator.publishes()]
    assert sorted(live) == sorted(str(bench.read(id_).media_id) for id_ in ids)


def test_what_went_out_at_about_the_same_time_is_kept_in_one_commit(bench: Bench) -> None:
    ids = staged(bench, ACCOUNTS)
    with bench.database.transaction() as tx:
        hints = claim_due(tx, WORKS[0], limit=10, lease_s=30)
    begun = begin_all(bench.ctx, [(hint.id, hint.claim) for hint in hints], waits=True)
    begun.sort(key=lambda one: one.lease.id)
    settler, now = Settler(bench.database), clock.now()
    live = [Live(one, f"1790{one.lease.id}", now, now) for one in begun]

    with ThreadPoolExecutor() as pool:
        with bench.database.transaction() as tx:
            first = {"id": begun[0].attempt.container_id}
            tx.execute(text("SELECT FROM containers WHERE id = :id FOR UPDATE"), first)
            kept = [pool.submit(settler.keep, live[0])]
            until(lambda: is_waited_for(bench))
            kept += [pool.submit(settler.keep, one) for one in live[1:]]
            until(lambda: len(settler._waiting) == ACCOUNTS - 1)
        assert all(one.result() for one in kept)

    assert all(bench.read(id_).state == PostState.PUBLISHED for id_ in ids)
    first_at, *later_at = [bench.read(id_).updated_at for id_ in ids]
    assert len(set(later_at)) == 1
    assert later_at[0] > first_at


def is_waited_for(bench: Bench) -> bool:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%settled_by%'"
    return bool(bench.value(asked))


def test_one_that_cannot_be_kept_so_hinders_no_other(bench: Bench) -> None:
    staged(bench, ACCOUNTS)
    with bench.database.transaction() as tx:
        hints = claim_due(tx, WORKS[0], limit=10, lease_s=30)
    begun = begin_all(bench.ctx, [(hint.id, hint.claim) for hint in hints], waits=True)
    now = clock.now()
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET claim = claim + 1 WHERE id = :id"), {"id": begun[0].lease.id})

    live = [Live(one, f"1790{one.lease.id}", now, now) for one in begun]
    kept = plain_publish.settle(bench.database, live, aftercare_after=timedelta(0))

    assert kept == {one.lease.id for one in begun[1:]}
    with bench.database.transaction() as tx:  # it is still to be settled: the long way does it
        tx.execute(text("UPDATE posts SET claim = claim - 1 WHERE id = :id"), {"id": begun[0].lease.id})
    assert plain_publish.settle(bench.database, live[:1], aftercare_after=timedelta(0)) == {begun[0].lease.id}

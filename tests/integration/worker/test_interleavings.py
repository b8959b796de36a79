"""What may come between two statements of a step: each is forced to, by a barrier, and the step does what is right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import (
    Account,
    AccountState,
    Login,
    break_account,
    find_account,
    get_account,
    lock_account,
    set_state,
)
from models.accounts.quota import mark_used, window
from models.connecting.joining import NewAccount, join_account
from models.owed.claims import Lease
from models.owed.waking import wake_account
from models.posts.part import parts_of
from models.posts.post import lateness_ms
from models.posts.states import PostState
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.clock import Deadline
from pressrun.network.hints import Task
from pressrun.vault import Vault
from scheduler.posts import changing
from tests.factories.rows import KEY, make_attempt, make_post
from tests.support.bench import Bench
from tests.support.clocks import clock_off_by, sleep_as_suspended
from tests.support.statements import after_first, waits_for_a_lock
from tests.support.waiting import until
from worker.publishing.loaded import read
from worker.publishing.stage import read_quota
from worker.publishing.standing import LAST_LOOK

S = PostState


@pytest.fixture(autouse=True)
def _patient(bench: Bench) -> None:
    """No lease of these tests runs out by itself, however busy the machine is."""
    longer = {"call_deadline": timedelta(seconds=10), "lease": timedelta(seconds=30), "settle": timedelta(seconds=45)}
    bench.settings = bench.settings.model_copy(update=longer)


def database_now(database: Database) -> datetime:
    with database.glance() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def at(point: str, then: Callable[[], object]) -> Callable[[str], None]:
    """A watcher of failpoints that calls `then` the first time that the point is reached."""
    reached: list[str] = []

    def watcher(name: str) -> None:
        if name == point and point not in reached:
            reached.append(name)
            then()

    return watcher


def staged(bench: Bench, account: Account, **columns: str) -> int:
    post_id = bench.post(account, **columns)
    bench.drive(post_id, S.STAGED)
    bench.hurry()
    return post_id


class TestTheAccountIsResumedWhileAPostIsBeingPutOff:
    @pytest.mark.parametrize(("before", "after"), [(S.SCHEDULED, S.STAGING), (S.STAGING, S.STAGED)])
    def test_the_step_goes_on(self, bench: Bench, before: PostState, after: PostState) -> None:
        account = bench.account(0)
        post_id = bench.post(account)
        bench.drive(post_id, before, hurry=before is not S.SCHEDULED)
        self._pause(bench)
        bench.hurry()

        with after_first(bench.database, "JOIN accounts", lambda: self._resume(bench)):
            bench.step()

        assert bench.read(post_id).wait_reason is None, bench.story(post_id)
        assert bench.drive(post_id, after, S.PUBLISHED).state in (after, S.PUBLISHED)

    def test_the_first_comment_follows(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), first_comment="more in the shop")
        bench.drive(post_id)
        self._pause(bench)
        bench.hurry()

        with after_first(bench.database, "JOIN accounts", lambda: self._resume(bench)):
            bench.step()

        assert bench.read(post_id).comment_id, bench.story(post_id)

    def _pause(self, bench: Bench) -> None:
        with bench.database.transaction() as tx:
            changing.pause_account(tx, find_account(tx, "sim-0"), why="holiday")

    def _resume(self, bench: Bench) -> int:
        with bench.database.transaction() as tx:
            return changing.resume_account(tx, find_account(tx, "sim-0"), now=clock.now())


class TestLocks:
    def test_a_resume_and_an_intent_do_not_wait_for_each_other(self, bench: Bench) -> None:
        """The resume holds the account and is about to wake a post whose worker has just come back to it."""
        account = bench.account(0)
        post_id = staged(bench, account)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET wait_reason = 'account'"))

        with ThreadPoolExecutor(1) as pool:
            with bench.database.transaction() as tx:
                lock_account(tx, account.id)
                set_state(tx, account.id, AccountState.ACTIVE, reason=None)
                running = pool.submit(bench.step, Task.POST_PUBLISH)
                until(lambda: waits_for_a_lock(bench.database), what="the intent waits for nobody")
                # To this transaction the lease has run out: it wants the row that the intent's has renewed.
                tx.execute(text("SET LOCAL lock_timeout = '5s'"))
                woken = len(
                    tx.execute(
                        text("UPDATE posts SET wait_reason = NULL WHERE id = :id RETURNING id"), {"id": post_id}
                    ).all()
                )
                wake_account(tx, account.id)
            running.result(60)

        assert woken == 1
        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)
        assert len(bench.simulator.publishes()) == 1

    @pytest.mark.parametrize("first", ["added", "resumed"])
    def test_an_account_that_is_added_anew_and_resumed_at_one_moment_goes_on_once(
        self, bench: Bench, first: str
    ) -> None:
        account = bench.account(0)
        post_id = staged(bench, account)
        with bench.database.transaction() as tx:
            break_account(tx, account.id, token_seen=account.token_sealed, reason="refused")
        bench.step(Task.POST_PUBLISH)
        assert bench.read(post_id).wait_reason == "account"

        def act(tx: Session, what: str) -> int:
            if what == "resumed":
                return changing.resume_account(tx, find_account(tx, "sim-0"), now=clock.now())
            new = NewAccount(Login(account.login), account.ig_id, account.name, bench.simulator.token(0))
            return join_account(tx, new, Vault([KEY])).posts_woken

        def follow() -> int:
            with bench.database.transaction() as tx:
                return act(tx, "resumed" if first == "added" else "added")

        with ThreadPoolExecutor(1) as pool:
            with bench.database.transaction() as tx:
                woken = act(tx, first)
                other = pool.submit(follow)
                until(lambda: waits_for_a_lock(bench.database), what="the second waits for nobody")
            woken += other.result(60)

        assert woken == 1
        with bench.database.transaction() as tx:
            found = get_account(tx, account.id)
        assert (found.state, found.token_refused) == ("active", None)
        assert found.token_sealed != account.token_sealed
        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)
        assert len(bench.simulator.publishes()) == 1


class TestARenewedAccountIsNotBrokenByTheOldTokensRefusal:
    def _renew(self, bench: Bench, account: Account) -> None:
        new = NewAccount(Login(account.login), account.ig_id, account.name, bench.simulator.token(0))
        with bench.database.transaction() as tx:
            join_account(tx, new, Vault([KEY]))

    @pytest.mark.parametrize(
        ("point", "endpoint", "before"),
        [
            ("stage.before_container", "container_create", S.SCHEDULED),
            ("publish.after_intent", "media_publish", S.STAGED),
        ],
    )
    def test_when_the_call_was_begun_with_it(self, bench: Bench, point: str, endpoint: str, before: PostState) -> None:
        account = bench.account(0)
        post_id = bench.post(account) if before is S.SCHEDULED else staged(bench, account)
        bench.simulator.fault(endpoint=endpoint, mode="refuse", code=190, status=401, nth=1)

        with failpoints.watched(at(point, lambda: self._renew(bench, account))):
            bench.step()

        with bench.database.transaction() as tx:
            assert get_account(tx, account.id).state == "active"
        post = bench.read(post_id)
        assert post.wait_reason is None
        assert post.next_action_at is not None
        assert post.next_action_at < clock.now() + timedelta(seconds=30)  # and not after the wait of a broken account
        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)

    @pytest.mark.parametrize(
        ("endpoint", "before"),
        [("container", S.STAGING), ("container", S.UNCERTAIN), ("media_node", S.PUBLISHED)],
        ids=["poll", "reconcile", "permalink"],
    )
    def test_nor_by_that_of_a_reading(self, bench: Bench, endpoint: str, before: PostState) -> None:
        account = bench.account(0)
        if before is S.UNCERTAIN:
            bench.simulator.fault(endpoint="media_publish", mode="accept_then_reset", nth=1)
        post_id = bench.post(account)
        bench.drive(post_id, before)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now()"))
        before_it = bench.simulator.report()["faults_fired"]
        bench.simulator.fault(endpoint=endpoint, mode="refuse", code=190, status=401, count=1)

        with after_first(bench.database, "FROM gates", lambda: self._renew(bench, account)):
            assert bench.step() == 1

        assert bench.simulator.report()["faults_fired"] != before_it
        with bench.database.transaction() as tx:
            assert get_account(tx, account.id).state == "active"
        post = bench.read(post_id)
        assert (post.state, post.error) == (before, None)
        assert post.wait_reason != "account"
        assert post.next_action_at is not None
        assert post.next_action_at < clock.now() + timedelta(seconds=30)
        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)
        assert bench.settle(post_id).permalink

    @pytest.mark.parametrize(
        ("endpoint", "before"),
        [("container_create", S.SCHEDULED), ("container", S.STAGING), ("media_publish", S.STAGED)],
    )
    def test_but_by_the_refusal_of_the_one_in_force_it_is(self, bench: Bench, endpoint: str, before: PostState) -> None:
        account = bench.account(0)
        post_id = bench.post(account)
        if before is not S.SCHEDULED:
            bench.drive(post_id, before)
        bench.simulator.fault(endpoint=endpoint, mode="refuse", code=190, status=401, nth=1)

        bench.hurry()
        bench.step()

        with bench.database.transaction() as tx:
            assert get_account(tx, account.id).state == "broken"
        assert bench.read(post_id).wait_reason == "account", bench.story(post_id)


class TestTheQuota:
    def test_what_is_settled_while_the_figure_is_read_counts_on_top_of_it(self, bench: Bench) -> None:
        account = bench.account(0)
        post_id = staged(bench, account)
        bench.simulator.fault(
            endpoint="content_publishing_limit",
            mode="altered",
            changes=[
                {"pointer": "/data/0/quota_usage", "value": 49},
                {"pointer": "/data/0/config/quota_total", "value": 50},
            ],
        )
        with bench.database.transaction() as tx:
            other = make_post(tx, account, state="canceled", next_action_at=None)
            attempt_id = make_attempt(tx, other, state="succeeded", result_id="1").id
            tx.execute(
                text(
                    "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
                    " VALUES (:account, :attempt, 'reserved', now() - interval '11 minutes', 50)"
                ),
                {"account": account.id, "attempt": attempt_id},
            )
            loaded = read(tx, Lease("posts", post_id, 0, Deadline.after(60), 60))

        def settle() -> None:
            with bench.database.transaction() as tx:
                mark_used(tx, attempt_id, now=clock.now())
                tx.execute(text("UPDATE quota_entries SET counted_at = clock_timestamp()"))

        with after_first(bench.database, "FROM gates", settle):  # the client's last look before the call
            assert read_quota(bench.ctx, loaded)

        with bench.database.transaction() as tx:
            found = window(tx, get_account(tx, account.id), now=clock.now())
        assert (found.used, found.total) == (50, 50)

    def test_a_place_that_frees_itself_is_used_within_the_minute(self, bench: Bench) -> None:
        account = bench.account(0)
        post_id = self._full(bench, account)

        bench.step(Task.POST_PUBLISH)

        post = bench.read(post_id)
        assert (post.state, post.wait_reason) == (S.STAGED, "quota"), bench.story(post_id)
        assert post.next_action_at is not None
        assert post.next_action_at <= clock.now() + timedelta(seconds=60)
        bench.simulator.clear_faults()
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE accounts SET quota_read_at = quota_read_at - interval '1 minute'"))
        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)

    def test_the_last_look_comes_just_before_the_post_would_be_too_late(self, bench: Bench) -> None:
        post_id = self._full(bench, bench.account(0), max_lateness="1h")
        with bench.database.transaction() as tx:  # its last look is half a minute away
            tx.execute(text("UPDATE posts SET publish_at = now() - interval '59 minutes 25 seconds'"))

        bench.step(Task.POST_PUBLISH)

        post = bench.read(post_id)
        assert post.next_action_at == post.publish_at + timedelta(hours=1) - LAST_LOOK, bench.story(post_id)

    @pytest.mark.parametrize(
        ("pointer", "value"),
        [("quota_total", -1), ("quota_total", 3_000_000_000), ("quota_duration", 10**15)],
    )
    def test_a_figure_that_cannot_be_holds_no_post(self, bench: Bench, pointer: str, value: int) -> None:
        bench.simulator.fault(
            endpoint="content_publishing_limit", mode="altered", pointer=f"/data/0/config/{pointer}", value=value
        )
        post_id = bench.post(bench.account(0))

        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)

    def _full(self, bench: Bench, account: Account, **columns: str) -> int:
        post_id = bench.post(account, **columns)
        bench.drive(post_id, S.STAGED, hurry=False)
        bench.simulator.fault(
            endpoint="content_publishing_limit", mode="altered", pointer="/data/0/quota_usage", value=1_000
        )
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE accounts SET quota_usage = 1000, quota_read_at = now() - interval '1 minute'"))
            tx.execute(text("UPDATE posts SET next_action_at = now()"))
        return post_id


class TestAMachineThatSleeps:
    def _sleeps(self, bench: Bench, how: Callable[[], object], *, after_the_gate: bool) -> int:
        """A post whose worker's machine slept right before the call; nothing must have been sent."""
        post_id = staged(bench, bench.account(0))
        with ExitStack() as barriers:

            def sleep() -> None:
                if after_the_gate:
                    barriers.enter_context(after_first(bench.database, "FROM gates", how))
                else:
                    how()

            with failpoints.watched(at("publish.after_intent", sleep)):
                bench.step(Task.POST_PUBLISH)

        assert bench.simulator.publishes() == []
        assert "publish.not_sent" in bench.events(post_id), bench.story(post_id)
        assert bench.read(post_id).state == S.STAGED
        assert bench.value("SELECT state FROM quota_entries") == "released"
        return post_id

    @pytest.mark.parametrize("after_the_gate", [False, True])
    def test_for_longer_than_its_lease_sends_nothing_when_it_wakes(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, after_the_gate: bool
    ) -> None:
        with monkeypatch.context() as patch:
            post_id = self._sleeps(bench, lambda: sleep_as_suspended(patch, 200), after_the_gate=after_the_gate)

        assert bench.drive(post_id).state == S.PUBLISHED, bench.story(post_id)
        assert len(bench.simulator.publishes()) == 1

    def test_or_is_frozen_from_outside_and_knows_by_the_wall_clock_alone(self, bench: Bench) -> None:
        with ExitStack() as frozen:
            self._sleeps(bench, lambda: frozen.enter_context(clock_off_by(200)), after_the_gate=True)


class TestTheMomentOfTheSend:
    def test_lateness_is_that_of_the_call_and_not_of_the_intent(self, bench: Bench) -> None:
        post_id = staged(bench, bench.account(0))
        stalled: list[datetime] = []

        with failpoints.watched(at("publish.after_intent", lambda: stalled.append(database_now(bench.database)))):
            bench.step(Task.POST_PUBLISH)

        post = bench.read(post_id)
        intent_at = bench.value("SELECT intent_at FROM attempts")
        assert post.sent_at is not None
        assert post.published_at is not None
        assert intent_at < stalled[0] < post.sent_at < post.published_at
        assert post.sent_at == bench.value("SELECT sent_at FROM attempts")
        assert (lateness_ms(post.publish_at, post.sent_at) or 0) >= 0

    def test_the_moment_of_a_send_whose_answer_was_lost_is_known(self, bench: Bench) -> None:
        post_id = staged(bench, bench.account(0), caption="lost")
        bench.simulator.fault(endpoint="media_publish", mode="accept_then_reset", nth=1)
        bench.step(Task.POST_PUBLISH)
        sent_at = bench.value("SELECT sent_at FROM attempts")

        post = bench.drive(post_id)

        assert post.sent_at == sent_at is not None

    def test_a_post_that_was_woken_before_its_time_waits_for_it(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), publish_at="+1h")
        bench.drive(post_id, S.STAGING)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now()"))
        bench.drive(post_id, S.STAGED, hurry=False)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now()"))

        assert bench.step(Task.POST_PUBLISH) == 1

        post = bench.read(post_id)
        assert (post.state, post.next_action_at) == (S.STAGED, post.publish_at)
        assert bench.simulator.publishes() == []


class TestAStop:
    def test_no_other_child_of_a_carousel_is_created(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), type="carousel", media="feed.jpg|feed-2.jpg|feed.jpg")

        with failpoints.watched(at("stage.after_record", bench.ctx.stopping.set)):
            bench.step()

        assert bench.simulator.report()["calls"]["container_create"] == 1
        post = bench.read(post_id)
        assert post.state == S.SCHEDULED
        assert post.leased_until is None
        bench.ctx.stopping.clear()
        assert bench.drive(post_id).state == S.PUBLISHED  # without waiting for the lease
        assert bench.simulator.report()["calls"]["container_create"] == 4

    def test_nor_its_whole(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), type="carousel", media="feed.jpg|feed-2.jpg")
        bench.drive(post_id, S.STAGING)

        def look() -> bool:
            with failpoints.watched(at("poll.after_read", bench.ctx.stopping.set)):
                bench.hurry()
                bench.step()
            bench.ctx.stopping.clear()
            with bench.database.transaction() as tx:
                ready = tx.execute(text("SELECT count(*) FROM containers WHERE status_code = 'FINISHED'"))
                return bool(ready.scalar_one() == len(parts_of(tx, post_id)) - 1)

        until(look, what=lambda: bench.story(post_id))
        assert bench.simulator.report()["calls"]["container_create"] == 2
        assert bench.drive(post_id).state == S.PUBLISHED

"""Taking an account away: all of it or all but its history, nothing of another, and never what is uncertain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from models.accounts.account import Account, AccountState, Login
from models.connecting.joining import NewAccount
from models.erasing.ends import ENDS
from models.erasing.erasure import Erasure
from models.erasing.removal import count_rows
from models.harvests.harvest import Harvest
from models.history.comment import SeenComment, see_comments
from models.owed.claims import ClaimLost, Lease, renew
from models.posts.post import Post
from operations.accounts import accounts, connections
from operations.accounts.removals import look_at_removal, remove
from operations.history import backfills, harvests
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.posts import posts, slots
from operations.upkeep import system
from pressrun import clock
from pressrun.clock import Deadline
from pressrun.errors import NotPossible, Unknown
from pressrun.finding import Result
from scheduler.harvests.planning import add_missing_harvests, plan
from tests.factories.rows import (
    make_account,
    make_attempt,
    make_connection,
    make_harvest,
    make_mention,
    make_post,
    make_reply,
)
from tests.factories.worlds import make_lived_in_account
from tests.support.lock_order import lock_order_kept
from tests.support.waiting import until

OF_ACCOUNTS = {table for table, end in ENDS.items() if end.of_account is not None}


@pytest.fixture
def two(ctx: Context) -> tuple[Account, Account]:
    """Two accounts with rows in every table that can have some."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        return make_lived_in_account(tx, now=now), make_lived_in_account(tx, now=now)


def _counts(ctx: Context, account: Account) -> dict[str, int]:
    with ctx.database.transaction() as tx:
        return count_rows(tx, account.id)


def _rows(ctx: Context, query: str) -> list[Any]:
    with ctx.database.transaction() as tx:
        return [tuple(row) for row in tx.execute(text(query))]


class TestErasing:
    def test_nothing_of_it_is_left_and_all_of_the_other(self, ctx: Context, two: tuple[Account, Account]) -> None:
        gone, stays = two
        had, others = _counts(ctx, gone), _counts(ctx, stays)
        assert set(had) == OF_ACCOUNTS, "the account that is erased here has no row of some table"

        with lock_order_kept(ctx.database):
            done = remove(ctx, OWNER, gone.name, keep_history=False)

        assert _counts(ctx, gone) == {}
        assert _counts(ctx, stays) == others
        assert (done.account, done.keeps_history, done.posts_canceled) == (gone.name, False, 1)
        assert dict(done.rows) == had

    def test_what_went_is_on_record(self, ctx: Context, two: tuple[Account, Account]) -> None:
        done = remove(ctx, OWNER, two[0].name, keep_history=False, why="a letter")

        with ctx.database.transaction() as tx:
            (record,) = tx.scalars(select(Erasure))
        assert (record.kind, record.account, record.account_id) == ("account_erased", two[0].name, two[0].id)
        assert (record.why, record.asked_by, record.counts) == ("a letter", "owner", dict(done.rows))

    def test_what_it_would_do_is_what_it_does(self, ctx: Context, two: tuple[Account, Account]) -> None:
        plan = look_at_removal(ctx, OWNER, two[0].name)

        assert _counts(ctx, two[0]) == plan.rows
        done = remove(ctx, OWNER, two[0].name, keep_history=False)
        assert (plan.posts_canceled, plan.rows, plan.obstacles) == (done.posts_canceled, done.rows, ())

    def test_one_that_was_removed_with_its_history_can_be_erased(
        self, ctx: Context, two: tuple[Account, Account]
    ) -> None:
        remove(ctx, OWNER, two[0].name, keep_history=True)
        remove(ctx, OWNER, two[0].name, keep_history=False)

        assert _counts(ctx, two[0]) == {}
        assert _rows(ctx, "SELECT kind FROM erasures ORDER BY id") == [("account_removed",), ("account_erased",)]

    def test_a_harvest_that_is_just_storing_is_waited_for_and_leaves_nothing(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            held_until = clock.now() + timedelta(minutes=5)
            harvest = make_harvest(tx, account, claim=7, leased_until=held_until, next_action_at=held_until)
            lease = Lease("harvests", harvest.id, 7, Deadline.after(60), 60)
        with ThreadPoolExecutor(1) as pool, ctx.database.transaction() as tx:
            renew(tx, lease)
            see_comments(tx, account.id, [SeenComment("1")], now=clock.now(), are_shown=True)
            running = pool.submit(remove, ctx, OWNER, account.name, keep_history=False)
            until(lambda: _is_waiting(ctx), what="the removal does not wait for the harvest")
            tx.commit()
            running.result(30)

        assert _rows(ctx, "SELECT count(*) FROM comments") == [(0,)]
        with pytest.raises(ClaimLost), ctx.database.transaction() as tx:
            renew(tx, lease)


class TestKeeping:
    def test_its_token_goes_and_its_history_stays(self, ctx: Context, two: tuple[Account, Account]) -> None:
        gone, stays = two
        had, others = _counts(ctx, gone), _counts(ctx, stays)

        with lock_order_kept(ctx.database):
            done = remove(ctx, OWNER, gone.name, keep_history=True)

        now = _counts(ctx, gone)
        assert now.pop("post_events") == had.pop("post_events") + 1  # the post that was taken back
        del had["slots"], had["tokens"]
        assert now == had
        assert _counts(ctx, stays) == others
        with ctx.database.transaction() as tx:
            account = tx.get_one(Account, gone.id)
        assert (account.state, account.token_sealed) == (AccountState.REMOVED.value, None)
        assert done.posts_canceled == 1

    def test_nothing_is_owed_it_any_more(self, ctx: Context, two: tuple[Account, Account]) -> None:
        with ctx.database.transaction() as tx:
            make_connection(tx, ig_id=two[0].ig_id, name=two[0].name)
            make_reply(tx, make_mention(tx, two[0]))

        remove(ctx, OWNER, two[0].name, keep_history=True)

        for table in ("posts", "harvests", "backfills", "inbox_events", "replies"):
            owed = f"SELECT count(*) FROM {table} WHERE account_id = {two[0].id} AND next_action_at IS NOT NULL"  # noqa: S608
            assert _rows(ctx, owed) == [(0,)], table
        assert _rows(ctx, "SELECT count(*) FROM connections WHERE state = 'asked'") == [(0,)]
        assert _rows(ctx, f"SELECT count(*) FROM watches WHERE account_id = {two[0].id} AND ended_at IS NULL") == [(0,)]  # noqa: S608
        with ctx.database.transaction() as tx:
            add_missing_harvests(tx)
            plan(tx, clock.now())
        assert _rows(ctx, f"SELECT count(*) FROM harvests WHERE account_id = {two[0].id}") == [(1,)]  # noqa: S608

    def test_a_live_post_that_lacks_something_says_so(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            post = make_post(tx, account, state="published", published_at=clock.now(), first_comment="hi", parts=0)

        remove(ctx, OWNER, account.name, keep_history=True)

        with ctx.database.transaction() as tx:
            found = tx.get_one(Post, post.id)
        assert set(found.missing or {}) == {"comment", "permalink"}
        assert found.error == "the account was removed"

    def test_it_is_refused_a_second_time(self, ctx: Context, two: tuple[Account, Account]) -> None:
        remove(ctx, OWNER, two[0].name, keep_history=True)

        with pytest.raises(NotPossible, match="removed already") as refused:
            remove(ctx, OWNER, two[0].name, keep_history=True)
        assert refused.value.type == "account.removed"

    def test_nothing_can_be_asked_of_it_but_its_history(self, ctx: Context, two: tuple[Account, Account]) -> None:
        name = two[0].name
        remove(ctx, OWNER, name, keep_history=True)

        for ask in (
            lambda: accounts.pause(ctx, OWNER, name),
            lambda: accounts.resume(ctx, OWNER, name),
            lambda: harvests.run_harvests(ctx, OWNER, name),
            lambda: backfills.request(ctx, OWNER, clock.now() - timedelta(days=9), name),
            lambda: slots.add(ctx, OWNER, name, days="mon", at=["09:00"]),
        ):
            with pytest.raises(NotPossible) as refused:
                ask()
            assert refused.value.type == "account.removed"
        assert len(backfills.request(ctx, OWNER, clock.now() - timedelta(days=9)).ids) == 3  # of the other one
        assert len(posts.list_posts(ctx, OWNER, account=name)) == 2
        states = {one.name: one.state for one in accounts.list_accounts(ctx, OWNER)}
        assert states == {name: "removed", two[1].name: "active"}

    def test_doctor_has_nothing_to_say_of_it(self, ctx: Context, two: tuple[Account, Account]) -> None:
        remove(ctx, OWNER, two[0].name, keep_history=True)

        findings = system.examine(ctx, OWNER)
        assert [one for one in findings if one.subject == two[0].name] == []
        assert next(one for one in findings if one.check == "tokens").result is Result.OK

    def test_it_goes_on_where_it_was_once_it_is_connected_again(
        self, ctx: Context, two: tuple[Account, Account]
    ) -> None:
        remove(ctx, OWNER, two[0].name, keep_history=True)
        new = NewAccount(Login.FACEBOOK, two[0].ig_id, two[0].name, "SIM-TOKEN-anew")

        done = connections.outcome(ctx, OWNER, connections.connect(ctx, OWNER, new, check=False))

        assert (done.state, done.is_new) == ("active", False)
        with ctx.database.transaction() as tx:
            assert plan(tx, clock.now()) > 0
            media = tx.scalars(select(Harvest).where(Harvest.account_id == two[0].id, Harvest.kind == "media")).one()
            assert media.next_action_at is not None


class TestRefusing:
    @pytest.mark.parametrize("keep_history", [True, False])
    @pytest.mark.parametrize("state", ["publishing", "uncertain", "needs_review"])
    def test_a_post_that_may_be_live(self, ctx: Context, state: str, keep_history: bool) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            owed = None if state == "needs_review" else clock.now()
            post = make_post(tx, account, state=state, next_action_at=owed)
            attempt = {"publishing": "intent", "uncertain": "unknown"}.get(state, state)
            attempt_id = make_attempt(tx, post, state=attempt).id
            place = "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
            tx.execute(text(f"{place} VALUES (:a, :t, 'reserved', now(), 50)"), {"a": account.id, "t": attempt_id})
        had = _counts(ctx, account)

        with pytest.raises(NotPossible, match=f"post {post.id} is {state}") as refused:
            remove(ctx, OWNER, account.name, keep_history=keep_history)

        assert refused.value.type == "account.busy"
        assert _counts(ctx, account) == had
        assert look_at_removal(ctx, OWNER, account.name).obstacles == (f"post {post.id} is {state}",)
        with ctx.database.transaction() as tx:
            assert tx.get_one(Post, post.id).claim == post.claim  # whoever works on it goes on

    @pytest.mark.parametrize("state", ["sending", "unknown", "needs_review"])
    def test_a_reply_that_may_stand(self, ctx: Context, state: str) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            mention = make_mention(tx, account)
            owed = None if state == "needs_review" else clock.now()
            make_reply(tx, mention, state=state, next_action_at=owed)

        with pytest.raises(NotPossible, match=f"mention {mention.id}: its reply"):
            remove(ctx, OWNER, account.name, keep_history=False)

    def test_a_first_comment_that_may_stand(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            post = make_post(tx, account, state="published", published_at=clock.now(), first_comment="hi", media_id="1")
            tx.execute(text("UPDATE parts SET media_id = '1'"))
            part = tx.scalar(text("SELECT id FROM parts"))
            make_attempt(tx, post, part_id=part, action="comment", state="unknown")

        with pytest.raises(NotPossible, match=f"post {post.id}: its comment was sent"):
            remove(ctx, OWNER, account.name, keep_history=False)

    def test_an_account_that_nobody_knows(self, ctx: Context) -> None:
        for ask in (lambda: look_at_removal(ctx, OWNER, "x"), lambda: remove(ctx, OWNER, "x", keep_history=True)):
            with pytest.raises(Unknown):
                ask()

    def test_whoever_may_not(self, ctx: Context, two: tuple[Account, Account]) -> None:
        publisher = Asker("publisher", frozenset({Scope.READ, Scope.PUBLISH}))

        with pytest.raises(NotAllowed):
            remove(ctx, publisher, two[0].name, keep_history=True)


def _is_waiting(ctx: Context) -> bool:
    query = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    return bool(_rows(ctx, query)[0][0])

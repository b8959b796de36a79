"""Claims: a row that is due goes to one worker at a time, in order, and nobody else can write its outcome."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.owed import works
from models.owed.claims import (
    WAKE_CHANNEL,
    ClaimLost,
    Lease,
    claim_due,
    finish,
    give_back,
    in_flight,
    renew,
    take,
    wake_schedulers,
)
from models.owed.lookout import Lookout
from models.owed.works import WORKS, Work
from models.store.base import words_of
from models.store.session import Database
from pressrun import clock
from pressrun.network.hints import Hint, Task
from tests.factories.owed import make_owed
from tests.factories.rows import (
    make_account,
    make_harvest,
    make_inbox_event,
    make_post,
)
from tests.integration.models.racing import race
from tests.support.plans import rows_read
from tests.support.waiting import until

WORK = {work.name: work for work in WORKS}
PUBLISH = WORK["publish"]


def _staged(tx: Session, account: Account, **over: Any) -> int:
    return make_post(tx, account, state="staged", **over).id


def _row(database: Database, table: str, id_: int) -> Any:
    with database.transaction() as tx:
        columns = "claim, next_action_at, leased_until, next_action_at <= now() AS is_due"
        return tx.execute(text(f"SELECT {columns} FROM {table} WHERE id = :id"), {"id": id_}).one()  # noqa: S608


def _claim(
    database: Database, work: Work = PUBLISH, *, limit: int = 100, lease_s: float = 30, **more: Any
) -> list[Hint]:
    with database.transaction() as tx:
        return claim_due(tx, work, limit=limit, lease_s=lease_s, **more)


def _take(database: Database, hint: Hint, *, lease_s: float = 30) -> Lease | None:
    with database.transaction() as tx:
        return take(tx, works.TABLE_OF_TASK[hint.task], hint.id, hint.claim, lease_s=lease_s)


def _taken(database: Database, work: Work = PUBLISH, *, lease_s: float = 30) -> Lease:
    hint = _claim(database, work)[0]
    lease = _take(database, hint, lease_s=lease_s)
    assert lease is not None
    return lease


def _make_due(database: Database, table: str) -> None:
    """As if every lease had run out."""
    with database.transaction() as tx:
        past = "now() - interval '1 ms'"
        tx.execute(text(f"UPDATE {table} SET next_action_at = {past}, leased_until = {past}"))  # noqa: S608


class TestClaimDue:
    def test_no_row_goes_to_two_claimers(self, database: Database) -> None:
        with database.transaction() as tx:
            accounts = [make_account(tx) for _ in range(4)]
            owed = {_staged(tx, accounts[number % 4]) for number in range(48)}

        def claim_until_empty() -> list[int]:
            got: list[int] = []
            while hints := _claim(database, limit=7):
                got += [hint.id for hint in hints]
            return got

        for round_ in range(1, 26):
            shares = race([claim_until_empty] * 6)

            assert Counter(id_ for share in shares for id_ in share) == dict.fromkeys(owed, 1)
            with database.transaction() as tx:
                numbers = set(tx.execute(text("SELECT claim FROM posts")).scalars())
            assert numbers == {round_}
            _make_due(database, "posts")

    def test_never_more_rows_than_asked_for_while_others_claim(self, database: Database) -> None:
        with database.transaction() as tx:
            accounts = [make_account(tx) for _ in range(5)]
            for number in range(150):
                _staged(tx, accounts[number % 5])

        def claim_by_threes() -> list[int]:
            return [len(_claim(database, limit=3)) for _ in range(10)]

        sizes = [size for share in race([claim_by_threes] * 5) for size in share]

        assert sizes == [3] * 50

    def test_a_row_that_someone_works_on_is_skipped_and_not_waited_for(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            held, free = _staged(tx, account), _staged(tx, account)

        with database.transaction() as someone:
            someone.execute(text("SELECT FROM posts WHERE id = :id FOR UPDATE"), {"id": held})
            with database.transaction() as tx:
                tx.execute(text("SET LOCAL lock_timeout = '1s'"))
                hints = claim_due(tx, PUBLISH, limit=10, lease_s=30)

        assert [hint.id for hint in hints] == [free]

    def test_what_is_claimed_names_the_step_of_its_state(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            scheduled = make_post(tx, account).id
            staging = make_post(tx, account, state="staging").id
            staged = make_post(tx, account, state="staged").id

        assert {hint.id: hint.task for hint in _claim(database, WORK["prepare"])} == {
            scheduled: Task.POST_STAGE,
            staging: Task.POST_POLL,
        }
        assert {hint.id: hint.task for hint in _claim(database)} == {staged: Task.POST_PUBLISH}

    def test_rows_come_in_the_order_in_which_they_fell_due(self, database: Database) -> None:
        now = clock.now()
        with database.transaction() as tx:
            ages = random.Random(7).sample(range(1, 200), 12)
            due = {_staged(tx, make_account(tx), next_action_at=now - timedelta(seconds=age)): age for age in ages}

        hints = _claim(database)

        assert [due[hint.id] for hint in hints] == sorted(ages, reverse=True)

    def test_each_is_read_a_few_times_however_many_fall_due_at_once(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            for _ in range(200):
                _staged(tx, account, next_action_at=clock.now() + timedelta(hours=1))
            tx.execute(text("ANALYZE posts"))  # as of before the full hour: nothing is due
            tx.execute(text("UPDATE posts SET next_action_at = now() - interval '1 second'"))
            hints, read = rows_read(tx, lambda: claim_due(tx, PUBLISH, limit=50, lease_s=30.0))
            tx.rollback()

        assert len(hints) == 50
        assert 200 <= read["posts"] <= 10 * 200, read

    def test_the_oldest_go_first_when_not_all_can(self, database: Database) -> None:
        now = clock.now()
        with database.transaction() as tx:
            ages = random.Random(8).sample(range(1, 200), 12)
            due = {_staged(tx, make_account(tx), next_action_at=now - timedelta(seconds=age)): age for age in ages}

        hints = _claim(database, limit=4)

        assert [due[hint.id] for hint in hints] == sorted(ages, reverse=True)[:4]

    def test_one_accounts_backlog_does_not_starve_the_post_of_another(self, database: Database) -> None:
        now = clock.now()
        with database.transaction() as tx:
            busy, calm, third = (make_account(tx) for _ in range(3))
            for number in range(120):
                _staged(tx, busy, next_action_at=now - timedelta(seconds=200 - number))
            wanted = {_staged(tx, one, next_action_at=now - timedelta(seconds=1)) for one in (calm, third)}

        hints = _claim(database, limit=3)

        assert wanted < {hint.id for hint in hints}

    def test_accounts_take_turns(self, database: Database) -> None:
        now = clock.now()
        with database.transaction() as tx:
            accounts = [make_account(tx) for _ in range(3)]
            owner = {
                _staged(tx, account, next_action_at=now - timedelta(seconds=100 - 10 * rank - number)): rank
                for rank, account in enumerate(accounts)
                for number in range(8)
            }

        hints = _claim(database, limit=12)

        assert Counter(owner[hint.id] for hint in hints) == {0: 4, 1: 4, 2: 4}

    def test_what_is_not_due_yet_stays(self, database: Database) -> None:
        with database.transaction() as tx:
            _staged(tx, make_account(tx), next_action_at=clock.now() + timedelta(seconds=30))

        assert _claim(database) == []

    def test_a_row_that_owes_nothing_stays(self, database: Database) -> None:
        with database.transaction() as tx:
            make_post(tx, make_account(tx), state="canceled", next_action_at=None)

        assert [hint for work in WORKS for hint in _claim(database, work)] == []

    def test_a_claim_that_is_rolled_back_leaves_the_row_due(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        with database.transaction() as tx:
            assert claim_due(tx, PUBLISH, limit=1, lease_s=30)
            tx.rollback()

        assert [(hint.id, hint.claim) for hint in _claim(database)] == [(post_id, 1)]

    def test_only_what_is_overdue_for_long_enough_is_pulled(self, database: Database) -> None:
        now = clock.now()
        with database.transaction() as tx:
            account = make_account(tx)
            old = _staged(tx, account, next_action_at=now - timedelta(seconds=20))
            young = _staged(tx, account, next_action_at=now - timedelta(seconds=5))

        assert [hint.id for hint in _claim(database, overdue_s=10)] == [old]
        assert [hint.id for hint in _claim(database, overdue_s=0)] == [young]

    def test_a_harvest_without_a_slot_is_not_claimed(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            make_harvest(tx, account, kind="media", slot_at=None)
            planned = make_harvest(tx, account, kind="tags").id

        assert [hint.id for hint in _claim(database, WORK["harvest"])] == [planned]

    def test_an_inbox_event_of_an_unknown_account_is_claimed_too(self, database: Database) -> None:
        with database.transaction() as tx:
            event = make_inbox_event(tx, account_id=None).id

        assert [(hint.task, hint.id) for hint in _claim(database, WORK["inbox"])] == [(Task.INBOX_HANDLE, event)]


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
class TestEveryKindOfWork:
    def test_goes_from_claim_to_take_to_renewal_to_its_end(self, loose: Database, work: Work) -> None:
        with loose.transaction() as tx:
            id_ = make_owed(tx, work)
        hint = _claim(loose, work)[0]
        assert (hint.id, hint.claim, hint.queue) == (id_, 1, work.queue)

        lease = _take(loose, hint)

        assert lease is not None
        assert (lease.table, lease.id, lease.claim) == (work.table, id_, 2)
        again_at = clock.now() + timedelta(hours=1)
        with loose.transaction() as tx:
            lease = renew(tx, lease)
            finish(tx, lease, next_action_at=again_at)
        row = _row(loose, work.table, id_)
        assert (row.claim, row.next_action_at, row.leased_until) == (2, again_at, None)

    def test_is_fenced_by_the_number_of_the_claim(self, loose: Database, work: Work) -> None:
        with loose.transaction() as tx:
            id_ = make_owed(tx, work)
        lost = _taken(loose, work)
        _make_due(loose, work.table)
        present = _taken(loose, work)
        before = _row(loose, work.table, id_)

        for stale in (partial(renew, lease=lost), partial(finish, lease=lost, next_action_at=None)):
            with pytest.raises(ClaimLost), loose.transaction() as tx:
                stale(tx)
        with loose.transaction() as tx:
            assert not give_back(tx, work.table, id_, lost.claim)

        assert _row(loose, work.table, id_) == before
        with loose.transaction() as tx:
            finish(tx, present, next_action_at=clock.now())

    def test_runs_only_as_many_at_a_time_as_it_may(self, loose: Database, work: Work) -> None:
        with loose.transaction() as tx:
            owed = [make_owed(tx, work) for _ in range(4)]

        claimed = [hint.id for _ in range(2) for hint in _claim(loose, work)]

        assert claimed == owed[: work.most_at_once or 4]
        due_in_s = _seconds_until_due(loose)
        assert due_in_s is None or due_in_s > 0  # no scheduler turns in circles over what it may not claim


class TestTake:
    def test_a_hint_that_is_delivered_twice_is_taken_once(self, database: Database) -> None:
        with database.transaction() as tx:
            _staged(tx, make_account(tx))
        hint = _claim(database)[0]

        assert _take(database, hint) is not None
        assert _take(database, hint) is None

    def test_two_workers_that_get_the_same_hint_at_once_do_not_both_take_it(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))

        for _ in range(40):
            hint = _claim(database)[0]
            leases = race([partial(_take, database, hint)] * 6)

            winners = [lease for lease in leases if lease is not None]
            assert len(winners) == 1
            assert winners[0].claim == _row(database, "posts", post_id).claim
            _make_due(database, "posts")

    def test_a_hint_is_stale_once_the_row_was_claimed_again(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        old = _claim(database)[0]
        _make_due(database, "posts")
        new = _claim(database)[0]
        before = _row(database, "posts", post_id)

        assert _take(database, old) is None
        assert _row(database, "posts", post_id) == before
        assert _take(database, new) is not None

    def test_a_hint_of_a_row_that_is_gone_is_stale(self, database: Database) -> None:
        with database.transaction() as tx:
            assert take(tx, "posts", 4711, 1, lease_s=30) is None

    def test_the_hint_of_a_finished_step_does_nothing(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        hint = _claim(database)[0]
        lease = _take(database, hint)
        assert lease is not None
        with database.transaction() as tx:
            finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))
        before = _row(database, "posts", post_id)

        assert _take(database, hint) is None
        with database.transaction() as tx:
            assert take(tx, "posts", post_id, lease.claim, lease_s=30) is None
        assert _row(database, "posts", post_id) == before

    def test_a_hint_that_waited_longer_than_its_lease_is_good_while_nobody_else_has_claimed(
        self, database: Database
    ) -> None:
        with database.transaction() as tx:
            _staged(tx, make_account(tx))
        hint = _claim(database)[0]
        _make_due(database, "posts")

        assert _take(database, hint) is not None
        assert _claim(database) == []

    def test_a_claim_and_the_take_of_an_older_hint_do_not_both_win(self, database: Database) -> None:
        with database.transaction() as tx:
            _staged(tx, make_account(tx))

        for _ in range(40):
            old = _claim(database)[0]
            _make_due(database, "posts")

            def worker(hint: Hint = old) -> bool:
                return _take(database, hint) is not None

            def scheduler() -> bool:
                return bool(_claim(database))

            took, claimed = race([worker, scheduler])

            assert took or claimed
            # The other order is allowed: claimed first, and then the old hint is stale. Both would be two owners.
            assert not (took and claimed)
            _make_due(database, "posts")


class TestLease:
    def test_its_deadline_ends_before_the_databases_own(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        lease = _taken(database, lease_s=30)

        left_s = (_row(database, "posts", post_id).leased_until - clock.now()).total_seconds()

        assert lease.deadline.remaining_s() <= left_s

    def test_one_that_runs_out_makes_the_row_due_again(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        dead = _taken(database, lease_s=0.3)
        assert _claim(database) == []

        again = until(lambda: _claim(database))

        assert [(hint.id, hint.claim) for hint in again] == [(post_id, dead.claim + 1)]
        with pytest.raises(ClaimLost), database.transaction() as tx:
            finish(tx, dead, next_action_at=clock.now() + timedelta(hours=1))

    def test_renewing_gives_the_full_time_again(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        lease = _taken(database, lease_s=30)
        with database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now(), leased_until = now()"))

        before = clock.now()
        with database.transaction() as tx:
            renewed = renew(tx, lease)
        after = clock.now()

        row = _row(database, "posts", post_id)
        assert row.claim == lease.claim == renewed.claim
        assert row.leased_until == row.next_action_at
        assert before <= row.leased_until - timedelta(seconds=30) <= after
        assert renewed.deadline.remaining_s() > lease.deadline.remaining_s()
        assert _claim(database) == []

    def test_a_worker_that_is_late_may_finish_while_nobody_else_has_the_row(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        lease = _taken(database)
        _make_due(database, "posts")
        again_at = clock.now() + timedelta(hours=1)

        with database.transaction() as tx:
            finish(tx, lease, next_action_at=again_at)

        assert _row(database, "posts", post_id).next_action_at == again_at

    def test_a_step_is_finished_once(self, database: Database) -> None:
        with database.transaction() as tx:
            _staged(tx, make_account(tx))
        lease = _taken(database)
        with database.transaction() as tx:
            finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))

        for again in (partial(renew, lease=lease), partial(finish, lease=lease, next_action_at=None)):
            with pytest.raises(ClaimLost, match="posts is no longer held"), database.transaction() as tx:
                again(tx)

    def test_what_belongs_to_a_lost_claim_is_rolled_back_with_it(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        lost = _taken(database)
        _make_due(database, "posts")
        _claim(database)

        def outcome() -> None:
            with database.transaction() as tx:
                tx.execute(text("UPDATE posts SET error = 'from a stalled worker' WHERE id = :id"), {"id": post_id})
                finish(tx, lost, next_action_at=None)

        with pytest.raises(ClaimLost):
            outcome()

        with database.transaction() as tx:
            assert tx.execute(text("SELECT error FROM posts")).scalar_one() is None


class TestGiveBack:
    def test_a_row_that_is_given_back_is_due_at_once(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        hint = _claim(database)[0]

        with database.transaction() as tx:
            assert give_back(tx, "posts", hint.id, hint.claim)

        assert _take(database, hint) is None
        assert [(again.id, again.claim) for again in _claim(database)] == [(post_id, 2)]

    def test_a_row_that_is_given_back_is_as_overdue_as_it_was(self, database: Database) -> None:
        due_at = clock.now() - timedelta(seconds=20)
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx), next_action_at=due_at)

        for _ in range(3):
            hint = _claim(database)[0]
            with database.transaction() as tx:
                give_back(tx, "posts", hint.id, hint.claim, due_at=hint.due_at)

        assert _row(database, "posts", post_id).next_action_at == due_at
        assert [hint.id for hint in _claim(database, overdue_s=10)] == [post_id]

    def test_a_row_cannot_be_given_back_into_the_future(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        hint = _claim(database)[0]

        with database.transaction() as tx:
            give_back(tx, "posts", hint.id, hint.claim, due_at=clock.now() + timedelta(hours=1))

        assert _row(database, "posts", post_id).is_due


class TestInFlight:
    def test_counts_what_is_owned_right_now_and_nothing_else(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            for _ in range(5):
                _staged(tx, account)
            make_post(tx, account, state="scheduled")
            make_harvest(tx, account)

        idle = dict.fromkeys(WORK, 0)
        assert _in_flight(database) == idle | {"publish": 0, "prepare": 0, "harvest": 0, "inbox": 0}
        hints = _claim(database, limit=4)
        _claim(database, WORK["prepare"])
        _claim(database, WORK["harvest"])
        assert _in_flight(database) == idle | {"publish": 4, "prepare": 1, "harvest": 1, "inbox": 0}

        lease = _take(database, hints[0])
        assert lease is not None
        with database.transaction() as tx:
            finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))
            give_back(tx, "posts", hints[1].id, hints[1].claim)
        assert _in_flight(database)["publish"] == 2

        _make_due(database, "posts")
        assert _in_flight(database)["publish"] == 0


def _in_flight(database: Database) -> dict[str, int]:
    with database.transaction() as tx:
        return {work.name: in_flight(tx, work) for work in WORKS}


def _seconds_until_due(database: Database) -> float | None:
    with closing(Lookout(database)) as lookout:
        return lookout.seconds_until_due()


class TestSecondsUntilDue:
    def test_nothing_owed_is_none(self, database: Database) -> None:
        with database.transaction() as tx:
            make_post(tx, make_account(tx), state="canceled", next_action_at=None)

        assert _seconds_until_due(database) is None

    @pytest.mark.parametrize(
        "make",
        [
            lambda tx, at: make_post(tx, make_account(tx), next_action_at=at),
            lambda tx, at: make_harvest(tx, make_account(tx), next_action_at=at),
            lambda tx, at: make_inbox_event(tx, next_action_at=at),
        ],
        ids=["post", "harvest", "inbox event"],
    )
    def test_the_nearest_of_any_kind_counts(self, database: Database, make: Callable[[Session, datetime], Any]) -> None:
        now = clock.now()
        with database.transaction() as tx:
            account = make_account(tx)
            make_post(tx, account, next_action_at=now + timedelta(seconds=90))
            make_harvest(tx, account, next_action_at=now + timedelta(seconds=90))
            make_inbox_event(tx, next_action_at=now + timedelta(seconds=90))
            make(tx, now + timedelta(seconds=30))

        assert _falls_due_at(database, now + timedelta(seconds=30))

    def test_what_is_overdue_is_negative(self, database: Database) -> None:
        with database.transaction() as tx:
            due_at = clock.now() - timedelta(seconds=10)
            make_post(tx, make_account(tx), next_action_at=due_at)

        assert (_seconds_until_due(database) or 0) <= -10
        assert _falls_due_at(database, due_at)

    def test_a_row_that_is_being_worked_on_counts_with_the_end_of_its_lease(self, database: Database) -> None:
        with database.transaction() as tx:
            post_id = _staged(tx, make_account(tx))
        _claim(database, lease_s=30)

        assert _falls_due_at(database, _row(database, "posts", post_id).leased_until)


def _falls_due_at(database: Database, instant: datetime) -> bool:
    """The next row is said to fall due then: the seconds said count from some moment of the asking."""
    before = clock.now()
    seconds = _seconds_until_due(database)
    after = clock.now()
    return seconds is not None and before <= instant - timedelta(seconds=seconds) <= after


class TestWaking:
    def test_a_notice_comes_with_the_commit_and_not_without_it(self, database: Database) -> None:
        with database.standing_connection(channel=WAKE_CHANNEL) as ear:
            with database.transaction() as tx:
                wake_schedulers(tx)
                tx.rollback()
            assert list(ear.notifies(timeout=0.2)) == []

            with database.transaction() as tx:
                wake_schedulers(tx)
                assert list(ear.notifies(timeout=0.2)) == []

            assert [notice.channel for notice in ear.notifies(timeout=60, stop_after=1)] == [WAKE_CHANNEL]


class TestOfANewerRelease:
    """What stands in the rows is what a newer release writes while processes of this one still run beside it."""

    def test_what_is_not_known_is_left_alone_and_keeps_nobody_awake(self, loose: Database) -> None:
        for work in WORKS:
            for column in words_of(work.table).keys() - {"state" if work.states else ""}:
                with loose.transaction() as tx:
                    id_ = make_owed(tx, work)
                hint = _claim(loose, work)[0]
                _of_newer(loose, work.table, id_, column)

                assert _take(loose, hint) is None, (work.name, column)
                _make_due(loose, work.table)
                assert _claim(loose, work) == [], (work.name, column)
                due_in_s = _seconds_until_due(loose)
                assert due_in_s is None or due_in_s > 0, (work.name, column)
                with closing(Lookout(loose)) as lookout:
                    assert not lookout.has_unanswered(), (work.name, column)
                with loose.transaction() as tx:
                    tx.execute(text(f"UPDATE {work.table} SET next_action_at = NULL, leased_until = NULL"))  # noqa: S608


def _of_newer(database: Database, table: str, id_: int, column: str) -> None:
    """The row holds a word that only a newer release has, whose revision let it in."""
    checks = text("SELECT conname FROM pg_constraint WHERE conrelid = CAST(:t AS regclass) AND contype = 'c'")
    with database.transaction() as tx:
        for name in tx.scalars(checks, {"t": table}).all():
            tx.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
        tx.execute(text(f"UPDATE {table} SET {column} = 'newer' WHERE id = :id"), {"id": id_})  # noqa: S608

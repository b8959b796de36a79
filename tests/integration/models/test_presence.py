"""Presence: a process is known while it lives, and what one that is gone has held falls due for others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from models.owed.claims import Lease, claim_due, finish, take
from models.owed.lookout import Lookout
from models.owed.presence import ABSENT, Absences, Presence, release
from models.owed.works import WORKS, Work
from models.posts.event import timeline
from models.store.session import Database
from pressrun import clock
from tests.factories.owed import make_owed
from tests.support.outages import closed_to_new_sessions, end_session, is_known
from tests.support.waiting import until

WORK = {work.name: work for work in WORKS}


@pytest.fixture
def presence(database: Database) -> Iterator[Presence]:
    presence = Presence(database)
    presence.absent_holders()
    yield presence
    presence.leave()


def held(database: Database, presence: Presence | None, work: Work = WORK["publish"]) -> Lease:
    """A row of that kind that a process has taken for an hour."""
    with database.transaction() as tx:
        make_owed(tx, work)
    with database.transaction() as tx:
        [hint] = claim_due(tx, work, limit=1, lease_s=10)
        holder = None if presence is None else presence.number
        lease = take(tx, work.table, hint.id, hint.claim, lease_s=3600, holder=holder)
    assert lease is not None
    return lease


def absent(database: Database) -> set[int]:
    with database.transaction() as tx:
        return set(tx.scalars(text(ABSENT)))


def row(database: Database, lease: Lease) -> Any:
    query = f"SELECT claim, holder, leased_until, next_action_at <= now() AS is_due FROM {lease.table} WHERE id = :id"  # noqa: S608
    with database.transaction() as tx:
        return tx.execute(text(query), {"id": lease.id}).one()


@pytest.mark.parametrize("name", WORK)
def test_what_a_process_held_is_due_once_it_has_left(database: Database, presence: Presence, name: str) -> None:
    lease = held(database, presence, WORK[name])
    assert absent(database) == set()
    presence.leave()
    until(lambda: absent(database) == {presence.number})

    assert Absences(database, gone_after_s=0).note(absent(database)) == 1

    assert tuple(row(database, lease)) == (lease.claim + 1, None, None, True)
    with database.transaction() as tx:
        [hint] = claim_due(tx, WORK[name], limit=10, lease_s=10)
    assert (hint.id, hint.claim) == (lease.id, lease.claim + 2)


def test_a_posts_timeline_says_that_its_worker_is_gone(database: Database, presence: Presence) -> None:
    lease = held(database, presence)
    presence.leave()
    until(lambda: absent(database))

    with database.transaction() as tx:
        release(tx, [presence.number])

    with database.transaction() as tx:
        [event] = timeline(tx, lease.id)
    assert (event.reason, event.from_state, event.to_state) == ("worker.gone", "staged", "staged")


def test_what_nobody_holds_or_is_finished_is_left_alone(database: Database, presence: Presence) -> None:
    of_nobody, finished = held(database, None), held(database, presence)
    with database.transaction() as tx:
        finish(tx, finished, next_action_at=clock.now() + timedelta(hours=1))
    presence.leave()
    until(lambda: not is_known(database, presence))

    assert absent(database) == set()
    with database.transaction() as tx:
        assert release(tx, [presence.number]) == 0
    assert row(database, of_nobody).claim == of_nobody.claim


def test_a_process_whose_session_broke_is_known_again_and_keeps_what_it_holds(
    database: Database, presence: Presence
) -> None:
    lease = held(database, presence)
    watch = Absences(database)
    end_session(database, presence)
    assert watch.note(absent(database)) == 0  # seen, and not believed yet

    with pytest.raises(psycopg.OperationalError):
        presence.absent_holders()
    assert presence.absent_holders() == set()

    with database.transaction() as tx:
        assert release(tx, [presence.number]) == 0  # it has come back
    assert presence.holds(lease)


def test_an_absence_is_believed_only_after_it_was_watched_for_a_while(database: Database, presence: Presence) -> None:
    held(database, presence)
    presence.leave()
    until(lambda: absent(database))
    watch = Absences(database, gone_after_s=1)
    first = time.monotonic()
    assert watch.note(absent(database)) == 0

    watch.forget()  # the database was away: it begins anew

    until(lambda: watch.note(absent(database)) == 1)
    assert time.monotonic() - first > 1


class TestHolds:
    def test_no_longer_once_the_claim_has_passed_on(self, database: Database, presence: Presence) -> None:
        lease = held(database, presence)
        assert presence.holds(lease)
        end_session(database, presence)
        with database.transaction() as tx:
            assert release(tx, [presence.number]) == 1

        assert not presence.holds(lease)  # though it is known again, as of this question

        assert is_known(database, presence)

    def test_not_while_the_database_lets_nobody_in(
        self, database: Database, presence: Presence, database_url: str
    ) -> None:
        lease = held(database, presence)
        with closed_to_new_sessions(database_url):
            end_session(database, presence)

            assert not presence.holds(lease)

        assert presence.holds(lease)


def test_schedulers_see_it_on_the_connection_of_their_lookout(database: Database, presence: Presence) -> None:
    lookout = Lookout(database)
    held(database, presence)
    assert lookout.absent_holders() == set()

    presence.leave()

    until(lambda: lookout.absent_holders() == {presence.number})
    lookout.close()

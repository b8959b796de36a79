"""The loop: on the second, awake when it is told, quiet when nothing is due, and not to be killed by its servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import add_harvests
from models.owed.claims import LONGEST_NAP_S, claim_due, take, wake_schedulers
from models.owed.lookout import Lookout
from models.owed.works import WORKS
from models.posts.event import timeline
from models.store.partitions import ensure_partitions
from models.store.session import Database
from pressrun import clock
from pressrun.clock import Deadline
from pressrun.network.broker import Broker
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from scheduler.loop import BACKLOG_NAP_S, SchedulerLoop
from tests.factories.rows import make_account, make_harvest, make_post
from tests.integration.scheduler.mailbox import PREFIX, Mailbox
from tests.integration.scheduler.months import exists, halve_this_month, this_month
from tests.support.debian_servers import redis_server
from tests.support.lending import Lent
from tests.support.servers import named
from tests.support.waiting import until


@contextmanager
def running(loop: SchedulerLoop, woken: Database | None = None) -> Iterator[threading.Thread]:
    """The loop in a thread; it must not have died of anything by the end.

    `woken`: its naps have no end, so a notice must let it see that it is to stop.
    """
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield thread
        assert thread.is_alive()
    finally:
        stop.set()
        if woken is not None:
            with woken.transaction() as tx:
                wake_schedulers(tx)
        thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def loop(database: Database, settings: Settings, broker: Broker) -> SchedulerLoop:
    return SchedulerLoop(settings=settings, database=database, broker=broker)


def _staged(database: Database, due_at: datetime, *, wake: bool = False, count: int = 1) -> list[int]:
    with database.transaction() as tx:
        account = make_account(tx)
        ids = [make_post(tx, account, state="staged", next_action_at=due_at).id for _ in range(count)]
        if wake:
            wake_schedulers(tx)
    return ids


def _claimed_at(database: Database, settings: Settings) -> dict[int, datetime]:
    """When each post was claimed: its lease began then."""
    with database.transaction() as tx:
        rows = tx.execute(text("SELECT id, leased_until FROM posts WHERE leased_until IS NOT NULL"))
        return {row.id: row.leased_until - settings.hint_lease for row in rows}


def _claimed(database: Database, settings: Settings, ids: list[int], timeout_s: float = 20) -> dict[int, datetime]:
    def all_are() -> dict[int, datetime] | None:
        claimed = _claimed_at(database, settings)
        return claimed if set(ids) <= set(claimed) else None

    return until(all_are, timeout_s, lambda: f"only {_claimed_at(database, settings)} of {ids}")


def test_a_post_that_falls_due_while_harvests_are_planned_goes_out_before_the_rest_of_them(
    database: Database, loop: SchedulerLoop, settings: Settings, mailbox: Mailbox
) -> None:
    with database.transaction() as tx:
        for _ in range(4):
            add_harvests(tx, make_account(tx).id, STANDING_CRONS)
    unplanned = "SELECT count(*) FROM harvests WHERE slot_at IS NULL"

    loop._turn()
    ids = _staged(database, clock.now())
    loop._turn()

    loop._lookout.close()

    assert set(_claimed_at(database, settings)) == set(ids)
    with database.transaction() as tx:
        assert tx.execute(text(unplanned)).scalar_one() > 0


class Sleeper(Lookout):
    """Notes each nap of its loop beside what it was told before: in how long the next row falls due."""

    naps: ClassVar[list[tuple[float, float | None]]] = []
    _told: float | None = None

    def seconds_until_each_is_due(self) -> dict[str, float]:
        told = super().seconds_until_each_is_due()
        self._told = min(told.values(), default=None)
        return told

    def wait(self, seconds: float) -> None:
        self.naps.append((seconds, self._told))
        super().wait(seconds)

    @classmethod
    def overslept(cls) -> list[tuple[float, float | None]]:
        """The naps that were to last beyond what was to fall due, or beyond the longest nap."""
        return [
            (nap_s, due_in_s)
            for nap_s, due_in_s in cls.naps
            if nap_s > LONGEST_NAP_S or (due_in_s is not None and nap_s > max(due_in_s, BACKLOG_NAP_S))
        ]


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> type[Sleeper]:
    monkeypatch.setattr("scheduler.loop.Lookout", Sleeper)
    Sleeper.naps.clear()
    return Sleeper


class TestPunctuality:
    """How late it is depends on the machine, and `make bench-lateness` measures it; what it does is seen here."""

    def test_posts_are_claimed_in_turn_never_early_and_no_nap_lasts_beyond_their_second(
        self, database: Database, settings: Settings, sleeper: type[Sleeper], loop: SchedulerLoop
    ) -> None:
        with running(loop):
            start = clock.now() + timedelta(seconds=1)
            with database.transaction() as tx:
                account = make_account(tx)
                due = {}
                for number in range(30):
                    due_at = start + timedelta(milliseconds=137 * number)
                    post = make_post(tx, account, state="staged", publish_at=due_at, next_action_at=due_at)
                    due[post.id] = due_at

            claimed = _claimed(database, settings, list(due))

        assert [id_ for id_, due_at in due.items() if claimed[id_] < due_at] == []
        in_turn = [claimed[id_] for id_ in due]
        assert in_turn == sorted(in_turn)
        assert sleeper.overslept() == []

    def test_a_post_that_falls_due_while_it_sleeps_does_not_wait_for_the_end_of_its_nap(
        self,
        database: Database,
        settings: Settings,
        sleeper: type[Sleeper],
        loop: SchedulerLoop,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("scheduler.loop.LONGEST_NAP_S", 600.0)
        with running(loop, database):
            _sleeping(database)
            due_at = clock.now() + timedelta(milliseconds=300)
            (post_id,) = _staged(database, due_at, wake=True)

            claimed = _claimed(database, settings, [post_id])[post_id]

        assert claimed >= due_at
        assert any(due_in_s is not None and nap_s <= due_in_s <= 0.3 for nap_s, due_in_s in sleeper.naps)


class TestWaking:
    def test_a_notice_wakes_it_at_once(
        self, database: Database, settings: Settings, loop: SchedulerLoop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduler.loop.LONGEST_NAP_S", 600.0)  # so that nothing else wakes it
        with running(loop, database):
            for _ in range(3):
                _sleeping(database)

                _claimed(database, settings, _staged(database, clock.now(), wake=True))

    def test_a_lost_notice_costs_at_most_its_longest_nap(
        self, database: Database, settings: Settings, sleeper: type[Sleeper], loop: SchedulerLoop
    ) -> None:
        with running(loop):
            _sleeping(database)

            _claimed(database, settings, _staged(database, clock.now()))

        assert sleeper.overslept() == []

    def test_a_harvest_without_a_slot_is_planned_and_sent(
        self, database: Database, loop: SchedulerLoop, mailbox: Mailbox
    ) -> None:
        with database.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx), slot_at=None).id

        with running(loop):
            until(lambda: ("harvest.run", harvest, 1) in mailbox.hints(Queue.HARVEST))

    def test_an_idle_one_is_idle(self, database: Database, loop: SchedulerLoop) -> None:
        with database.transaction() as tx:  # what is not the scheduler's to do must not keep it awake
            account = make_account(tx)
            make_post(tx, account, state="canceled", next_action_at=None)
            make_post(tx, account, next_action_at=clock.now() + timedelta(hours=1))
        with running(loop):
            _sleeping(database)
            before = _transactions(database)
            since = Deadline.after(0)
            until(lambda: since.remaining_s() < -3)
            made = _transactions(database) - before

        # A handful per turn, one turn per nap; a loop that spins makes thousands.
        assert made < 120


def _sleeping(database: Database) -> None:
    """Wait until the loop listens and nothing it said is unanswered."""
    query = """
        SELECT count(*) = 1 FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE '%lookout' AND state = 'idle'
    """

    def asleep() -> bool:
        with database.transaction() as tx:
            return bool(tx.execute(text(query)).scalar_one())

    until(asleep, what="the loop never listened")


def _transactions(database: Database) -> int:
    with database.transaction() as tx:
        tx.execute(text("SELECT pg_stat_force_next_flush()"))
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return int(tx.execute(text(query)).scalar_one())


class TestSeveral:
    def test_two_share_the_work_without_a_double_hint(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        start = clock.now()
        ids = []
        with database.transaction() as tx:
            accounts = [make_account(tx) for _ in range(4)]
            for number in range(200):
                due_at = start + timedelta(milliseconds=10 * number)
                ids.append(make_post(tx, accounts[number % 4], state="staged", next_action_at=due_at).id)

        first, second = (SchedulerLoop(settings=settings, database=database, broker=broker) for _ in range(2))
        with running(first), running(second):
            until(lambda: len(mailbox.hints(Queue.PUBLISH)) >= 200)

        hints = mailbox.hints(Queue.PUBLISH)
        assert sorted(id_ for _, id_, _ in hints) == sorted(ids)
        assert {claim for _, _, claim in hints} == {1}

    def test_one_goes_on_when_the_other_stops(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        first, second = (SchedulerLoop(settings=settings, database=database, broker=broker) for _ in range(2))
        with running(second):
            with running(first):
                _staged(database, clock.now(), wake=True)
                until(lambda: len(mailbox.hints(Queue.PUBLISH)) == 1)

            _staged(database, clock.now(), wake=True)
            until(lambda: len(mailbox.hints(Queue.PUBLISH)) == 2)


class TestStopping:
    def test_it_stops_within_its_longest_nap(
        self, database: Database, sleeper: type[Sleeper], loop: SchedulerLoop
    ) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=loop.run, args=(stop,), daemon=True)
        thread.start()
        until(lambda: sleeper.naps)

        stop.set()
        thread.join(60)

        assert not thread.is_alive()
        assert sleeper.overslept() == []

    def test_it_leaves_no_connection_behind(self, database: Database, loop: SchedulerLoop) -> None:
        with running(loop):
            _sleeping(database)

        def gone() -> bool:
            with database.transaction() as tx:
                query = """
                    SELECT count(*) = 0 FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name LIKE '%lookout'
                """
                return bool(tx.execute(text(query)).scalar_one())

        until(gone)


class TestTrouble:
    @pytest.mark.parametrize(
        "victims", ["application_name LIKE '%lookout'", "application_name NOT LIKE '%lookout'", "true"]
    )
    def test_it_survives_terminated_backends_and_goes_on(
        self, database: Database, settings: Settings, loop: SchedulerLoop, victims: str
    ) -> None:
        with running(loop):
            for _ in range(3):
                _sleeping(database)
                _terminate(database, victims)
                (post_id,) = _staged(database, clock.now())

                _claimed(database, settings, [post_id], timeout_s=10)

    def test_it_survives_backends_that_are_terminated_all_the_time(
        self, database: Database, settings: Settings, loop: SchedulerLoop
    ) -> None:
        stop = threading.Event()

        def terminate_on_and_on() -> None:
            while not stop.wait(0.02):
                _terminate(database, "true")

        terminator = threading.Thread(target=terminate_on_and_on)
        with running(loop):
            _sleeping(database)
            terminator.start()
            quiet = Deadline.after(2)
            until(lambda: quiet.passed)
            stop.set()
            terminator.join()

            (post_id,) = _staged(database, clock.now())
            _claimed(database, settings, [post_id], timeout_s=10)

    def test_a_broker_that_is_down_does_not_stop_it_and_the_posts_can_be_pulled(
        self, database: Database, settings: Settings, dead_broker: Broker
    ) -> None:
        (post_id,) = _staged(database, clock.now())
        with running(SchedulerLoop(settings=settings, database=database, broker=dead_broker)):

            def pulled() -> list[int]:
                with database.transaction() as tx:  # as a worker does, with what it takes for overdue
                    return [hint.id for hint in claim_due(tx, WORKS[0], limit=10, lease_s=30, overdue_s=2)]

            assert until(pulled) == [post_id]

    def test_nor_does_one_that_answers_and_refuses_and_hints_are_sent_again_afterwards(
        self, database: Database, settings: Settings
    ) -> None:
        def pulled() -> list[int]:
            with database.transaction() as tx:
                return [hint.id for hint in claim_due(tx, WORKS[0], limit=10, lease_s=300, overdue_s=2)]

        def tried_again(before: int) -> bool:
            return server.calls("sadd") > before + 1

        with redis_server() as server:
            server.become_replica()
            broker = Broker(server.url())
            with running(SchedulerLoop(settings=settings, database=database, broker=broker)):
                for _ in range(2):  # it goes on with the next one after the first was refused
                    refused = server.calls("sadd")
                    [post_id] = _staged(database, clock.now(), wake=True)
                    until(partial(tried_again, refused), what="it tried no more")
                    assert until(pulled) == [post_id]
                assert not server.admin.exists(f"{PREFIX}{Queue.PUBLISH.value}")

                server.become_master()
                _staged(database, clock.now(), wake=True)
                until(lambda: server.admin.llen(f"{PREFIX}{Queue.PUBLISH.value}") == 1)
            broker.close()

    def test_a_database_that_is_not_there_at_first_does_not_stop_it(
        self, database: Database, lent: Lent, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        late = Database(lent.url)
        name = urlsplit(lent.url).path.removeprefix("/")
        database.close()
        lent.leave()
        with psycopg.connect(named(lent.url, "postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")
            with running(SchedulerLoop(settings=settings, database=late, broker=broker)) as thread:
                refused = Deadline.after(1.2)
                until(lambda: refused.passed)
                assert thread.is_alive()

                admin.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
                (post_id,) = _staged(database, clock.now())
                until(lambda: mailbox.hints(Queue.PUBLISH) == [("post.publish", post_id, 1)])
        late.close()

    def test_upkeep_that_cannot_be_done_does_not_keep_the_posts_from_going_out(
        self, database: Database, settings: Settings, loop: SchedulerLoop
    ) -> None:
        halve_this_month(database)
        (post_id,) = _staged(database, clock.now())

        with running(loop):
            _claimed(database, settings, [post_id], timeout_s=10)

    def test_nor_does_upkeep_that_waits_for_somebody_who_reads_the_history(
        self, database: Database, settings: Settings, loop: SchedulerLoop, caplog: pytest.LogCaptureFixture
    ) -> None:
        with database.transaction() as tx:
            tx.execute(text(f"DROP TABLE {this_month()}"))
        (post_id,) = _staged(database, clock.now())

        with database.transaction() as reader:
            reader.execute(text("SELECT FROM media_snapshots"))
            with running(loop):
                _claimed(database, settings, [post_id])

        [failed] = [said for said in _said(caplog) if said["event"] == "upkeep.failed"]
        assert "lock timeout" in failed["error"], "it was upkeep that did not wait, not the reader who left"


def _said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.get_records("call") if isinstance(record.msg, dict)]


def _terminate(database: Database, victims: str) -> None:
    """End those backends, and return when they have ended: whoever looks next finds connections that are closed."""
    # Not by the pool: its own connections are among the victims.
    with psycopg.connect(make_conninfo(**database.server), autocommit=True) as connection:
        query = f"""
            SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND {victims}
        """  # noqa: S608
        connection.execute(query.encode())


def test_it_drops_the_months_that_the_settings_do_not_keep(
    database: Database, settings: Settings, broker: Broker
) -> None:
    then = clock.now() - timedelta(days=100)
    with database.transaction() as tx:
        ensure_partitions(tx, now=then, months_ahead=0)
    settings = settings.model_copy(update={"keep_history": 2})

    with running(SchedulerLoop(settings=settings, database=database, broker=broker)):
        until(lambda: not exists(database, f"media_snapshots_{then:%Y_%m}"), what="the month is still there")


def test_what_a_worker_that_is_gone_has_held_is_claimed_anew(
    database: Database, settings: Settings, loop: SchedulerLoop
) -> None:
    (post_id,) = _staged(database, clock.now() - timedelta(seconds=1))
    with database.transaction() as tx:
        [hint] = claim_due(tx, WORKS[0], limit=1, lease_s=10)
        lease = take(tx, "posts", post_id, hint.claim, lease_s=3600, holder=1)  # nobody has that number
    assert lease is not None

    with running(loop):
        until(lambda: _claim_of(database, post_id) > lease.claim + 1)

    with database.transaction() as tx:
        assert [event.reason for event in timeline(tx, post_id)] == ["worker.gone"]
    assert _claimed_at(database, settings)[post_id] < clock.now()  # by a hint, whose lease is short


def _claim_of(database: Database, post_id: int) -> int:
    with database.transaction() as tx:
        return int(tx.execute(text("SELECT claim FROM posts WHERE id = :id"), {"id": post_id}).scalar_one())

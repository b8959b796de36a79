"""Dispatching: rows that are due become hints once, not too many at a time, and come back when the broker is gone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.owed.claims import claim_due, finish, take
from models.owed.works import WORKS
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from pressrun.network.broker import Broker
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from scheduler.dispatch import Dispatched, Dispatcher
from tests.factories.rows import make_account, make_conversion, make_harvest, make_inbox_event, make_post
from tests.integration.models.racing import race
from tests.integration.scheduler.mailbox import Mailbox
from tests.support.servers import private_redis

PUBLISH = WORKS[0]


def _staged(database: Database, count: int = 1, **over: Any) -> list[int]:
    with database.transaction() as tx:
        account = make_account(tx)
        return [make_post(tx, account, state="staged", **over).id for _ in range(count)]


def _rows(database: Database) -> dict[int, Any]:
    with database.transaction() as tx:
        query = "SELECT id, claim, next_action_at, leased_until, next_action_at <= now() AS is_due FROM posts"
        return {row.id: row for row in tx.execute(text(query))}


class TestRound:
    def test_every_kind_of_work_goes_to_its_queue(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            scheduled = make_post(tx, account).id
            staged = make_post(tx, account, state="staged").id
            harvest = make_harvest(tx, account).id
            event = make_inbox_event(tx).id
            conversion = make_conversion(tx, account).id

        done = Dispatcher(settings=settings, database=database, broker=broker).round()

        assert done == Dispatched(sent=5, has_backlog=False, broker_is_up=True)
        assert {queue: mailbox.hints(queue) for queue in Queue} == {
            Queue.PUBLISH: [("post.publish", staged, 1)],
            Queue.PREPARE: [("post.stage", scheduled, 1)],
            Queue.HARVEST: [("harvest.run", harvest, 1)],
            Queue.INBOX: [("inbox.handle", event, 1)],
            Queue.MEDIA: [("media.fix", conversion, 1)],
        }

    def test_what_is_under_way_is_not_sent_again_while_its_lease_lasts(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        _staged(database, 5)
        dispatcher = Dispatcher(settings=settings, database=database, broker=broker)

        assert [dispatcher.round().sent for _ in range(3)] == [5, 0, 0]
        assert len(mailbox.hints(Queue.PUBLISH)) == 5

    def test_a_hint_that_was_lost_is_sent_again_under_another_claim(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        (post_id,) = _staged(database)
        dispatcher = Dispatcher(settings=settings, database=database, broker=broker)
        dispatcher.round()
        mailbox.clear()  # FLUSHALL
        with database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = now(), leased_until = now()"))

        dispatcher.round()

        assert mailbox.hints(Queue.PUBLISH) == [("post.publish", post_id, 2)]

    def test_the_claim_lasts_as_long_as_a_hint_may_wait(
        self, database: Database, settings: Settings, broker: Broker
    ) -> None:
        (post_id,) = _staged(database)

        Dispatcher(settings=settings, database=database, broker=broker).round()

        left = _rows(database)[post_id].leased_until - clock.now()
        assert timedelta(seconds=25) < left <= timedelta(seconds=30)

    def test_dispatchers_that_run_at_once_send_each_hint_once(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        wanted = sorted(_staged(database, 120))

        def run() -> int:
            dispatcher = Dispatcher(settings=settings, database=database, broker=broker)
            return sum(dispatcher.round().sent for _ in range(4))

        sent = race([run] * 4)

        assert sum(sent) == len(wanted)
        assert sorted(id_ for _, id_, _ in mailbox.hints(Queue.PUBLISH)) == wanted

    def test_a_claim_without_its_hint_costs_one_hint_lease(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        (post_id,) = _staged(database)
        dispatcher = Dispatcher(settings=settings, database=database, broker=broker)
        failpoints.arm("dispatch.after_claim=raise")
        try:
            with pytest.raises(FailpointRaised):
                dispatcher.round()
        finally:
            failpoints.arm("")

        assert mailbox.hints(Queue.PUBLISH) == []
        assert (_rows(database)[post_id].claim, _rows(database)[post_id].is_due) == (1, False)


class TestMessages:
    def test_a_hint_holds_two_numbers_and_nothing_else(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        (post_id,) = _staged(database)

        Dispatcher(settings=settings, database=database, broker=broker).round()

        (message,) = mailbox.messages(Queue.PUBLISH)
        assert json.loads(base64.b64decode(message["body"]))[:2] == [[post_id, 1], {}]
        headers = message["headers"]
        assert (headers["task"], headers["argsrepr"], headers["kwargsrepr"]) == (
            "post.publish",
            f"[{post_id}, 1]",
            "{}",
        )
        assert (headers["eta"], headers["expires"], headers["retries"]) == (None, None, 0)

    def test_nothing_in_the_broker_holds_a_token_a_caption_or_a_name(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        secrets = ["EAASECRETTOKEN", "a caption nobody else may read", "name-of-account", "17841499123456789"]
        with database.transaction() as tx:
            account = make_account(tx, token=secrets[0], name=secrets[2], ig_id=secrets[3])
            sealed = account.token_sealed or ""
            for state in ("scheduled", "staging", "staged"):
                make_post(tx, account, state=state, caption=secrets[1])
            make_harvest(tx, account)
            make_inbox_event(tx, account_id=account.id, value={"text": secrets[1]})

        assert Dispatcher(settings=settings, database=database, broker=broker).round().sent == 5

        found = mailbox.everything()
        bodies = [base64.b64decode(message["body"]) for queue in Queue for message in mailbox.messages(queue)]
        assert len(bodies) == 5
        for secret in (*secrets, sealed):
            assert secret.encode() not in found
            assert not any(secret.encode() in body for body in bodies)
        assert all(len(body) < 120 for body in bodies)


class TestBackpressure:
    def test_no_more_than_the_cap_are_under_way_per_kind_of_work(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        _staged(database, 12)
        with database.transaction() as tx:
            account = make_account(tx)
            for _ in range(3):
                make_post(tx, account)
        capped = settings.model_copy(update={"in_flight": 5})
        dispatcher = Dispatcher(settings=capped, database=database, broker=broker)

        first, second = dispatcher.round(), dispatcher.round()

        assert (first.sent, first.has_backlog) == (8, True)
        assert (second.sent, second.has_backlog) == (0, True)
        assert len(mailbox.hints(Queue.PUBLISH)) == 5

    def test_a_step_that_ends_makes_room(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        _staged(database, 12)
        capped = settings.model_copy(update={"in_flight": 5})
        dispatcher = Dispatcher(settings=capped, database=database, broker=broker)
        dispatcher.round()

        for _, id_, claim in mailbox.hints(Queue.PUBLISH)[:2]:
            with database.transaction() as tx:
                lease = take(tx, "posts", id_, claim, lease_s=30)
                assert lease is not None
                finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))

        assert dispatcher.round().sent == 2

    def test_a_large_backlog_goes_out_in_batches(
        self, database: Database, settings: Settings, broker: Broker, mailbox: Mailbox
    ) -> None:
        _staged(database, 130)
        dispatcher = Dispatcher(settings=settings, database=database, broker=broker)

        rounds = [dispatcher.round() for _ in range(3)]

        assert [(one.sent, one.has_backlog) for one in rounds] == [(100, True), (30, False), (0, False)]


class TestBrokerDown:
    def test_what_could_not_be_sent_is_due_again_at_once_and_as_overdue_as_before(
        self, database: Database, settings: Settings, dead_broker: Broker
    ) -> None:
        due_at = clock.now() - timedelta(seconds=30)
        wanted = _staged(database, 4, next_action_at=due_at)

        done = Dispatcher(settings=settings, database=database, broker=dead_broker).round()

        assert done == Dispatched(sent=0, has_backlog=True, broker_is_up=False)
        rows = _rows(database)
        assert set(rows) == set(wanted)
        assert {(row.next_action_at, row.leased_until) for row in rows.values()} == {(due_at, None)}

    def test_a_single_post_is_left_for_the_workers_to_pull_however_often_the_broker_is_tried(
        self, database: Database, settings: Settings, dead_broker: Broker
    ) -> None:
        (post_id,) = _staged(database, next_action_at=clock.now() - timedelta(seconds=5))
        dispatcher = Dispatcher(settings=settings, database=database, broker=dead_broker)
        for _ in range(4):
            assert not dispatcher.round().broker_is_up

        with database.transaction() as tx:  # as a worker does, with what it takes for overdue
            pulled = claim_due(tx, PUBLISH, limit=10, lease_s=30, overdue_s=2)

        assert [hint.id for hint in pulled] == [post_id]

    def test_only_one_row_is_taken_to_find_out_whether_it_is_back(
        self, database: Database, settings: Settings, dead_broker: Broker
    ) -> None:
        _staged(database, 6)
        dispatcher = Dispatcher(settings=settings, database=database, broker=dead_broker)
        assert not dispatcher.round().broker_is_up
        before = {id_: row.claim for id_, row in _rows(database).items()}

        assert not dispatcher.round().broker_is_up

        tried = [row.claim - before[id_] for id_, row in _rows(database).items()]
        assert sorted(tried) == [0, 0, 0, 0, 0, 1]

    def test_what_a_worker_pulled_meanwhile_is_not_taken_from_it(
        self, database: Database, settings: Settings, dead_broker: Broker
    ) -> None:
        _staged(database, 3)
        dispatcher = Dispatcher(settings=settings, database=database, broker=dead_broker)
        assert not dispatcher.round().broker_is_up
        with database.transaction() as tx:
            hints = claim_due(tx, PUBLISH, limit=10, lease_s=30)
            leases = [take(tx, "posts", hint.id, hint.claim, lease_s=30) for hint in hints]

        dispatcher.round()

        held = [lease for lease in leases if lease is not None]
        assert len(held) == 3
        for lease in held:
            with database.transaction() as tx:
                finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))

    def test_when_it_is_back_everything_goes_out(
        self, database: Database, settings: Settings, mailbox: Mailbox, flaky: FlakyBroker
    ) -> None:
        wanted = sorted(_staged(database, 8))
        dispatcher = Dispatcher(settings=settings, database=database, broker=flaky.broker)
        flaky.break_()
        assert dispatcher.round() == Dispatched(sent=0, has_backlog=True, broker_is_up=False)

        flaky.mend()
        first, second, third = dispatcher.round(), dispatcher.round(), dispatcher.round()

        assert (first.sent, first.has_backlog, first.broker_is_up) == (1, True, True)
        assert (second.sent, third.sent, third.has_backlog) == (7, 0, False)
        assert sorted(id_ for _, id_, _ in mailbox.hints(Queue.PUBLISH)) == wanted

    def test_one_that_takes_nothing_more_for_want_of_memory_is_as_good_as_down(
        self, database: Database, settings: Settings
    ) -> None:
        _staged(database, 3)
        with private_redis() as url, Mailbox(url, 0) as mailbox:
            mailbox.limit_memory("1")
            broker = Broker(url)
            dispatcher = Dispatcher(settings=settings, database=database, broker=broker)

            full = dispatcher.round()
            assert (full.sent, full.broker_is_up) == (0, False)
            assert all(row.is_due for row in _rows(database).values())

            mailbox.limit_memory("0")
            assert [dispatcher.round().sent for _ in range(3)] == [1, 2, 0]
            broker.close()


class FlakyBroker:
    """The broker behind a socket of its own name, which can be taken away."""

    def __init__(self, mailbox: Mailbox, folder: Any) -> None:
        self._real = mailbox.url.removeprefix("redis+socket://").split("?")[0]
        self._link = folder / "flaky.sock"
        self.broker = Broker(f"redis+socket://{self._link}?{mailbox.url.split('?')[1]}")

    def break_(self) -> None:
        self._link.unlink(missing_ok=True)

    def mend(self) -> None:
        self._link.symlink_to(self._real)


@pytest.fixture
def flaky(mailbox: Mailbox, tmp_path: Any) -> Iterator[FlakyBroker]:
    flaky = FlakyBroker(mailbox, tmp_path)
    yield flaky
    flaky.broker.close()

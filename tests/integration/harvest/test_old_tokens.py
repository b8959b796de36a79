"""A refusal that comes late, of a token that was renewed meanwhile, breaks no account, and the work is done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from models.accounts.account import Account, Login
from models.connecting.joining import NewAccount, join_account
from models.harvests.harvest import HarvestKind
from models.owed.claims import claim_due, take
from models.owed.works import WORKS
from models.publishing.reply import queue_reply
from models.store.session import Database
from pressrun import clock
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_mention
from tests.integration.harvest.conftest import LEASE_S, STILL, Field, settings_for
from tests.support.simulator import Simulator
from tests.support.statements import after_first
from worker import reply

REPLIES = next(work for work in WORKS if work.name == "reply")


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


@pytest.fixture
def account(field: Field) -> Account:
    return field.account(0)


def refused_late(field: Field, account: Account, endpoint: str, step: Callable[[], object], *, asks: int = 1) -> None:
    """Run the step: Instagram refuses the token of its call, and before that the account got another one.

    Args:
        asks: how often the step asks the gate as it begins, under its row's lock; then its client does.
    """
    field.simulator.fault(endpoint=endpoint, mode="refuse", code=190, status=401, count=1)
    renewed = NewAccount(Login(account.login), account.ig_id, account.name, field.simulator.token(0))

    def renew() -> None:
        with field.database.transaction() as tx:
            join_account(tx, renewed, Vault([KEY]))

    with after_first(field.database, "FROM gates", renew, but=asks):
        step()

    assert field.simulator.report()["faults_fired"] == {f"{endpoint}:refuse": 1}
    assert field.value("SELECT state FROM accounts") == "active"


def test_of_a_harvest(field: Field, account: Account) -> None:
    refused_late(field, account, "tags", lambda: field.harvest(HarvestKind.TAGS, account), asks=2)

    run = field.latest_run(HarvestKind.TAGS, account)
    assert run.owed_slot is not None
    assert run.next_action_at <= clock.now()
    assert field.harvest(HarvestKind.TAGS, account).status == "done"


def test_of_a_mention_that_is_read(field: Field, account: Account) -> None:
    made = field.simulator.post("/_sim/mention", account=0, kind="comment")
    event_id = field.notify(account, "mentions", made)

    refused_late(field, account, "user", lambda: field.handle(event_id))

    event = field.row("SELECT * FROM inbox_events")
    assert event.handled_at is None
    assert event.next_action_at <= clock.now() + timedelta(seconds=5)
    assert field.handle(event_id).handled_at is not None
    assert field.value("SELECT state FROM mentions") == "read"


def test_of_a_reply(field: Field, account: Account) -> None:
    made = field.simulator.post("/_sim/mention", account=0, kind="comment")
    with field.database.transaction() as tx:
        ids = {"ig_media_id": made["media_id"], "ig_comment_id": made["comment_id"]}
        queue_reply(tx, make_mention(tx, account, **ids), "Thank you!", again=False, now=clock.now())

    refused_late(field, account, "mention_create", lambda: send(field))

    row = field.row("SELECT * FROM replies")
    assert (row.state, row.sends) == ("queued", 0)
    assert row.next_action_at <= clock.now() + timedelta(minutes=1)
    field.sql("UPDATE replies SET next_action_at = now()")
    send(field)
    assert field.value("SELECT state FROM replies") == "sent"


def send(field: Field) -> None:
    """One step of the reply that is due."""
    with field.database.transaction() as tx:
        (hint,) = claim_due(tx, REPLIES, limit=10, lease_s=LEASE_S)
    with field.database.transaction() as tx:
        lease = take(tx, "replies", hint.id, hint.claim, lease_s=LEASE_S)
    assert lease is not None
    reply.run(field.ctx, lease)

"""What becomes of a slot when something stands in the way of its harvest."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.accounts.account import Account
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind
from models.owed import gate
from models.owed.gate import Level
from pressrun import clock
from tests.integration.harvest.conftest import Field
from tests.unit.graph.server import ScriptedServer
from worker.context import WorkerContext
from worker.harvests import run as harvest
from worker.harvests.ending import MOST_TRIES

KIND = HarvestKind.PROFILE


def shut(field: Field, account: Account, level: Level, minutes: float) -> datetime:
    until = clock.now() + timedelta(minutes=minutes)
    with field.database.transaction() as tx:
        gate.set_level(
            tx,
            gate.account_key(account.id),
            account_id=account.id,
            level=level,
            percent=None,
            reason="a test",
            now=clock.now(),
            until=until,
        )
    return until


def waits(field: Field, account: Account, kind: HarvestKind = KIND) -> timedelta:
    """For how long the slot, which is kept, waits."""
    row = field.latest_run(kind, account)
    assert row.owed_slot is not None
    assert row.leased_until is None
    return timedelta(seconds=(row.next_action_at - clock.now()).total_seconds())


def test_a_slot_that_is_done_already_asks_for_the_next_one(field_: Field) -> None:
    account = field_.account(0)
    first = field_.harvest(KIND, account)
    field_.sql("UPDATE harvests SET slot_at = :slot WHERE id = :id", slot=first.slot_at, id=first.harvest_id)

    again = field_.harvest(KIND, account)

    assert (again.id, again.calls, again.finished_at) == (first.id, first.calls, first.finished_at)
    assert again.owed_slot is None
    assert again.next_action_at <= clock.now()


@pytest.mark.parametrize("state", ["paused", "blocked"])
def test_an_account_that_may_not_publish_is_read_all_the_same(field_: Field, state: str) -> None:
    account = field_.account(0, state=state, state_until=clock.now() + timedelta(hours=4))

    assert field_.harvest(KIND, account).status == "done"
    assert field_.value("SELECT state FROM accounts") == state


@pytest.mark.parametrize(
    "over",
    [
        {"state": "broken"},
        {"state": "paused", "token_refused": "expired"},
        {"state": "paused", "is_reading_paused": True},
    ],
    ids=["broken", "paused, and its token is refused", "a person stopped reading"],
)
def test_an_account_that_may_not_be_read_is_not_called(field_: Field, over: dict[str, Any]) -> None:
    account = field_.account(0, **over)

    run = field_.harvest(KIND, account)

    assert run.id is None
    assert timedelta(minutes=14) < waits(field_, account) <= timedelta(minutes=15)
    assert field_.simulator.report()["calls_total"] == 0


def test_a_block_that_is_over_is_lifted(field_: Field) -> None:
    account = field_.account(0, state="blocked", state_until=clock.now() - timedelta(seconds=1))

    assert field_.harvest(KIND, account).status == "done"
    assert field_.value("SELECT state FROM accounts") == "active"


def test_no_call_is_made_while_the_gate_is_shut(field_: Field) -> None:
    account = field_.account(0)
    until = shut(field_, account, Level.SHUT, 42)

    run = field_.harvest(KIND, account)

    assert run.id is None
    assert run.next_action_at == until
    assert run.tries == 0


def test_a_harvest_gives_way_once_when_the_gate_is_slow(field_: Field) -> None:
    account = field_.account(0)
    shut(field_, account, Level.SLOW, 60)

    field_.harvest(KIND, account)
    first = waits(field_, account)
    field_.sql("UPDATE harvests SET slot_at = slot_at - interval '6 minutes' WHERE slot_at IS NOT NULL")
    second = field_.harvest(KIND, account)

    assert timedelta(minutes=4, seconds=55) < first <= timedelta(minutes=10)
    assert second.status == "done"


def test_stories_do_not_give_way(field_: Field) -> None:
    account = field_.account(0)
    shut(field_, account, Level.SLOW, 60)

    assert field_.harvest(HarvestKind.STORIES, account).status == "done"


def test_a_gate_that_shuts_between_two_calls_keeps_the_slot(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user_insights", mode="throttle", nth=4, seconds=600)

    run = field_.harvest(HarvestKind.ACCOUNT, account)

    assert run.status == "running"
    assert timedelta(minutes=5) < waits(field_, account, HarvestKind.ACCOUNT)
    assert run.tries == 0
    field_.simulator.clear_faults()
    field_.simulator.http.delete("/_sim/throttle")
    field_.sql("DELETE FROM gates")
    assert field_.harvest(HarvestKind.ACCOUNT, account).status == "done"


def test_a_refused_token_breaks_the_account_and_keeps_the_slot(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.post("/_sim/token", account=0, action="expire")

    run = field_.harvest(KIND, account)

    state = field_.row("SELECT state, state_reason FROM accounts")
    assert state.state == "broken"
    assert "code 190" in state.state_reason
    assert waits(field_, account) > timedelta(minutes=14)
    assert run.errors[0]["class"] == "auth"


def test_a_missing_permission_fails_the_run_and_not_the_account(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.post("/_sim/account", account=0, without_scopes=["instagram_manage_insights"])

    run = field_.harvest(HarvestKind.ACCOUNT, account)

    assert (run.status, run.owed_slot) == ("failed", None)
    assert run.errors[-1]["class"] == "permission"
    assert field_.value("SELECT state FROM accounts") == "active"


def test_a_passing_failure_is_tried_again_and_in_the_end_given_up(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user", mode="refuse_500")

    waited = []
    for number in range(1, MOST_TRIES):
        run = field_.harvest(KIND, account)
        assert (run.status, run.tries) == ("running", number)
        waited.append(waits(field_, account))
    last = field_.harvest(KIND, account)

    bounds = [30 * 2**number for number in range(5)]
    assert all(timedelta(0) < wait <= timedelta(seconds=bound) for wait, bound in zip(waited, bounds, strict=True))
    assert (last.status, last.tries, last.owed_slot) == ("failed", 0, None)
    assert last.errors[-1]["class"] == "transient"


def test_a_passing_failure_that_passes_leaves_no_trace(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user", mode="refuse_500", count=3)  # the client asks three times

    first, second = field_.harvest(KIND, account), field_.harvest(KIND, account)

    assert first.errors[0]["class"] == "transient"
    assert (second.id, second.status, second.errors, second.tries) == (first.id, "done", [], 0)


def test_one_call_that_fails_does_not_cost_the_others_theirs(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user_insights", mode="refuse_500", nth=8, count=3)

    first = field_.harvest(HarvestKind.ACCOUNT, account)
    stored = field_.count("account_observations")
    second = field_.harvest(HarvestKind.ACCOUNT, account)

    assert (first.status, first.tries, len(first.errors)) == ("running", 1, 1)
    assert stored > 200
    assert second.status == "done"
    assert field_.count("account_observations") > stored


def test_a_media_that_instagram_fails_on_does_not_cost_the_others_theirs(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="media_insights", mode="refuse_500", nth=3, count=3)

    run = field_.harvest(HarvestKind.MEDIA, account)

    assert (run.status, len(run.errors), run.owed_slot) == ("partial", 1, None)
    assert field_.value("SELECT count(*) FROM media_latest WHERE reach IS NOT NULL") == 12


def test_an_instagram_that_fails_on_everything_is_not_asked_for_long(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user_insights", mode="refuse_500")

    run = field_.harvest(HarvestKind.ACCOUNT, account)

    assert (run.status, run.tries) == ("running", 1)
    assert run.calls == 3 * 3  # three calls, of which the client makes three attempts each


def test_a_slot_that_kills_its_worker_each_time_is_given_up(field_: Field) -> None:
    account = field_.account(0)
    lease = field_.lease(KIND, account)
    field_.sql("UPDATE harvests SET tries = :tries WHERE id = :id", tries=MOST_TRIES, id=lease.id)

    run = field_.harvest(KIND, account)

    assert (run.status, run.calls, run.owed_slot, run.tries) == ("failed", 0, None, 0)
    assert "6 tries" in run.errors[-1]["error"]


def test_a_worker_that_is_stopping_hands_the_slot_on(field_: Field) -> None:
    account = field_.account(0)
    ctx = field_.ctx
    stopping = threading.Event()
    stopping.set()

    run = field_.harvest(
        KIND, account, WorkerContext(ctx.settings, ctx.database, ctx.vault, ctx.transport, stopping=stopping)
    )

    assert (run.status, run.calls, run.tries) == ("running", 0, 0)
    assert waits(field_, account) <= timedelta(0)


def test_an_unreadable_token_is_said_without_it(field_: Field) -> None:
    account = field_.account(0)
    field_.sql("UPDATE accounts SET token_sealed = 'v1:00000000:AAAA:AAAA'")

    run = field_.harvest(KIND, account)

    assert run.status == "failed"
    assert "PRESSRUN_SECRET_KEYS" in run.errors[0]["error"]


def test_no_error_keeps_what_looks_like_a_token(scripted_field: Field, scripted: ScriptedServer) -> None:
    account = scripted_field.account(0)
    scripted.refuses(100, message="bad access_token=EAAsecretsecretsecret1 here", status=400)

    run = scripted_field.harvest(KIND, account)

    assert run.status == "failed"
    assert "EAAsecret" not in str(run.errors)


def test_calls_are_counted_over_all_tries(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user", mode="refuse_500", count=3)

    field_.harvest(KIND, account)
    run = field_.harvest(KIND, account)

    assert run.calls == 4


def test_a_harvest_without_a_slot_is_sent_back_to_be_planned(field_: Field) -> None:
    account = field_.account(0)
    lease = field_.lease(KIND, account)
    field_.sql("UPDATE harvests SET slot_at = NULL WHERE id = :id", id=lease.id)

    harvest.run(field_.ctx, lease)

    row = field_.latest_run(KIND, account)
    assert row.id is None
    assert row.leased_until is None
    assert field_.plan() == len(STANDING_CRONS)

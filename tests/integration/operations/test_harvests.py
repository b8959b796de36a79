"""Harvests and backfills as any face asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from models.harvests.harvest import HarvestKind, RunStatus, add_harvests, begin_run, end_run
from models.harvests.raw_answer import Answer, keep_answers, packed
from operations.errands import Hands
from operations.history import backfills, harvests, rereads
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import Invalid, NotPossible, UsageError
from pressrun.network.hints import Queue
from tests.factories.rows import make_account, make_harvest
from tests.integration.operations.conftest import nobody

READER = Asker("ana", frozenset({Scope.READ}))


def test_a_list_tells_of_the_last_run_and_the_next(ctx: Context) -> None:
    now = clock.now()
    with ctx.database.transaction() as tx:
        for name in ("bakery", "studio"):
            account = make_account(tx, name=name, timezone="Europe/Berlin")
            harvest = make_harvest(tx, account, kind="tags", next_action_at=now + timedelta(hours=1))
            run = begin_run(tx, harvest.id, now, api_version="v25.0", now=now - timedelta(hours=2))
            run.calls, run.rows = 3, 7
            tx.flush()
            end_run(tx, run.id, RunStatus.DONE, now=now - timedelta(hours=1))

    both = harvests.list_harvests(ctx, READER)
    (one,) = harvests.list_harvests(ctx, READER, "studio")

    assert [(shown.account, shown.kind) for shown in both] == [("bakery", "tags"), ("studio", "tags")]
    assert (one.status, one.calls, one.calls_per_day, one.rows) == ("done", 3, 3, 7)
    assert (one.timezone, one.last_at) == ("Europe/Berlin", now - timedelta(hours=1))
    assert one.next_at == now + timedelta(hours=1)


def test_a_run_is_made_due_for_one_account_and_kind(ctx: Context) -> None:
    later = clock.now() + timedelta(hours=1)
    with ctx.database.transaction() as tx:
        wanted = make_harvest(tx, make_account(tx, name="bakery"), kind="tags", slot_at=later, next_action_at=later)
        make_harvest(tx, make_account(tx, name="studio"), kind="tags", slot_at=later, next_action_at=later)
        wanted_id = wanted.id

    assert harvests.run_harvests(ctx, OWNER, "bakery", "tags") == [wanted_id]
    assert harvests.run_harvests(ctx, OWNER, "bakery", "media") == []

    due = {one.account: one.next_at for one in harvests.list_harvests(ctx, OWNER)}
    assert due["bakery"] is not None
    assert due["bakery"] < later
    assert due["studio"] == later


def test_what_a_run_came_to_is_told_once_it_is_waited_for(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        ids = [make_harvest(tx, make_account(tx, name=name)).id for name in ("bakery", "studio")]
    told: list[tuple[int, int]] = []

    outcomes = harvests.await_runs(
        ctx,
        OWNER,
        ids,
        on_progress=lambda done, total: told.append((done, total)),
        hands=_worker_of(ctx, ids),
    )

    assert told == [(1, 2), (2, 2)]
    assert [(one.account, one.status) for one in outcomes] == [("bakery", None), ("studio", None)]
    assert harvests.await_runs(ctx, OWNER, [], on_progress=lambda *_: None, hands=nobody) == []


def test_what_is_not_there_is_named(ctx: Context) -> None:
    with pytest.raises(UsageError, match="unknown account 'nobody'"):
        harvests.run_harvests(ctx, OWNER, "nobody")
    with pytest.raises(Invalid, match="unknown kind 'everything'; known: profile, ") as refused:
        harvests.run_harvests(ctx, OWNER, kind="everything")

    assert refused.value.field == "kind"


def test_without_a_key_nothing_is_made_due(ctx: Context) -> None:
    later = clock.now() + timedelta(hours=1)
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        make_harvest(tx, account, slot_at=later, next_action_at=later)
    keyless = replace(ctx, settings=ctx.settings.model_copy(update={"secret_keys": []}))

    with pytest.raises(UsageError, match="PRESSRUN_SECRET_KEYS"):
        harvests.run_harvests(keyless, OWNER)
    with pytest.raises(UsageError, match="PRESSRUN_SECRET_KEYS"):
        backfills.request(keyless, OWNER, clock.now() - timedelta(days=1))

    assert [one.next_at for one in harvests.list_harvests(ctx, OWNER)] == [later]


def test_a_backfill_is_opened_once_and_says_where_the_past_ends(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        for name in ("bakery", "studio"):
            add_harvests(tx, make_account(tx, name=name).id, {HarvestKind.ACCOUNT: "0 5 * * *"})
    since = clock.now() - timedelta(days=200)

    asked = backfills.request(ctx, OWNER, since, "studio", "account")
    again = backfills.request(ctx, OWNER, since, "studio", "account")
    everything = backfills.request(ctx, OWNER, since)
    (status,) = backfills.statuses(ctx, READER, asked.ids)

    assert again.ids == asked.ids
    assert len(everything.ids) == 6
    assert "keeps 90 days" in asked.notes[0]
    assert (status.account, status.kind, status.since) == ("studio", "account", since)
    assert (status.status, status.progress, status.calls, status.errors) == ("waiting", 0.0, 0, [])


@pytest.mark.parametrize(
    ("days_ago", "kind", "error", "type_"),
    [
        (-1, None, Invalid, "backfill.future"),
        (25 * 365, None, Invalid, "backfill.too_early"),
        (10, "stories", NotPossible, "backfill.no_past"),
    ],
)
def test_what_cannot_be_read_back_is_refused(
    ctx: Context, days_ago: int, kind: str | None, error: type[Invalid | NotPossible], type_: str
) -> None:
    with pytest.raises(error) as refused:
        backfills.request(ctx, OWNER, clock.now() - timedelta(days=days_ago), kind=kind)

    assert refused.value.type == type_


def test_a_reader_may_look_and_change_nothing(ctx: Context) -> None:
    assert harvests.list_harvests(ctx, READER) == []
    with pytest.raises(NotAllowed):
        harvests.run_harvests(ctx, READER)
    with pytest.raises(NotAllowed):
        backfills.request(ctx, READER, clock.now() - timedelta(days=1))


def _worker_of(ctx: Context, ids: list[int]) -> Hands:
    """Ends the slot of one harvest at each look, as a worker does with the last of its statements."""
    left = list(ids)

    @contextmanager
    def hands(queue: Queue) -> Iterator[Callable[[], None]]:
        assert queue is Queue.HARVEST

        def end_one() -> None:
            if left:
                with ctx.database.transaction() as tx:
                    tx.execute(text("UPDATE harvests SET slot_at = NULL WHERE id = :id"), {"id": left.pop(0)})

        yield end_one

    return hands


def test_a_reread_is_asked_for_waited_for_and_told_of(ctx: Context) -> None:
    now = clock.now()
    with ctx.database.transaction() as tx:
        for run_id, name in enumerate(("bakery", "studio"), 1):
            account = make_account(tx, name=name)
            answer = Answer(1, now - timedelta(hours=1), "GET /{ig}", {"path": "1", "params": {}}, packed(b"{}"))
            keep_answers(tx, [answer], run_id=run_id, account_id=account.id, api_version="v25.0")

    from_ = rereads.parse_bound(f"{now - timedelta(days=2):%Y-%m-%d}", field="since")
    asked = rereads.request(ctx, OWNER, from_)
    shown = rereads.statuses(ctx, READER, asked.ids)

    assert len(asked.ids) == 2
    assert "the oldest answer that is kept is of" in asked.notes[0]
    assert [(one.account, one.status, one.answers, one.rows) for one in shown] == [
        ("bakery", "waiting", 0, 0),
        ("studio", "waiting", 0, 0),
    ]
    assert {(one.since, one.until <= clock.now()) for one in shown} == {(from_, True)}
    assert rereads.request(ctx, OWNER, from_, account="bakery").ids == asked.ids[:1]
    with pytest.raises(NotAllowed):
        rereads.request(ctx, READER, from_)

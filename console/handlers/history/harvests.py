"""`/harvests`, `/backfills`, `/rereads`, `/coverage`: what is read of accounts, and what of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.history import backfills, coverage, harvests, rereads
from operations.history.backfills import BackfillStatus
from operations.history.coverage import Covered
from operations.history.harvests import HarvestOutcome, HarvestShown
from operations.history.rereads import RereadStatus
from pressrun.paging import Page, cut

router = Router("harvests")

Ids = Annotated[list[int], Query(alias="id", min_length=1, max_length=500, description="Repeatable.")]
Number = Annotated[int, Field(ge=1, lt=2**63)]
_LARGEST = 2**63 - 1


class Run(Body):
    """Which harvests; all of all accounts unless it is said."""

    model_config = example(account="harbour-bakery", kind="media")

    account: str | None = None
    kind: str | None = None


class Past(Run):
    """How far back."""

    model_config = example(account="harbour-bakery", since="2026-10-01")

    since: str


class Answers(Body):
    """Which answers are to be read again."""

    model_config = example(account="harbour-bakery", since="2026-10-01")

    since: str
    until: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class Owed:
    """What will be worked on: ask for it by these numbers. `notes`: what one should know about it."""

    ids: list[int]
    notes: list[str]


@dataclass(frozen=True)
class Outcomes:
    """How each of them stands."""

    items: list[HarvestOutcome]


@dataclass(frozen=True)
class Backfills:
    """How each of them stands."""

    items: list[BackfillStatus]


@dataclass(frozen=True)
class Rereads:
    """How each of them stands."""

    items: list[RereadStatus]


@router.get("/harvests", summary="List harvests", **asks("harvest.list"))
def list_harvests(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[HarvestShown]:
    """What is read, when last with what result, when next, and what it costs."""
    found = harvests.list_harvests(ctx, asker, account)
    return cut("harvests", found, lambda one: f"{one.account}\n{one.kind}", cursor=cursor, limit=limit)


@router.post("/harvests/run", summary="Run harvests now", status_code=202, **asks("harvest.run"))
def run_harvests(ctx: Acting, asker: Asked, body: Run | None = None) -> Owed:
    """Make the harvests of one or all accounts due now; a worker takes them up."""
    wish = body or Run()
    return Owed(harvests.run_harvests(ctx, asker, wish.account, wish.kind), [])


@router.get("/harvests/outcomes", summary="Show what came of harvests", **asks("harvest.outcomes"))
def harvest_outcomes(ctx: Ctx, asker: Asked, ids: Ids) -> Outcomes:
    """How the harvests of these numbers stand: done, partial, failed, or waiting."""
    return Outcomes(harvests.outcomes(ctx, asker, _fit(ids)))


@router.post("/backfills", summary="Read the past", status_code=202, **asks("backfill.request"))
def request_backfills(body: Past, ctx: Acting, asker: Asked) -> Owed:
    """Read back as far as Instagram tells it, or go on with what is being read back."""
    since = backfills.parse_since(body.since)
    requested = backfills.request(ctx, asker, since, body.account, body.kind)
    return Owed(requested.ids, requested.notes)


@router.get("/backfills", summary="Show backfills", **asks("backfill.list"))
def show_backfills(ctx: Ctx, asker: Asked, ids: Ids) -> Backfills:
    """Where these backfills stand."""
    return Backfills(backfills.statuses(ctx, asker, _fit(ids)))


@router.post("/rereads", summary="Read kept answers again", status_code=202, **asks("reread.request"))
def request_rereads(body: Answers, ctx: Acting, asker: Asked) -> Owed:
    """Read again the answers that Instagram gave, with the parsers of today."""
    since = rereads.parse_bound(body.since, field="since")
    until = rereads.parse_bound(body.until, field="until") if body.until else None
    requested = rereads.request(ctx, asker, since, until, body.account)
    return Owed(requested.ids, requested.notes)


@router.get("/rereads", summary="Show rereads", **asks("reread.list"))
def show_rereads(ctx: Ctx, asker: Asked, ids: Ids) -> Rereads:
    """Where these rereads stand."""
    return Rereads(rereads.statuses(ctx, asker, _fit(ids)))


@router.get("/coverage", summary="Show what is missing", **asks("insight.coverage"))
def show_coverage(
    ctx: Ctx,
    asker: Asked,
    account: str | None = None,
    kind: str | None = None,
    since: Annotated[str | None, Query(description="A day of Instagram's; 30 days ago unless it is said.")] = None,
    until: Annotated[str | None, Query(description="The day before which it ends.")] = None,
    state: Annotated[str | None, Query(description="read, partial, missed or lost.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Days of which nothing is missing, too.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Covered]:
    """Days of which something is missing, by account and kind."""
    found = coverage.show(
        ctx,
        asker,
        account,
        kind=kind,
        since=coverage.parse_day(since, field="since"),
        until=coverage.parse_day(until, field="until"),
        state=coverage.parse_state(state),
        everything=everything,
    )
    return cut("coverage", found, lambda one: f"{one.account}\n{one.kind}\n{one.day}", cursor=cursor, limit=limit)


def _fit(ids: Sequence[int]) -> list[int]:
    """Those that can be numbers of rows at all."""
    return [one for one in ids if 0 < one <= _LARGEST]

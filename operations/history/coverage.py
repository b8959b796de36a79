"""Looking at what was read and what is missing, before anybody draws a conclusion from the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from models.reading.history.coverage import COLUMNS, Covered, CoveredDay, State, coverage, covered_days, default_since
from operations.history.harvests import parse_kind
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid

__all__ = ["COLUMNS", "Covered", "CoveredDay", "State", "by_day", "parse_day", "parse_state", "show"]

RECENT = timedelta(days=30)
LACKING = (State.PARTIAL, State.MISSED, State.LOST)


@operation("insight.coverage", effect=Effect.READS, scope=Scope.READ)
def show(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    *,
    kind: str | None = None,
    since: date | None = None,
    until: date | None = None,
    state: State | None = None,
    everything: bool = False,
    most: int | None = None,
) -> list[Covered]:
    """The days of the last 30, or of that span, of which something is missing; all of them on request.

    Days are Instagram's, `until` is not included; of more than `most` the first are told. Raises Unknown for the
    account, Invalid for the kind or an empty span.
    """
    now = clock.now()
    wanted = parse_kind(kind)
    first = since or default_since(now, RECENT)
    end = until or default_since(now, timedelta(0)) + timedelta(days=1)
    if first >= end:
        raise _empty(first, end, since=since, until=until)
    states = (state,) if state else tuple(State) if everything else LACKING
    with ctx.database.transaction() as tx:
        return coverage(
            tx,
            account_id_of(tx, account),
            kind=None if wanted is None else wanted.value,
            since=first,
            until=end,
            states=states,
            most=most,
        )


def _empty(first: date, end: date, *, since: date | None, until: date | None) -> Invalid:
    """What is wrong with the one end that somebody has said, where it is only one."""
    said, field = "the end is not after the beginning", "until"
    if until is None:
        said, field = f"{first} has not begun: {end - timedelta(days=1)} is the last day there is", "since"
    elif since is None:
        said = f"{end} lies before the days that are shown where no beginning is said, from {first} on"
    return Invalid(said, type="coverage.empty_span", field=field)


GRID = timedelta(days=28)


@operation("insight.coverage_by_day", effect=Effect.READS, scope=Scope.READ)
def by_day(ctx: Context, asker: Asker, accounts: Sequence[str]) -> list[CoveredDay]:
    """How each of the last 28 days of Instagram stands over all kinds, of these accounts; of unknown ones, nothing."""
    now = clock.now()
    end = default_since(now, timedelta(0)) + timedelta(days=1)
    with ctx.database.transaction() as tx:
        return covered_days(tx, accounts, since=end - GRID, until=end)


def parse_day(text: str | None, *, field: str) -> date | None:
    """A day as people write it. Raises Invalid, which names the field."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"{text!r} is no day: write it like 2026-11-01", type="time.bad", field=field) from None


def parse_state(text: str | None) -> State | None:
    """Raises Invalid naming the known ones; `lost` is short for what is lost for good."""
    if text is None:
        return None
    try:
        return State.LOST if text == "lost" else State(text)
    except ValueError:
        said = f"unknown state {text!r}; known: {', '.join(State)}"
        raise Invalid(said, type="coverage.unknown_state", field="state") from None

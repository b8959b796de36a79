"""Looking into the history: the newest known values, and how those of one media grew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.reading.history.insights import (
    ACCOUNT_COLUMNS,
    CURVE_COLUMNS,
    MEDIA_COLUMNS,
    AccountValue,
    CurvePoint,
    MediaValues,
    account_values,
    media_curve,
    media_values,
)
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from operations.which import account_id_of
from pressrun import clock

__all__ = [
    "ACCOUNT_COLUMNS",
    "CURVE_COLUMNS",
    "MEDIA_COLUMNS",
    "CurvePoint",
    "Newest",
    "curve",
    "newest",
    "parse_since",
]

RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Newest:
    """The newest values of accounts and of media."""

    accounts: list[AccountValue]
    media: list[MediaValues]


@operation("insight.newest", effect=Effect.READS, scope=Scope.READ)
def newest(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    since: datetime | None = None,
    *,
    most: int | None = None,
) -> Newest:
    """The newest values of one or all accounts and of their media, from then on or of the last 7 days.

    Raises Unknown for the account.

    Args:
        most: how many of each, the first ones; None: all.
    """
    from_ = clock.now() - RECENT if since is None else since
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        accounts = account_values(tx, account_id, since=from_, most=most)
        return Newest(accounts, media_values(tx, account_id, since=from_, most=most))


@operation("insight.curve", effect=Effect.READS, scope=Scope.READ)
def curve(ctx: Context, asker: Asker, media: str, since: datetime | None = None) -> list[CurvePoint]:
    """Every change of one media's values, by its Instagram id, oldest first. Raises Unknown for the media."""
    with ctx.database.transaction() as tx:
        return media_curve(tx, media, since=since)


def parse_since(text: str | None) -> datetime | None:
    """From when on. Raises Invalid."""
    return None if text is None else instant(text, field="since", now=clock.now())

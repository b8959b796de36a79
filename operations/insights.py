"""What `insight show` reads: the newest known values, each with the time at which it was read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVarTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from models import metrics
from models.account import Account, find_account
from models.insight import MOMENT, AccountLatest
from models.media import Media, MediaLatest, MediaSnapshot
from pressrun import clock
from pressrun.errors import UsageError

Columns = TypeVarTuple("Columns")

ACCOUNT_COLUMNS = (
    "account",
    "metric",
    "period",
    "breakdown",
    "period_end",
    "value",
    "captured_at",
    "last_checked_at",
)
MEDIA_COLUMNS = ("account", "media_id", "type", "posted_at", *metrics.MEDIA_COLUMNS, "captured_at", "last_checked_at")
CURVE_COLUMNS = ("captured_at", *metrics.MEDIA_COLUMNS, "extra")

RECENT = timedelta(days=7)


def parse_since(text: str | None) -> datetime:
    """The instant meant by `--since`; times without a zone are UTC, as are the periods of insights."""
    now = clock.now()
    return now - RECENT if text is None else clock.parse_instant(text, ZoneInfo("UTC"), reference=now)


def account_values(tx: Session, account: str | None, *, since: datetime) -> list[dict[str, Any]]:
    """The newest value of each metric and period. A value of a moment has no period: its time is `captured_at`."""
    query = (
        select(AccountLatest, Account.name)
        .join(Account, Account.id == AccountLatest.account_id)
        .where(
            or_(
                AccountLatest.period_end >= since,
                (AccountLatest.period == MOMENT) & (AccountLatest.last_checked_at >= since),
            )
        )
        .order_by(Account.name, AccountLatest.metric, AccountLatest.period_end, AccountLatest.breakdown)
    )
    return [_account_row(latest, name) for latest, name in tx.execute(_of(tx, query, account))]


def media_values(tx: Session, account: str | None, *, since: datetime) -> list[dict[str, Any]]:
    """The newest values of each media that was looked at since then."""
    query = (
        select(Media, MediaLatest, Account.name)
        .join(MediaLatest, MediaLatest.media_id == Media.id)
        .join(Account, Account.id == Media.account_id)
        .where(MediaLatest.last_checked_at >= since)
        .order_by(Account.name, Media.posted_at, Media.id)
    )
    return [_media_row(seen, latest, name) for seen, latest, name in tx.execute(_of(tx, query, account))]


def media_curve(tx: Session, ig_id: str, *, since: datetime | None) -> list[dict[str, Any]]:
    """Every change of one media's values, oldest first. Raises UsageError when the media is not known."""
    media_id = tx.scalar(select(Media.id).where(Media.ig_id == ig_id).limit(1))
    if media_id is None:
        raise UsageError(f"no media has the id {ig_id!r}; `pressrun insight show` lists the known ones")
    query = select(MediaSnapshot).where(MediaSnapshot.media_id == media_id)
    if since is not None:
        query = query.where(MediaSnapshot.captured_at >= since)
    found = tx.scalars(query.order_by(MediaSnapshot.captured_at))
    return [{name: getattr(one, name) for name in CURVE_COLUMNS} for one in found]


def _of(tx: Session, query: Select[*Columns], account: str | None) -> Select[*Columns]:
    return query if account is None else query.where(Account.id == find_account(tx, account).id)


def _account_row(latest: AccountLatest, account: str) -> dict[str, Any]:
    row = {name: getattr(latest, name) for name in ACCOUNT_COLUMNS if name != "account"}
    if latest.period == MOMENT:
        row["period_end"] = None
    return {"account": account, **row}


def _media_row(media: Media, latest: MediaLatest, account: str) -> dict[str, Any]:
    return {
        "account": account,
        "media_id": media.ig_id,
        "type": media.media_product_type or media.media_type,
        "posted_at": media.posted_at,
        **{name: getattr(latest, name) for name in (*metrics.MEDIA_COLUMNS, "captured_at", "last_checked_at")},
    }

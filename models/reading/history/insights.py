"""The newest known values of accounts and media, each with the time at which it was read, and the curve of a media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import Select, or_, select, true
from sqlalchemy.orm import Session, aliased

from models.accounts.account import Account
from models.history.insight import MOMENT, AccountLatest
from models.history.media import Media, MediaLatest, MediaSnapshot, unknown_media
from models.meanings import metrics

Columns = TypeVarTuple("Columns")

_OF_ACCOUNTS = ("metric", "period", "breakdown", "period_end", "value", "captured_at", "last_checked_at")
ACCOUNT_COLUMNS = ("account", *_OF_ACCOUNTS)
MEDIA_COLUMNS = ("account", "media_id", "type", "posted_at", *metrics.MEDIA_COLUMNS, "captured_at", "last_checked_at")
CURVE_COLUMNS = ("captured_at", *metrics.MEDIA_COLUMNS, "extra")


@dataclass(frozen=True)
class AccountValue:
    """The newest value of one metric and period. A value of a moment has no `period_end`."""

    account: str
    metric: str
    period: str
    breakdown: str
    period_end: datetime | None
    value: float
    captured_at: datetime
    last_checked_at: datetime

    def as_row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ACCOUNT_COLUMNS}


@dataclass(frozen=True)
class MediaValues:
    """The newest values of one media; `metrics` has each of MEDIA_COLUMNS, None where nothing was told."""

    account: str
    media_id: str
    type: str | None
    posted_at: datetime | None
    metrics: Mapping[str, Any]
    captured_at: datetime
    last_checked_at: datetime

    def as_row(self) -> dict[str, Any]:
        return {name: self.metrics[name] if name in self.metrics else getattr(self, name) for name in MEDIA_COLUMNS}


@dataclass(frozen=True)
class CurvePoint:
    """The values of a media from one reading on."""

    captured_at: datetime
    metrics: Mapping[str, Any]
    extra: Mapping[str, Any] | None

    def as_row(self) -> dict[str, Any]:
        return {"captured_at": self.captured_at, **self.metrics, "extra": self.extra}


def account_values(
    tx: Session, account_id: int | None, *, since: datetime, most: int | None = None
) -> list[AccountValue]:
    """The newest value of each metric and period that ended since then, or was looked at if it has no period."""
    is_recent = or_(
        AccountLatest.period_end >= since,
        (AccountLatest.period == MOMENT) & (AccountLatest.last_checked_at >= since),
    )
    order = (AccountLatest.metric, AccountLatest.period_end, AccountLatest.breakdown)
    of_one = select(AccountLatest).where(AccountLatest.account_id == Account.id, is_recent).order_by(*order).limit(most)
    latest = aliased(AccountLatest, found := of_one.lateral())
    query = select(latest, Account.name).join(found, true())
    query = query.order_by(Account.name, latest.metric, latest.period_end, latest.breakdown).limit(most)
    return [_account_value(one, name) for one, name in tx.execute(_of(query, account_id))]


def media_values(tx: Session, account_id: int | None, *, since: datetime, most: int | None = None) -> list[MediaValues]:
    """The newest values of each media that was looked at since then."""
    query = (
        select(Media, MediaLatest, Account.name)
        .join(MediaLatest, MediaLatest.media_id == Media.id)
        .join(Account, Account.id == Media.account_id)
        .where(MediaLatest.last_checked_at >= since)
        .order_by(Account.name, Media.posted_at, Media.id)
        .limit(most)
    )
    return [_media_values(seen, latest, name) for seen, latest, name in tx.execute(_of(query, account_id))]


def media_curve(tx: Session, ig_id: str, *, since: datetime | None) -> list[CurvePoint]:
    """Every change of one media's values, oldest first. Raises Unknown when the media is not known."""
    media_id = tx.scalar(select(Media.id).where(Media.ig_id == ig_id).limit(1))
    if media_id is None:
        raise unknown_media(ig_id)
    query = select(MediaSnapshot).where(MediaSnapshot.media_id == media_id)
    if since is not None:
        query = query.where(MediaSnapshot.captured_at >= since)
    found = tx.scalars(query.order_by(MediaSnapshot.captured_at))
    return [CurvePoint(one.captured_at, _metrics(one), one.extra) for one in found]


def _of(query: Select[*Columns], account_id: int | None) -> Select[*Columns]:
    return query if account_id is None else query.where(Account.id == account_id)


def _account_value(latest: AccountLatest, account: str) -> AccountValue:
    values = {name: getattr(latest, name) for name in _OF_ACCOUNTS}
    if latest.period == MOMENT:
        values["period_end"] = None
    return AccountValue(account=account, **values)


def _media_values(media: Media, latest: MediaLatest, account: str) -> MediaValues:
    return MediaValues(
        account=account,
        media_id=media.ig_id,
        type=media.media_product_type or media.media_type,
        posted_at=media.posted_at,
        metrics=_metrics(latest),
        captured_at=latest.captured_at,
        last_checked_at=latest.last_checked_at,
    )


def _metrics(row: MediaLatest | MediaSnapshot) -> dict[str, Any]:
    return {name: getattr(row, name) for name in metrics.MEDIA_COLUMNS}

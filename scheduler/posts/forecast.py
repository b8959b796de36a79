"""Forecast: how many publishes and containers of an account the days ahead will take, as far as posts are queued."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts import quota
from models.accounts.account import Account, terms_of
from models.posts.part import Part
from models.posts.post import Post
from models.posts.states import ACTIVE
from models.publishing.container import CAP, container_budget
from pressrun import clock
from scheduler.posts import pace


@dataclass(frozen=True)
class DayAhead:
    """A day of the account's zone. `most_in_window`: publishes in the fullest window that ends on it."""

    day: date
    posts: int
    containers: int
    most_in_window: int
    is_over: bool


@dataclass(frozen=True)
class Forecast:
    """`quota_*` of publishing, now; `frees_at`: when a place frees, if there is none. Containers are those of 24 h."""

    account: str
    timezone: str
    quota_used: int
    quota_total: int
    quota_window_s: int
    frees_at: datetime | None
    containers_used: int
    containers_total: int
    days: tuple[DayAhead, ...]


def forecast(tx: Session, account: Account, *, days: int, now: datetime) -> Forecast:
    """What is planned from today on."""
    terms = terms_of(tx, {account.name})[account.name]
    total, duration = pace.window_of(terms)
    zone = clock.zone(account.timezone)
    today = now.astimezone(zone).date()
    planned = sorted(pace.planned(tx, terms, since=now - duration))
    ahead = [at for at in planned if at >= now]
    containers = _containers(tx, account.id, now=now)
    posts, needed = (Counter(at.astimezone(zone).date() for at in times) for times in (ahead, containers))
    window = quota.window(tx, account, now=now)
    left, _ = container_budget(tx, account.id, now=now)
    return Forecast(
        account=account.name,
        timezone=account.timezone,
        quota_used=window.used,
        quota_total=window.total,
        quota_window_s=int(duration.total_seconds()),
        frees_at=window.frees_at,
        containers_used=CAP - left,
        containers_total=CAP,
        days=tuple(
            _day(today + timedelta(days=number), posts, needed, _fullest(planned, ahead, duration, zone), total)
            for number in range(days)
        ),
    )


def _day(day: date, posts: Counter[date], containers: Counter[date], fullest: dict[date, int], total: int) -> DayAhead:
    most = fullest.get(day, 0)
    return DayAhead(day, posts[day], containers[day], most, most > total)


def _fullest(
    planned: Sequence[datetime], ahead: Sequence[datetime], duration: timedelta, zone: ZoneInfo
) -> dict[date, int]:
    found: dict[date, int] = {}
    for at in ahead:
        count = bisect_right(planned, at) - bisect_right(planned, at - duration)
        day = at.astimezone(zone).date()
        found[day] = max(found.get(day, 0), count)
    return found


def _containers(tx: Session, account_id: int, *, now: datetime) -> Sequence[datetime]:
    """When the posts are due for whose parts containers are to be created yet."""
    query = (
        select(Post.publish_at)
        .join(Part, Part.post_id == Post.id)
        .where(
            Post.account_id == account_id,
            Post.state.in_([state.value for state in ACTIVE]),
            Post.publish_at >= now,
            Part.dropped_at.is_(None),
            Part.media_id.is_(None),
        )
    )
    return list(tx.scalars(query))

"""Forecast of the quota: which posts would find their account's window full. For warnings; the worker decides."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Terms
from models.accounts.quota import FALLBACK_DURATION_S, FALLBACK_TOTAL
from models.posts.part import Part
from models.posts.post import Post, PostType
from models.posts.states import ACTIVE, PostState

COUNTED = frozenset(state.value for state in (*ACTIVE, PostState.DRAFT, PostState.PUBLISHED))
"""States of posts that take a place of the window, or took one."""


def planned(tx: Session, account: Terms, *, since: datetime) -> list[datetime]:
    """When the account's posts are due that take places of the window, or took some: several stories take one each."""
    query = (
        select(Post.publish_at)
        .join(Part, Part.post_id == Post.id)
        .where(
            Post.account_id == account.id,
            Post.state.in_(sorted(COUNTED)),
            Post.publish_at > since,
            Part.parent_id.is_(None),
            Part.dropped_at.is_(None),
        )
    )
    return list(tx.scalars(query))


def places(post_type: PostType, media: Sequence[object]) -> int:
    """How many places of the window a post takes."""
    return len(media) if post_type is PostType.STORY else 1


def window_of(account: Terms) -> tuple[int, timedelta]:
    """Publishes per window and the window's length, as far as they are known."""
    total = FALLBACK_TOTAL if account.quota_total is None else account.quota_total
    return total, timedelta(seconds=account.quota_duration_s or FALLBACK_DURATION_S)


def crowded(
    known: Iterable[datetime], new: Sequence[datetime], *, total: int, duration: timedelta
) -> dict[datetime, int]:
    """For each new instant at which more than `total` posts fall into the window that ends there: how many."""
    everything = sorted([*known, *new])
    found = {}
    for at in new:
        count = bisect_right(everything, at) - bisect_right(everything, at - duration)
        if count > total:
            found[at] = count
    return found

"""Posts as somebody looks for them: by account, state, type, time and words, in an order, page by page.

A page begins behind a row and not behind a number of rows, so that what is added meanwhile moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.posts.post import Post, PostType
from models.posts.post_words import has_words
from models.posts.states import PostState
from models.reading.posts.posts import PostShown, shown

SORTS = ("publish_at", "-publish_at", "published_at", "-published_at", "id", "-id")
"""By what a list can be sorted; `-` is from the latest to the earliest. Only what is live has `published_at`."""


@dataclass(frozen=True, kw_only=True)
class PostFilter:
    """Which posts. None, or empty: not asked for. `since` ≤ publish_at < `until`."""

    account_id: int | None = None
    states: tuple[PostState, ...] = ()
    types: tuple[PostType, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None
    """Stands in the caption, the first comment or the key, in small or large letters; or is the number of the post
    or of its media on Instagram."""


@dataclass(frozen=True)
class Behind:
    """The last row of the page before: its value of what the list is sorted by, and its number."""

    value: datetime | int
    id: int


def search_posts(
    tx: Session, wanted: PostFilter, *, sort: str, behind: Behind | None, limit: int
) -> Sequence[PostShown]:
    """At most `limit` posts behind that row. `sort` is one of SORTS."""
    name, is_falling = sort.removeprefix("-"), sort.startswith("-")
    column: Any = getattr(Post, name)
    query = select(Post, Account.name).join(Account, Account.id == Post.account_id).where(*_conditions(wanted))
    if name == "published_at":
        query = query.where(Post.published_at.is_not(None))
    if behind is not None:
        query = query.where(_after(column, behind, is_falling=is_falling))
    order = (column.desc(), Post.id.desc()) if is_falling else (column, Post.id)
    return [shown(post, account) for post, account in tx.execute(query.order_by(*order).limit(limit))]


def _after(column: Any, behind: Behind, *, is_falling: bool) -> ColumnElement[bool]:
    row, last = tuple_(column, Post.id), tuple_(literal(behind.value), literal(behind.id))
    return row < last if is_falling else row > last


def _conditions(wanted: PostFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.account_id is not None:
        found.append(Post.account_id == wanted.account_id)
    if wanted.states:
        found.append(Post.state.in_([one.value for one in wanted.states]))
    if wanted.types:
        found.append(Post.type.in_([one.value for one in wanted.types]))
    if wanted.since is not None:
        found.append(Post.publish_at >= wanted.since)
    if wanted.until is not None:
        found.append(Post.publish_at < wanted.until)
    if wanted.words:
        found.append(has_words(wanted.words))
    return found

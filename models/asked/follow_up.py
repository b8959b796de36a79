"""Follow-ups: what is looked at again, at growing ages, once a post is live.

    collaborators   who of those invited has accepted       until all have answered, a week at most
    poll            how the options of its poll stand        until it is over, two weeks at most

One row for each post and kind, made when the post is looked after for the first time; owed work like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Login
from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of


class FollowUpKind(StrEnum):
    COLLABORATORS = "collaborators"
    POLL = "poll"


_PARAM: Final = {FollowUpKind.COLLABORATORS: "collaborators", FollowUpKind.POLL: "poll_options"}
"""What of a post's params makes it one to be followed up."""
_AGES: Final = {
    FollowUpKind.COLLABORATORS: tuple(
        timedelta(**one) for one in ({"minutes": 10}, {"hours": 1}, {"hours": 6}, *({"days": n} for n in (1, 2, 4, 7)))
    ),
    FollowUpKind.POLL: tuple(
        timedelta(**one) for one in ({"hours": 1}, {"hours": 6}, {"hours": 12}, *({"days": n} for n in range(1, 15)))
    ),
}
"""Since the post went out. How long an extended poll is open is not documented, so its own end decides."""
SETTLES: Final = timedelta(hours=1)
"""After the end of a poll, until its last reading."""


class FollowUp(Base):
    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("post_id", "kind"),
        one_of("kind", FollowUpKind),
        Index("ix_follow_ups_account_id", "account_id"),
        Index("ix_follow_ups_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_follow_ups_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id"))
    media_id: Mapped[Str]
    """Instagram's id of the media that the post is."""
    kind: Mapped[Str]
    published_at: Mapped[Instant]
    """What ages are counted from."""
    seen: Mapped[JsonObject]
    """Of collaborators: place in the post's list → what was said of them last. Names stand in the post alone."""
    error: Mapped[Str | None]
    checked_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    created_at: Mapped[InstantNow]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


def kinds_of(params: Mapping[str, Any], login: str) -> tuple[FollowUpKind, ...]:
    """What a post is followed up for. Both are read on Facebook Login only (graph-api.md §5.2, §5.3)."""
    return tuple(kind for kind, name in _PARAM.items() if login == Login.FACEBOOK.value and params.get(name))


def owe_follow_ups(
    tx: Session,
    kinds: tuple[FollowUpKind, ...],
    *,
    account_id: int,
    post_id: int,
    media_id: str,
    published_at: datetime,
    now: datetime,
) -> None:
    """Have them looked at; those that are already stay as they are."""
    rows = [
        {
            "account_id": account_id,
            "post_id": post_id,
            "media_id": media_id,
            "kind": kind.value,
            "published_at": published_at,
            "next_action_at": next_look(kind, published_at, now=now),
        }
        for kind in kinds
    ]
    if rows:
        tx.execute(insert(FollowUp).values(rows).on_conflict_do_nothing(index_elements=["post_id", "kind"]))
        wake_schedulers(tx)


def next_look(
    kind: FollowUpKind, published_at: datetime, *, now: datetime, ends_at: datetime | None = None
) -> datetime | None:
    """When it is looked at next; None when that is over.

    Args:
        ends_at: the end of a poll, where it is known: it is read once more after it, and no more after that.
    """
    last = None if ends_at is None else ends_at + SETTLES
    if last is not None and last <= now:
        return None
    ages = (published_at + age for age in _AGES[kind])
    following = next((at for at in ages if at > now), None)
    if last is None:
        return following
    return last if following is None else min(following, last)

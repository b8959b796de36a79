"""A post: what a person wants published on one account at one instant, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import LiteralString, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.posts.states import ACTIVE, PostState
from models.store.base import Base
from models.store.driver import rows_of
from models.store.seeing import SEEN_BY_DRIVER, seen_accounts
from models.store.types import Id, Instant, InstantNow, JsonObject, OptionalJson, Str, one_of
from pressrun.errors import Unknown
from pressrun.media.captions import normal_form

MADE_KEY = "auto:"
"""Begins the key of a post that nobody gave one; the digest of all that it says follows."""


class PostType(StrEnum):
    IMAGE = "image"
    CAROUSEL = "carousel"
    REEL = "reel"
    STORY = "story"


class IfLate(StrEnum):
    """What happens to a post that could not go out within its `max_lateness`."""

    PUBLISH = "publish"
    EXPIRE = "expire"
    NEXT_SLOT = "next_slot"
    """It takes the next free posting slot of its account."""


_ACTIVE_LIST = ", ".join(f"'{state.value}'" for state in ACTIVE)


class Post(Base):
    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("key"),
        one_of("type", PostType),
        one_of("state", PostState),
        one_of("if_late", IfLate),
        CheckConstraint(f"state NOT IN ({_ACTIVE_LIST}) OR next_action_at IS NOT NULL", name="active_is_owed"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_at"),
        # Serves the claim: only rows that are owed a step, in the order they fall due.
        Index("ix_posts_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        # Serves the count of hints under way.
        Index("ix_posts_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        Index("ix_posts_account_id_publish_at", "account_id", "publish_at"),
        Index("ix_posts_state_publish_at", "state", "publish_at"),
        # Serve people who ask what goes out, and what went out last.
        Index("ix_posts_publish_at_id", "publish_at", "id"),
        Index("ix_posts_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
        # Serves whoever has made a cover right.
        Index(
            "ix_posts_cover_conversion_id",
            "cover_conversion_id",
            postgresql_where=text("cover_conversion_id IS NOT NULL"),
        ),
        # Serves the question which published posts lack something.
        Index("ix_posts_missing", "id", postgresql_where=text("missing IS NOT NULL")),
    )

    id: Mapped[Id]
    key: Mapped[Str]
    """Idempotency key: queueing the same key with the same content again adds nothing."""
    content_digest: Mapped[Str]
    """Digest of the wish as it was given; tells 'the same again' from 'another under the same key'."""
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    type: Mapped[Str]
    state: Mapped[Str]
    publish_at: Mapped[Instant]
    timezone: Mapped[Str]
    """The IANA zone the person meant; times are shown in it."""
    caption: Mapped[Str] = mapped_column(server_default=text("''"))
    params: Mapped[JsonObject]
    """What else was asked for: location_id, user_tags, collaborators, product_tags, poll_options, poll_extended,
    comment_prompt, cover, thumb_offset_ms, share_to_feed, trial, fix.
    """
    cover_conversion_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("conversions.id"))
    """What makes the cover right; null where nothing has to."""
    first_comment: Mapped[Str | None]
    max_lateness_s: Mapped[int] = mapped_column(Integer)
    if_late: Mapped[Str]

    next_action_at: Mapped[Instant | None]
    """When the next step is owed; while a claim runs, the end of its lease."""
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The fencing token: raised with every claim; a step writes only while it still holds the number."""
    holder: Mapped[int | None] = mapped_column(Integer)
    """The presence of the worker that took it last; it says nothing once the lease is over."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    """Raised by each change of what people want of it, and by no step that only carries it out."""
    wait_reason: Mapped[Str | None]
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Failed tries of the present step; spaces the next one."""

    sent_at: Mapped[Instant | None]
    """When the publish call that went through was started."""
    published_at: Mapped[Instant | None]
    media_id: Mapped[Str | None]
    permalink: Mapped[Str | None]
    comment_id: Mapped[Str | None]
    """The first comment, once it is known to stand."""
    error: Mapped[Str | None]
    """What went wrong last, for a person: what, which media item, what to do."""
    error_class: Mapped[Str | None]
    missing: Mapped[OptionalJson]
    """What a published post lacks for good (`comment`, `permalink`), each with why; null when nothing."""
    created_at: Mapped[InstantNow]
    updated_at: Mapped[InstantNow]


_BY_KEY: LiteralString = f"""
    SELECT key, id, content_digest FROM posts WHERE key = ANY(%(keys)s) AND {SEEN_BY_DRIVER.format(column="account_id")}
"""  # noqa: S608 - constants
_HELD_UNSEEN: LiteralString = f"""
    SELECT key FROM posts WHERE key = ANY(%(keys)s) AND NOT {SEEN_BY_DRIVER.format(column="account_id")}
"""  # noqa: S608 - constants


def get_post(tx: Session, post_id: int) -> Post:
    return tx.get_one(Post, post_id, populate_existing=True)


def find_post(tx: Session, reference: str) -> Post:
    """A post by its number or its key. Raises Unknown.

    The number counts first: whoever was told it means that post, whatever key somebody has given to another.
    """
    query = select(Post).where(Post.key == reference)
    if reference.isascii() and reference.isdigit() and len(reference) < 19:
        is_number = Post.id == int(reference)
        query = select(Post).where(is_number | (Post.key == reference)).order_by(is_number.desc())
    found = tx.scalars(query.limit(1)).first()
    if found is None:
        raise Unknown(f"no post has the number or key {reference!r}", type="post.unknown", field="post")
    return found


class Known(NamedTuple):
    """A post that has a key already, and the digest of what it says."""

    id: int
    content_digest: str


def posts_by_key(tx: Session, keys: Iterable[str]) -> dict[str, Known]:
    """Those of these keys that are taken."""
    rows = rows_of(tx, _BY_KEY, {"keys": list(keys), "seen": seen_accounts(tx)})
    return {key: Known(post_id, digest) for key, post_id, digest in rows}


def keys_held_unseen(tx: Session, keys: Iterable[str]) -> set[str]:
    """Those of these keys that posts have which whoever asks may not see: keys are one namespace for all accounts."""
    return {key for (key,) in rows_of(tx, _HELD_UNSEEN, {"keys": list(keys), "seen": seen_accounts(tx)})}


def words_of(post: Post) -> str:
    """Normal form of the text under which its media is looked for; a story has none."""
    return "" if post.type == PostType.STORY.value else normal_form(post.caption)


def lateness_ms(publish_at: datetime, sent_at: datetime | None) -> int | None:
    """How long after its instant the publish call was started; None before that."""
    if sent_at is None:
        return None
    return round((sent_at - publish_at).total_seconds() * 1000)


def posts_ahead(tx: Session, post: Post, *, now: datetime) -> int:
    """How many ready posts of the account were due before this one and have not gone out."""
    query = select(func.count()).select_from(Post)
    return (
        tx.scalar(
            query.where(
                Post.account_id == post.account_id,
                Post.state == PostState.STAGED.value,
                Post.publish_at <= now,
                tuple_(Post.publish_at, Post.id) < tuple_(literal(post.publish_at), literal(post.id)),
            )
        )
        or 0
    )

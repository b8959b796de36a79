"""Conversions: files that are to be made right, each by one recipe, and what became of them.

    asked → done | failed

The same input by the same recipe is one row, whoever asks and however often: it is converted once. What a post needs of
it stands in the post as soon as the row is settled; until then the post waits (`worker/publishing/stage.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    UniqueConstraint,
    collate,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.owed.claims import wake_schedulers
from models.posts.event import Cause, record_event
from models.posts.part import Part
from models.posts.post import Post
from models.posts.states import PostState
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, OptionalJson, Str, one_of

WAITS = "media"
"""The `wait_reason` of a post whose files are being made right."""
TIME_TO_ACT = timedelta(minutes=10)
"""Before its time: a person can make the file right by other means, or move the post."""


class ConversionState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    """The file cannot be made right."""


_DONE_HAS_RESULT = "state <> 'done' OR num_nulls(result_sha256, result_extension, made) = 0"


class Conversion(Base):
    __tablename__ = "conversions"
    __table_args__ = (
        UniqueConstraint("source_sha256", "recipe_key"),
        one_of("state", ConversionState),
        CheckConstraint("state <> 'asked' OR next_action_at IS NOT NULL", name="asked_is_owed"),
        CheckConstraint(_DONE_HAS_RESULT, name="done_has_result"),
        CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="failed_says_why"),
        Index("ix_conversions_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_conversions_needed", "needed_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_conversions_result_sha256", "result_sha256", postgresql_where=text("result_sha256 IS NOT NULL")),
        Index("ix_conversions_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    asked_by: Mapped[int] = mapped_column(BigInteger)
    """The account that asked first, or had been; 0: somebody who had none in mind. Others may use the result."""
    source_sha256: Mapped[Str]
    """The original, which stays."""
    recipe: Mapped[JsonObject]
    recipe_key: Mapped[Str]
    """Digest of the recipe and of the edition of the rules by which it is carried out."""
    state: Mapped[Str] = mapped_column(server_default=text("'asked'"))
    result_sha256: Mapped[Str | None]
    """The kept file; the original where it was right."""
    result_extension: Mapped[Str | None]
    made: Mapped[OptionalJson]
    """Before, after and each change, with its reason."""
    probe: Mapped[OptionalJson]
    """What the result was found to be."""
    error: Mapped[Str | None]
    created_at: Mapped[InstantNow]
    needed_at: Mapped[InstantNow]
    """When the first post that needs it is due: what is needed first is made first."""
    begun_at: Mapped[Instant | None]
    """When the last try began."""
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Times that a worker began with it."""


_LOCK_ORDER = (collate(Conversion.source_sha256, "C"), collate(Conversion.recipe_key, "C"))
"""In which several are locked, by whoever asks for them and whoever needs them: none waits for another in a circle."""

_ASK = text("""
    INSERT INTO conversions (asked_by, source_sha256, recipe, recipe_key, next_action_at, needed_at)
    VALUES (:asked_by, :source_sha256, CAST(:recipe AS jsonb), :recipe_key, :now, :needed_at)
    ON CONFLICT (source_sha256, recipe_key) DO NOTHING
    RETURNING id
""")
# What changes nothing takes no lock: those who ask for the same file do not wait for each other.
_SOONER = text("""
    UPDATE conversions SET needed_at = :needed_at
     WHERE source_sha256 = :source_sha256 AND recipe_key = :recipe_key AND state = 'asked' AND needed_at > :needed_at
    RETURNING id
""")


def ask(
    tx: Session,
    *,
    source_sha256: str,
    recipe: str,
    recipe_key: str,
    asked_by: int,
    now: datetime,
    needed_at: datetime | None = None,
) -> Conversion:
    """The one row of that input and recipe, which is made if nobody has asked yet. `recipe` is JSON.

    Args:
        needed_at: when the post that needs it is due; None: somebody waits for it.
    """
    needed_at = needed_at or now
    key = {"source_sha256": source_sha256, "recipe_key": recipe_key}
    asked = key | {"recipe": recipe, "asked_by": asked_by, "now": now, "needed_at": needed_at}
    is_news = tx.execute(_ASK, asked).first() is not None
    query = select(Conversion).filter_by(**key).with_for_update(read=True).execution_options(populate_existing=True)
    while True:
        if not is_news:
            is_news = tx.execute(_SOONER, key | {"needed_at": needed_at}).first() is not None
        with tx.begin_nested() as looked:
            # FOR SHARE: one that is settled at this moment is seen settled, or settles the posts that are queued here.
            row = tx.scalars(query).one()
            if row.state != ConversionState.ASKED.value or row.needed_at <= needed_at:
                break
            # Put off by another post while it was waited for. A share is let go, not raised, for two could hold one.
            looked.rollback()
            is_news = False
    if is_news:
        wake_schedulers(tx)
    return row


def failures(tx: Session, asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Why files cannot be made right, of those (digest, recipe's key) that were tried before."""
    if not asked:
        return {}
    key = tuple_(Conversion.source_sha256, Conversion.recipe_key)
    rows = tx.scalars(select(Conversion).where(key.in_(list(asked)), Conversion.state == ConversionState.FAILED.value))
    return {(row.source_sha256, row.recipe_key): row.error or "" for row in rows}


def of_post(tx: Session, post_id: int, *, shared: bool = False) -> list[Conversion]:
    """Those that the post needs or has used, of its parts in order and then of its cover.

    Args:
        shared: none of them can be settled before the transaction ends.
    """
    number = tx.scalar(select(Post.cover_conversion_id).where(Post.id == post_id))
    parts = select(Part.conversion_id).where(
        Part.post_id == post_id, Part.dropped_at.is_(None), Part.conversion_id.is_not(None)
    )
    return in_order(tx, [*tx.scalars(parts.order_by(Part.position)), *([number] if number else [])], shared=shared)


def in_order(tx: Session, numbers: Iterable[int], *, shared: bool = False) -> list[Conversion]:
    """Those of these numbers, each once, in their order; without any nothing is asked."""
    numbers = list(dict.fromkeys(numbers))
    if not numbers:
        return []
    query = select(Conversion).where(Conversion.id.in_(numbers)).order_by(*_LOCK_ORDER)
    query = query.execution_options(populate_existing=True)
    found = {row.id: row for row in tx.scalars(query.with_for_update(read=True) if shared else query)}
    return [found[one] for one in numbers]


def find(tx: Session, source_sha256: str, recipe_key: str) -> Conversion | None:
    """What was asked for of that file by that recipe."""
    query = select(Conversion).where(Conversion.source_sha256 == source_sha256, Conversion.recipe_key == recipe_key)
    return tx.scalar(query)


def made_into(tx: Session, sha256s: Collection[str]) -> dict[str, Conversion]:
    """Of kept files what each was made from, where it was; the latest, where several gave the same."""
    query = select(Conversion).where(Conversion.result_sha256.in_(list(sha256s)), Conversion.state == "done")
    rows = tx.scalars(query.order_by(Conversion.id)) if sha256s else ()
    return {row.result_sha256: row for row in rows if row.result_sha256 and row.result_sha256 != row.source_sha256}


def needed_until(publish_at: datetime, created_at: datetime, max_lateness_s: int) -> datetime:
    """When a post is given up whose files are not ready: early enough to act, where it was queued that long ahead; else
    when it would be too late anyway.
    """
    early = publish_at - TIME_TO_ACT
    return early if early - TIME_TO_ACT > created_at else publish_at + timedelta(seconds=max_lateness_s)


# What it looks like stays: it is compared with what people have seen, and the same picture.
_USE = text("""
    UPDATE parts SET media_sha256 = :sha256, media_extension = :extension,
           probe = CAST(:probe AS jsonb)
                || CASE WHEN probe ? 'likeness' THEN jsonb_build_object('likeness', probe -> 'likeness')
                        ELSE '{}'::jsonb END
     WHERE conversion_id = :id AND dropped_at IS NULL
""")
_USE_AS_COVER = text("""
    UPDATE posts SET params = jsonb_set(params, '{cover}', jsonb_build_object(
               'sha256', CAST(:sha256 AS text), 'extension', CAST(:extension AS text)))
     WHERE cover_conversion_id = :id AND params ? 'cover'
""")
_POSTS = text("""
    SELECT id FROM posts WHERE cover_conversion_id = :id
    UNION SELECT post_id FROM parts WHERE conversion_id = :id AND dropped_at IS NULL
    ORDER BY 1
""")
_WAKE = text("""
    UPDATE posts SET next_action_at = now()
     WHERE id = ANY(:ids) AND state = 'scheduled' AND leased_until IS NULL
       AND (CAST(:all AS boolean) OR wait_reason = :waits)
""")


def settle(
    tx: Session,
    conversion_id: int,
    state: ConversionState,
    told: Cause,
    *,
    now: datetime,
    result: tuple[str, str] | None = None,
    made: dict[str, Any] | None = None,
    probe: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Write down what became of it, give its result to the posts that need it, and let those that wait go on.

    After one that failed every post that is not at work yet is looked at at once, so that it fails while a person can
    still act. The caller holds the claim, and ends it in the same transaction.

    Args:
        result: digest and extension of the kept file.
        probe: what it was found to be.
    """
    sha256, extension = result or (None, None)
    values: dict[str, Any] = {"state": state.value, "error": error, "settled_at": now, "made": made, "probe": probe}
    values |= {"result_sha256": sha256, "result_extension": extension}
    tx.execute(update(Conversion).where(Conversion.id == conversion_id).values(values))
    ids = [int(one) for one in tx.scalars(_POSTS, {"id": conversion_id})]
    if result is not None:
        used = {"id": conversion_id, "sha256": sha256, "extension": extension}
        tx.execute(_USE, used | {"probe": json.dumps(probe or {})})
        tx.execute(_USE_AS_COVER, used)
    _tell(tx, ids, told, is_failed=state is ConversionState.FAILED)


def _tell(tx: Session, ids: Sequence[int], told: Cause, *, is_failed: bool) -> None:
    """Of each post's timeline; and what waits goes on."""
    for post_id, post_state in _states(tx, ids):
        record_event(tx, post_id, told, from_state=post_state, to_state=post_state)
    woken: Any = tx.execute(_WAKE, {"ids": list(ids), "all": is_failed, "waits": WAITS})
    if woken.rowcount:
        wake_schedulers(tx)


def _states(tx: Session, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Of the posts that have not come to an end."""
    ended = [one.value for one in (PostState.CANCELED, PostState.EXPIRED, PostState.FAILED, PostState.PUBLISHED)]
    query = select(Post.id, Post.state).where(Post.id.in_(list(ids)), Post.state.not_in(ended)).order_by(Post.id)
    return [(post_id, state) for post_id, state in tx.execute(query)]

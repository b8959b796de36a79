"""Conversions: files that are to be made right, each by one recipe, and what became of them.

    asked → done | failed

The same input by the same recipe is one row, whoever asks and however often: it is converted once. What a post needs of
it stands in the post as soon as the row is settled; until then the post waits (`worker/publishing/stage.py`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, UniqueConstraint, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.claims import wake_schedulers
from models.event import Cause, record_event
from models.part import Part
from models.post import Post
from models.states import PostState
from models.types import Id, Instant, InstantNow, JsonObject, OptionalJson, Str, one_of

WAITS = "media"
"""The `wait_reason` of a post whose files are being made right."""


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
        Index("ix_conversions_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    asked_by: Mapped[int] = mapped_column(BigInteger)
    """The account that asked first, or had been: by it the work is dealt out fairly. Others may use the result."""
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
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Times that a worker began with it."""


_ASK = text("""
    INSERT INTO conversions (asked_by, source_sha256, recipe, recipe_key, next_action_at)
    VALUES (:asked_by, :source_sha256, CAST(:recipe AS jsonb), :recipe_key, :now)
    ON CONFLICT (source_sha256, recipe_key) DO NOTHING
    RETURNING id
""")


def ask(tx: Session, *, source_sha256: str, recipe: str, recipe_key: str, asked_by: int, now: datetime) -> Conversion:
    """The one row of that input and recipe, which is made if nobody has asked yet. `recipe` is JSON."""
    asked = {"source_sha256": source_sha256, "recipe": recipe, "recipe_key": recipe_key, "asked_by": asked_by}
    if tx.execute(_ASK, asked | {"now": now}).first() is not None:
        wake_schedulers(tx)
    query = select(Conversion).where(Conversion.source_sha256 == source_sha256, Conversion.recipe_key == recipe_key)
    # FOR SHARE: one that is settled at this moment is seen settled, or settles the posts that are queued here.
    return tx.scalars(query.with_for_update(read=True)).one()


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
    query = select(Conversion).where(Conversion.id.in_(numbers)).order_by(Conversion.id)
    query = query.execution_options(populate_existing=True)
    found = {row.id: row for row in tx.scalars(query.with_for_update(read=True) if shared else query)}
    return [found[one] for one in numbers]


def ask_again(tx: Session, post_id: int, *, now: datetime) -> int:
    """Have those of the post that failed tried once more; returns how many."""
    failed = [row.id for row in of_post(tx, post_id) if row.state == ConversionState.FAILED.value]
    if failed:
        values: dict[str, Any] = {
            "state": "asked",
            "error": None,
            "settled_at": None,
            "tries": 0,
            "next_action_at": now,
        }
        tx.execute(update(Conversion).where(Conversion.id.in_(failed), Conversion.state == "failed").values(values))
        wake_schedulers(tx)
    return len(failed)


_USE = text("""
    UPDATE parts SET media_sha256 = :sha256, media_extension = :extension, probe = CAST(:probe AS jsonb)
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

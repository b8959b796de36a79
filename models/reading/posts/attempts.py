"""What was done for a post at Instagram: the containers that it cost, and the calls that must take effect once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.history.media import Media
from models.posts.part import Part
from models.posts.post import Post
from models.publishing.attempt import Action, Attempt
from models.publishing.container import Container

_AROUND = timedelta(hours=1)
_MOST_CANDIDATES = 12


@dataclass(frozen=True)
class AttemptShown:
    """One call that must take effect once. `part`: position of what it was for; `result_id`: media or comment.

    `settled_by`: answer, reading or person. `reads`: how often it was looked up what became of it.
    """

    id: int
    part: int
    action: str
    state: str
    intent_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    settled_by: str | None
    result_id: str | None
    reads: int
    error_class: str | None
    code: str | None
    subcode: str | None
    fbtrace_id: str | None
    message: str | None


@dataclass(frozen=True)
class ContainerShown:
    """One media container. `part`: position of what it was made from; `is_item`: it is one of a carousel.

    `status_code`: Instagram's word, or REQUESTED as long as its creation was not answered.
    """

    id: int
    part: int
    is_item: bool
    ig_id: str | None
    status_code: str
    status: str | None
    route: str | None
    polls: int
    created_at: datetime
    finished_at: datetime | None
    dropped_at: datetime | None
    drop_reason: str | None


@dataclass(frozen=True)
class Candidate:
    """A media that stands on the account since about the time of a send, and is no post's."""

    ig_id: str
    media_type: str | None
    caption: str | None
    posted_at: datetime
    permalink: str | None


@dataclass(frozen=True)
class PostAttempts:
    """The oldest first. `candidates`: what a publish whose outcome is not known may have come to, the nearest first."""

    attempts: tuple[AttemptShown, ...]
    containers: tuple[ContainerShown, ...]
    candidates: tuple[Candidate, ...]


def attempts_of(tx: Session, post_id: int) -> PostAttempts:
    """Of all parts that the post has or had."""
    calls = select(*_named(Attempt, AttemptShown), Part.position.label("part"))
    calls = calls.join(Part, Part.id == Attempt.part_id).where(Attempt.post_id == post_id).order_by(Attempt.id)
    made = select(
        *_named(Container, ContainerShown), Part.position.label("part"), Part.parent_id.is_not(None).label("is_item")
    )
    made = made.join(Part, Part.id == Container.part_id).where(Part.post_id == post_id).order_by(Container.id)
    attempts = tuple(AttemptShown(**row._mapping) for row in tx.execute(calls))
    containers = tuple(ContainerShown(**row._mapping) for row in tx.execute(made))
    return PostAttempts(attempts, containers, _candidates(tx, post_id, attempts))


def _candidates(tx: Session, post_id: int, attempts: Sequence[AttemptShown]) -> tuple[Candidate, ...]:
    open_ = [one for one in attempts if one.action == Action.PUBLISH and one.state in ("unknown", "needs_review")]
    if not open_:
        return ()
    at = open_[-1].sent_at or open_[-1].intent_at
    query = (
        select(Media.ig_id, Media.media_type, Media.caption, Media.posted_at, Media.permalink)
        .join(Post, Post.account_id == Media.account_id)
        .where(Post.id == post_id, Media.part_id.is_(None))
        .where(Media.posted_at.between(at - _AROUND, at + _AROUND))
        .order_by(func.abs(func.extract("epoch", Media.posted_at - at)), Media.id)
        .limit(_MOST_CANDIDATES)
    )
    return tuple(Candidate(**row._mapping) for row in tx.execute(query))


def _named(table: type[Attempt | Container], shown: type[AttemptShown | ContainerShown]) -> list[ColumnElement[object]]:
    return [getattr(table, name) for name in shown.__dataclass_fields__ if name not in ("part", "is_item")]

"""Answers that come late: Instagram says that a call took effect, after it was settled as undone.

A person has said that a post is not live, or two readings have not shown it; then the answer arrives with its id. It is
kept with the attempt, whatever else. If the thing has not been tried again, the attempt has succeeded after all; if it
has, the id stays beside (`kept`), and counts as soon as the later attempt is undone: nothing is sent a third time.

The caller holds the lock of the row of work: no intent and no person's decision comes in between.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.accounts import quota
from models.posts.part import Part
from models.publishing.attempt import OPEN, Action, Attempt, AttemptState, SettledBy, Target

_UNDONE = (AttemptState.REFUSED.value, AttemptState.NOT_DONE.value)


class Late(StrEnum):
    """What a late answer means."""

    KNOWN = "known"
    """Nothing new."""
    STANDS = "stands"
    """The attempt has succeeded after all."""
    BESIDE = "beside"
    """The id is kept beside another attempt, another id, or another content of the post: a person has to look."""


def keep(tx: Session, attempt: Attempt, result_id: str, *, now: datetime) -> Late:
    """Keep what came of an attempt that is settled already."""
    attempt = tx.get_one(Attempt, attempt.id, populate_existing=True)
    if attempt.state == AttemptState.SUCCEEDED.value:
        if attempt.result_id is not None:
            return Late.KNOWN if attempt.result_id == result_id else Late.BESIDE
        attempt.result_id = result_id  # a person has seen it, under no id
        tx.flush()
        return Late.STANDS
    other = _open(tx, target_of(attempt))
    if other is not None and other.result_id == result_id:
        return Late.KNOWN
    attempt.result_id = result_id
    tx.flush()
    return Late.STANDS if _revive(tx, attempt, now) else Late.BESIDE


def kept(tx: Session, target: Target) -> Attempt | None:
    """The attempt that was settled as undone and of which an id is known all the same."""
    found = (target.where, Attempt.state.in_(_UNDONE), Attempt.result_id.is_not(None))
    return tx.scalar(select(Attempt).where(*found).order_by(Attempt.id.desc()).limit(1))


def adopt(tx: Session, target: Target, *, now: datetime) -> Attempt | None:
    """An attempt has just been undone: the earlier one that an answer has proved meanwhile, as succeeded now."""
    found = kept(tx, target)
    return found if found is not None and _revive(tx, found, now) else None


def target_of(attempt: Attempt) -> Target:
    return Target(Action(attempt.action), attempt.post_id, attempt.part_id, attempt.reply_id)


def _open(tx: Session, target: Target) -> Attempt | None:
    return tx.scalar(select(Attempt).where(target.where, text(OPEN)))


def _revive(tx: Session, attempt: Attempt, now: datetime) -> bool:
    """False while another attempt of the same is open, or when an edit has put another media in the part's place."""
    if _open(tx, target_of(attempt)) is not None:
        return False
    if attempt.part_id is not None and tx.get_one(Part, attempt.part_id, populate_existing=True).dropped_at is not None:
        return False
    attempt.state, attempt.settled_by, attempt.settled_at = (
        AttemptState.SUCCEEDED.value,
        SettledBy.ANSWER.value,
        now,
    )
    tx.flush()
    quota.take_back(tx, attempt.id)
    return True

"""Posts as pages draw them: a card each, with the beginning of the caption and whether there is a picture to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.post import lateness_ms
from models.states import ACTIVE

BEGINNING = 200
"""Characters of a caption that a card shows."""
_LOOKS_BACK = timedelta(days=2)


@dataclass(frozen=True)
class Card:
    """A post among others. Times are UTC; `timezone` is the zone its person meant."""

    id: int
    key: str
    account: str
    type: str
    state: str
    publish_at: datetime
    timezone: str
    caption: str
    """Its beginning."""
    parts: int
    has_picture: bool
    """A file of its first media is kept here."""
    wait_reason: str | None
    next_action_at: datetime | None
    sent_at: datetime | None
    published_at: datetime | None
    media_id: str | None
    permalink: str | None
    error: str | None
    missing: Mapping[str, Any] | None
    version: int

    @property
    def lateness_ms(self) -> int | None:
        return lateness_ms(self.publish_at, self.sent_at)

    @property
    def is_paused(self) -> bool:
        return self.state == "draft" and self.wait_reason == "paused"


_CARD = f"""
    SELECT p.id, p.key, a.name AS account, p.type, p.state, p.publish_at, p.timezone,
           left(p.caption, {BEGINNING}) AS caption, m.parts, m.has_picture, p.wait_reason, p.next_action_at, p.sent_at,
           p.published_at, p.media_id, p.permalink, p.error, p.missing, p.version
      FROM {{posts}} p
      JOIN accounts a ON a.id = p.account_id
     CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE t.kind <> 'carousel') AS parts,
                   coalesce(bool_or(t.media_sha256 IS NOT NULL), false) AS has_picture
              FROM parts t WHERE t.post_id = p.id AND t.dropped_at IS NULL) m
"""  # noqa: S608 - a constant
_OF = f"(CAST(:account_id AS bigint) IS NULL OR account_id = :account_id) AND {SEEN.format(column='account_id')}"
_ACTIVE = ", ".join(f"'{state.value}'" for state in ACTIVE)

_NEXT = f"""(SELECT * FROM posts WHERE state IN ({_ACTIVE}) AND publish_at > CAST(:now AS timestamptz)
                                       - CAST(:back AS interval) AND {_OF}
              ORDER BY publish_at, id LIMIT :limit)"""  # noqa: S608 - constants
_OUT = f"""(SELECT * FROM posts WHERE published_at IS NOT NULL AND {_OF}
              ORDER BY published_at DESC, id DESC LIMIT :limit)"""  # noqa: S608 - constants
_PERSON = f"""(SELECT * FROM posts
                WHERE {_OF} AND (state = 'needs_review'
                   OR state IN ('failed', 'expired') AND publish_at > CAST(:now AS timestamptz) - interval '7 days'
                   OR missing IS NOT NULL AND publish_at > CAST(:now AS timestamptz) - interval '14 days')
                ORDER BY state <> 'needs_review', publish_at DESC LIMIT :limit)"""  # noqa: S608 - constants
_BETWEEN = f"""(SELECT * FROM posts WHERE publish_at >= :since AND publish_at < :until AND {_OF}
                ORDER BY publish_at, id LIMIT :limit)"""  # noqa: S608 - constants
_THOSE = f"(SELECT * FROM posts WHERE id = ANY(:ids) AND {SEEN.format(column='account_id')})"  # noqa: S608 - constants


def next_out(tx: Session, account_id: int | None, *, now: datetime, limit: int) -> list[Card]:
    """What goes out next, soonest first."""
    values = {"account_id": account_id, "now": now, "back": _LOOKS_BACK, "limit": limit}
    return _cards(tx, _NEXT, "p.publish_at, p.id", values)


def last_out(tx: Session, account_id: int | None, *, limit: int) -> list[Card]:
    """What went out last, newest first."""
    return _cards(tx, _OUT, "p.published_at DESC, p.id DESC", {"account_id": account_id, "limit": limit})


def for_a_person(tx: Session, account_id: int | None, *, now: datetime, limit: int) -> list[Card]:
    """What only a person can take further: undecided first, then what failed, expired or lacks something."""
    values = {"account_id": account_id, "now": now, "limit": limit}
    return _cards(tx, _PERSON, "p.state <> 'needs_review', p.publish_at DESC", values)


def between(tx: Session, account_id: int | None, *, since: datetime, until: datetime, limit: int) -> list[Card]:
    """What is due from `since` to before `until`, in order."""
    values = {"account_id": account_id, "since": since, "until": until, "limit": limit}
    return _cards(tx, _BETWEEN, "p.publish_at, p.id", values)


def those(tx: Session, ids: Sequence[int]) -> list[Card]:
    """These posts, in the order in which they are named."""
    by_id = {one.id: one for one in _cards(tx, _THOSE, "p.id", {"ids": list(ids)})}
    return [by_id[one] for one in ids if one in by_id]


def _cards(tx: Session, posts: str, order: str, values: Mapping[str, Any]) -> list[Card]:
    rows = tx.execute(text(f"{_CARD.format(posts=posts)} ORDER BY {order}"), {"seen": seen_accounts(tx), **values})
    return [Card(**row._mapping) for row in rows]

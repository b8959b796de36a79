"""Posts as pages draw them: a card each, with the beginning of the caption and whether there is a picture to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.posts.post import lateness_ms
from models.posts.states import ACTIVE

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


@dataclass(frozen=True)
class Due:
    """How many posts of an account are due in each of some spans."""

    account_id: int
    account: str
    counts: list[int]


@dataclass(frozen=True)
class Beside:
    """Which way to look from a post. `since`, `until`: due from the one to before the other; None: no such end."""

    is_before: bool
    since: datetime | None = None
    until: datetime | None = None


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
# Of each span by itself: however many are due in one, no more than what is shown of it is read.
_FIRST_OF = f"""(SELECT q.* FROM unnest(CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])) AS s(since, until)
                  CROSS JOIN LATERAL (SELECT * FROM posts
                         WHERE publish_at >= s.since AND publish_at < s.until AND {_OF}
                         ORDER BY publish_at, id LIMIT :each) q)"""  # noqa: S608 - constants
# The same of one account for each span: ix_posts_account_id_publish_at serves it.
_FIRST_OF_EACH = f"""(SELECT q.* FROM unnest(CAST(:accounts AS bigint[]), CAST(:since AS timestamptz[]),
                                            CAST(:until AS timestamptz[])) AS s(account_id, since, until)
                  CROSS JOIN LATERAL (SELECT * FROM posts
                         WHERE posts.account_id = s.account_id AND publish_at >= s.since AND publish_at < s.until
                           AND {SEEN.format(column="posts.account_id")}
                         ORDER BY publish_at, id LIMIT :each) q)"""  # noqa: S608 - constants
_DUE = f"""
    SELECT width_bucket(publish_at, CAST(:bounds AS timestamptz[])) - 1 AS span, count(*) AS posts
      FROM posts WHERE publish_at >= :since AND publish_at < :until AND {_OF} GROUP BY 1
"""  # noqa: S608 - constants
_DUE_OF_EACH = f"""
    SELECT a.id, a.name, d.span, d.posts
      FROM accounts a
      LEFT JOIN (SELECT account_id, width_bucket(publish_at, CAST(:bounds AS timestamptz[])) - 1 AS span,
                        count(*) AS posts
                   FROM posts WHERE publish_at >= :since AND publish_at < :until AND {_OF} GROUP BY 1, 2) d
        ON d.account_id = a.id
     WHERE (CAST(:account_id AS bigint) IS NULL AND (a.state <> 'removed' OR d.posts > 0) OR a.id = :account_id)
       AND {SEEN.format(column="a.id")}
     ORDER BY a.name
"""  # noqa: S608 - constants
_WITHIN = f"""publish_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
                AND publish_at < coalesce(CAST(:until AS timestamptz), 'infinity') AND {_OF}"""
_AFTER = f"""(SELECT * FROM posts WHERE (publish_at, id) > (:at, :id) AND {_WITHIN}
                ORDER BY publish_at, id LIMIT :limit)"""  # noqa: S608 - constants
_BEFORE = f"""(SELECT * FROM posts WHERE (publish_at, id) < (:at, :id) AND {_WITHIN}
                ORDER BY publish_at DESC, id DESC LIMIT :limit)"""  # noqa: S608 - constants


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


def due(tx: Session, account_id: int | None, *, bounds: Sequence[datetime]) -> list[int]:
    """How many posts are due in each span from one of `bounds` to before the next one."""
    values = {"account_id": account_id, "since": bounds[0], "until": bounds[-1], "seen": seen_accounts(tx)}
    rows = {row.span: row.posts for row in tx.execute(text(_DUE), values | {"bounds": list(bounds)})}
    return [rows.get(number, 0) for number in range(len(bounds) - 1)]


def first_of(
    tx: Session, account_id: int | None, *, spans: Sequence[tuple[datetime, datetime]], each: int
) -> list[Card]:
    """The first posts, `each` at most, of each of these spans, in order."""
    since, until = [one for one, _ in spans], [one for _, one in spans]
    values = {"account_id": account_id, "since": since, "until": until, "each": each}
    return _cards(tx, _FIRST_OF, "p.publish_at, p.id", values)


def due_of_each(tx: Session, account_id: int | None, *, bounds: Sequence[datetime]) -> list[Due]:
    """The same of each account that is there, by name: of that one, or of all. One that was removed and still has
    something due counts as well."""
    values = {"account_id": account_id, "since": bounds[0], "until": bounds[-1], "seen": seen_accounts(tx)}
    found: dict[str, Due] = {}
    for row in tx.execute(text(_DUE_OF_EACH), values | {"bounds": list(bounds)}):
        due = found.setdefault(row.name, Due(row.id, row.name, [0] * (len(bounds) - 1)))
        if row.span is not None:
            due.counts[row.span] = row.posts
    return list(found.values())


def first_of_each(tx: Session, spans: Sequence[tuple[int, datetime, datetime]], *, each: int) -> list[Card]:
    """The first posts, `each` at most, of an account (its number) in each of these spans, in order."""
    accounts, since, until = ([one[at] for one in spans] for at in range(3))
    values = {"accounts": accounts, "since": since, "until": until, "each": each}
    return _cards(tx, _FIRST_OF_EACH, "p.publish_at, p.id", values)


def beside(tx: Session, account_id: int | None, at: datetime, post_id: int, *, wish: Beside, limit: int) -> list[Card]:
    """What stands in order of its time next behind, or before, a post of that time and number; in order."""
    values = {"account_id": account_id, "at": at, "id": post_id, "limit": limit}
    values |= {"since": wish.since, "until": wish.until}
    if wish.is_before:
        return _cards(tx, _BEFORE, "p.publish_at DESC, p.id DESC", values)[::-1]
    return _cards(tx, _AFTER, "p.publish_at, p.id", values)


def those(tx: Session, ids: Sequence[int]) -> list[Card]:
    """These posts, in the order in which they are named."""
    by_id = {one.id: one for one in _cards(tx, _THOSE, "p.id", {"ids": list(ids)})}
    return [by_id[one] for one in ids if one in by_id]


def _cards(tx: Session, posts: str, order: str, values: Mapping[str, Any]) -> list[Card]:
    rows = tx.execute(text(f"{_CARD.format(posts=posts)} ORDER BY {order}"), {"seen": seen_accounts(tx), **values})
    return [Card(**row._mapping) for row in rows]

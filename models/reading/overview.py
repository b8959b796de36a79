"""What one account's insights come to in a span: by day, by format, by post, by hour of the week, by group of people.

Of people Instagram gives estimates, so nothing here adds days or accounts up; formats are told by their median.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

DAILY = (
    "reach",
    "views",
    "total_interactions",
    "accounts_engaged",
    "likes",
    "comments",
    "saves",
    "shares",
    "follower_count",
    "profile_links_taps",
)
"""The numbers of a day that pages draw, by their column in `account_daily`."""
SORTS = ("posted_at", "reach", "views", "likes", "comments", "saved", "shares", "total_interactions")
_MOST_POSTS = 60


@dataclass(frozen=True)
class DayValues:
    """`values`: each of DAILY, None where Instagram said nothing. `state`, `why`: what of the day was read."""

    day: date
    values: Mapping[str, float | None]
    followers: float | None
    state: str | None
    why: str | None


@dataclass(frozen=True)
class FormatValues:
    """Media of one format that were posted in the span: how many, and their medians."""

    format: str
    posts: int
    reach: float | None
    views: float | None
    interactions: float | None


@dataclass(frozen=True)
class PostValues:
    """One media; `reached`: its reach from reading to reading."""

    media_id: str
    post_id: int | None
    format: str
    caption: str
    posted_at: datetime
    permalink: str | None
    values: Mapping[str, int | None]
    reached: Sequence[int | None]
    captured_at: datetime | None


@dataclass(frozen=True)
class StoryValues:
    """The last numbers of a story. `is_final`: its last hour was read, so that nothing came after them."""

    media_id: str
    posted_at: datetime
    reach: float | None
    views: float | None
    replies: float | None
    tap_forward: float | None
    tap_back: float | None
    tap_exit: float | None
    last_age_hours: float | None
    is_final: bool


@dataclass(frozen=True)
class Group:
    """A group of people in the newest audience."""

    breakdown: str
    category: str
    people: float
    captured_at: datetime


@dataclass(frozen=True)
class Rival:
    """A competitor that the account watches."""

    name: str
    followers: float | None
    media: float | None
    last_checked_at: datetime | None
    reached: Sequence[float | None]
    """Followers, reading by reading."""


# The days come from a series: one that nobody read is a row of its own, with what its coverage says.
_DAYS = text(f"""
    SELECT d.on AS day, {", ".join(f"a.{name}" for name in DAILY)}, g.followers, c.state, c.why
      FROM (SELECT generate_series(CAST(:since AS date), CAST(:until AS date) - 1, interval '1 day')::date AS on) d
      LEFT JOIN account_daily a ON a.account_id = :account_id AND a.day = d.on
      LEFT JOIN coverage c ON c.account_id = :account_id AND c.kind = 'account' AND c.day = d.on
                          AND c.day >= :since AND c.day < :until
      LEFT JOIN (SELECT day, followers FROM follower_growth
                  WHERE account_id = :account_id AND day >= :since AND day < :until) g ON g.day = d.on
     ORDER BY 1
""")  # noqa: S608 - constants
_FORMATS = text("""
    SELECT coalesce(CASE WHEN media_type = 'CAROUSEL_ALBUM' THEN 'CAROUSEL' ELSE media_product_type END,
                    'unknown') AS format,
           count(*) AS posts, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.reach) AS reach,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.views) AS views,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.total_interactions) AS interactions
      FROM media m LEFT JOIN media_latest l ON l.media_id = m.id
     WHERE m.account_id = :account_id AND m.posted_at >= :since AND m.posted_at < :until
     GROUP BY 1 ORDER BY 3 DESC NULLS LAST
""")
_POSTS = """
    SELECT m.ig_id AS media_id, t.post_id,
           coalesce(CASE WHEN m.media_type = 'CAROUSEL_ALBUM' THEN 'CAROUSEL' ELSE m.media_product_type END,
                    'unknown') AS format,
           left(coalesce(m.caption, ''), 200) AS caption, m.posted_at, m.permalink, l.reach, l.views, l.likes,
           l.comments, l.saved, l.shares, l.total_interactions, l.captured_at,
           (SELECT array_agg(s.reach ORDER BY s.captured_at) FROM media_snapshots s
             WHERE s.media_id = m.id AND s.captured_at >= m.posted_at
               AND s.captured_at < m.posted_at + interval '14 days') AS reached
      FROM (SELECT m.*
              FROM media m LEFT JOIN media_latest l ON l.media_id = m.id
             WHERE m.account_id = :account_id AND m.posted_at >= :since AND m.posted_at < :until
             ORDER BY {order} LIMIT {most}) m
      LEFT JOIN media_latest l ON l.media_id = m.id
      LEFT JOIN parts t ON t.id = m.part_id
     ORDER BY {order}
"""
_HOURS = text("""
    SELECT extract(isodow FROM period_end - interval '12 hours')::int AS weekday,
           substr(breakdown, 6)::int AS hour, avg(value)::float8 AS online
      FROM account_latest
     WHERE account_id = :account_id AND metric = 'online_followers' AND breakdown LIKE 'hour=%'
       AND period_end >= :since
     GROUP BY 1, 2
""")
_GROUPS = text("""
    SELECT l.breakdown, c.key AS category, (c.value #>> '{}')::float8 AS people, l.captured_at
      FROM (SELECT DISTINCT ON (breakdown) breakdown, counts, captured_at FROM audience_latest
             WHERE account_id = :account_id AND metric = 'follower_demographics'
               AND breakdown IN ('age', 'gender', 'country', 'city')
             ORDER BY breakdown, captured_at DESC) l
     CROSS JOIN LATERAL jsonb_each(l.counts) c
     WHERE jsonb_typeof(c.value) = 'number'
     ORDER BY 1, 3 DESC
""")
_STORIES = text("""
    SELECT ig_media_id AS media_id, posted_at, reach, views, replies, tap_forward, tap_back, tap_exit,
           last_age_hours::float8 AS last_age_hours, is_final
      FROM story_final
     WHERE account_id = :account_id AND posted_at >= :since AND posted_at < :until
     ORDER BY posted_at DESC LIMIT 60
""")
_RIVALS = text("""
    SELECT w.name, max(l.value) FILTER (WHERE l.metric = 'followers_count')::float8 AS followers,
           max(l.value) FILTER (WHERE l.metric = 'media_count')::float8 AS media, w.last_checked_at,
           (SELECT array_agg(o.value::float8 ORDER BY o.captured_at) FROM competitor_observations o
             WHERE o.watch_id = w.id AND o.metric = 'followers_count' AND o.captured_at >= :since) AS reached
      FROM watches w LEFT JOIN competitor_latest l ON l.watch_id = w.id
     WHERE w.account_id = :account_id AND w.kind = 'competitor' AND w.ended_at IS NULL
     GROUP BY w.id ORDER BY 2 DESC NULLS LAST
""")


def days(tx: Session, account_id: int, *, since: date, until: date) -> list[DayValues]:
    """Each day from `since` to before `until`, with or without numbers."""
    rows = tx.execute(_DAYS, {"account_id": account_id, "since": since, "until": until})
    return [
        DayValues(
            row.day,
            {name: _number(getattr(row, name)) for name in DAILY},
            _number(row.followers),
            row.state,
            row.why,
        )
        for row in rows
    ]


def formats(tx: Session, account_id: int, *, since: datetime, until: datetime) -> list[FormatValues]:
    """By median reach, best first."""
    rows = tx.execute(_FORMATS, {"account_id": account_id, "since": since, "until": until})
    return [FormatValues(**row._mapping) for row in rows]


def posts(tx: Session, account_id: int, *, since: datetime, until: datetime, sort: str) -> list[PostValues]:
    """At most 60 media that were posted in the span; `sort` is one of SORTS, the largest first."""
    sort = sort if sort in SORTS else "posted_at"
    order = "m.posted_at DESC" if sort == "posted_at" else f"l.{sort} DESC NULLS LAST, m.posted_at DESC"
    query = _POSTS.format(order=order, most=_MOST_POSTS)
    rows = tx.execute(text(query), {"account_id": account_id, "since": since, "until": until})
    return [_post(row) for row in rows]


def stories(tx: Session, account_id: int, *, since: datetime, until: datetime) -> list[StoryValues]:
    """At most 60 that were posted in the span, newest first."""
    rows = tx.execute(_STORIES, {"account_id": account_id, "since": since, "until": until})
    return [StoryValues(**row._mapping) for row in rows]


def hours(tx: Session, account_id: int, *, since: datetime) -> dict[tuple[int, int], float]:
    """Weekday (1 is Monday) and hour → how many followers were online then, on average."""
    rows = tx.execute(_HOURS, {"account_id": account_id, "since": since})
    return {(row.weekday, row.hour): row.online for row in rows}


def groups(tx: Session, account_id: int) -> list[Group]:
    """Of the newest audience, largest first within each breakdown."""
    return [Group(**row._mapping) for row in tx.execute(_GROUPS, {"account_id": account_id})]


def rivals(tx: Session, account_id: int, *, since: datetime) -> list[Rival]:
    """By followers, largest first."""
    rows = tx.execute(_RIVALS, {"account_id": account_id, "since": since})
    return [Rival(**{**row._mapping, "reached": row.reached or []}) for row in rows]


def _post(row: Any) -> PostValues:
    return PostValues(
        media_id=row.media_id,
        post_id=row.post_id,
        format=row.format,
        caption=row.caption,
        posted_at=row.posted_at,
        permalink=row.permalink,
        values={name: getattr(row, name) for name in SORTS if name != "posted_at"},
        reached=row.reached or [],
        captured_at=row.captured_at,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)

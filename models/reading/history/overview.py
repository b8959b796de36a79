"""What one account's insights come to in a span: by day, by format, by post, by hour of the week, by group of people.

Of people Instagram gives estimates, so nothing here adds days or accounts up; formats are told by their median.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.reading.history.written import FORMAT, FORMATS, HOURS, RIVALS, known, seen, totals

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
OF_PEOPLE = ("reach", "accounts_engaged")
"""Of these a span has its median day: whoever came twice is counted twice in a sum."""
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
class Figure:
    """What the days of a span come to in one number; None where none of them is known.

    `before`: the same of the span before, only where it is known whole. `lacking`: days of the span that are not known.
    """

    value: float | None
    before: float | None
    lacking: int


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
_DAYS = f"""
    SELECT d.on AS day, {", ".join(f"a.{name}" for name in DAILY)}, g.followers, c.state, c.why
      FROM (SELECT generate_series(CAST(:since AS date), CAST(:until AS date) - 1, interval '1 day')::date AS on) d
      LEFT JOIN (SELECT day, {", ".join(DAILY)} FROM {{daily}}
                  WHERE account_id = {{of}} AND day >= :since AND day < :until) a ON a.day = d.on
      LEFT JOIN coverage c ON c.account_id = {{of}} AND c.kind = 'account' AND c.day = d.on
                          AND c.day >= :since AND c.day < :until
      LEFT JOIN (SELECT day, followers FROM {{growth}}
                  WHERE account_id = {{of}} AND day >= :since AND day < :until) g ON g.day = d.on
     ORDER BY 1
"""  # noqa: S608 - constants
_POSTS = """
    SELECT m.ig_id AS media_id, t.post_id, {format} AS format,
           left(coalesce(m.caption, ''), 200) AS caption, m.posted_at, m.permalink, l.reach, l.views, l.likes,
           l.comments, l.saved, l.shares, l.total_interactions, l.captured_at,
           (SELECT array_agg(s.reach ORDER BY s.captured_at) FROM media_snapshots s
             WHERE s.media_id = m.id AND s.captured_at >= m.posted_at
               AND (CAST(:as_of AS timestamptz) IS NULL OR s.captured_at <= :as_of)
               AND s.captured_at < m.posted_at + interval '14 days') AS reached
      FROM (SELECT m.*
              FROM media m LEFT JOIN {totals} l ON l.media_id = m.id
             WHERE m.account_id = :account_id AND m.posted_at >= :since AND m.posted_at < :until{seen}{of_format}
             ORDER BY {order} LIMIT {most}) m
      LEFT JOIN {totals} l ON l.media_id = m.id
      LEFT JOIN parts t ON t.id = m.part_id
     ORDER BY {order}
"""
# Of each breakdown one timeframe, which is read daily: which of them has changed last says nothing.
_GROUPS = text("""
    SELECT l.breakdown, c.key AS category, (c.value #>> '{}')::float8 AS people, l.captured_at
      FROM (SELECT DISTINCT ON (breakdown) breakdown, counts, captured_at FROM audience_latest
             WHERE account_id = :account_id AND metric = 'follower_demographics'
               AND breakdown IN ('age', 'gender', 'country', 'city')
             ORDER BY breakdown, timeframe = 'this_month' DESC, captured_at DESC, timeframe) l
     CROSS JOIN LATERAL jsonb_each(l.counts) c
     WHERE jsonb_typeof(c.value) = 'number'
     ORDER BY 1, 3 DESC, 2
""")
_GROUPS_AS_OF = text("""
    SELECT breakdown, category, people, captured_at
      FROM (SELECT breakdown, category, people::float8 AS people, captured_at,
                   rank() OVER (PARTITION BY breakdown
                                ORDER BY timeframe = 'this_month' DESC, captured_at DESC, timeframe) AS place
              FROM audience_as_of(CAST(:as_of AS timestamptz))
             WHERE account_id = :account_id AND metric = 'follower_demographics'
               AND breakdown IN ('age', 'gender', 'country', 'city')) a
     WHERE place = 1
     ORDER BY 1, 3 DESC, 2
""")
_STORIES = """
    SELECT ig_media_id AS media_id, posted_at, reach, views, replies, tap_forward, tap_back, tap_exit,
           {age}::float8 AS last_age_hours, {end_} AS is_final
      FROM {stories}
     WHERE account_id = :account_id AND posted_at >= :since AND posted_at < :until
     ORDER BY posted_at DESC LIMIT 60
"""
_STORY_AS_OF = (
    "(extract(epoch FROM captured_at - posted_at) / 3600)",
    "captured_at - posted_at >= interval '23 hours'",
)


def days(tx: Session, account_id: int, *, since: date, until: date, as_of: datetime | None = None) -> list[DayValues]:
    """Each day from `since` to before `until`, with or without numbers; with `as_of` as they were known then."""
    query = days_query(":account_id", as_of)
    rows = tx.execute(text(query), {"account_id": account_id, "since": since, "until": until} | _told(as_of))
    return [day_values(row) for row in rows]


def days_query(of: str, as_of: datetime | None) -> str:
    """Finds the days of the account whose number `of` says, from `:since` to before `:until`, as known `:as_of`."""
    return _DAYS.format(of=of, daily=known("account_daily", as_of), growth=known("follower_growth", as_of))


def day_values(row: Any) -> DayValues:
    """Of a row of such a query."""
    values = {name: _number(getattr(row, name)) for name in DAILY}
    return DayValues(row.day, values, _number(row.followers), row.state, row.why)


def figures(days: Sequence[DayValues], before: Sequence[DayValues]) -> dict[str, Figure]:
    """Each of DAILY: of people the median day, of everything else the sum."""
    found = {}
    for name in DAILY:
        now, then = ([value for day in span if (value := day.values[name]) is not None] for span in (days, before))
        gather: Callable[[Sequence[float]], float] = median if name in OF_PEOPLE else sum
        is_whole = len(then) == len(before) > 0
        found[name] = Figure(
            gather(now) if now else None, gather(then) if is_whole else None, lacking=len(days) - len(now)
        )
    return found


def formats(
    tx: Session, account_id: int, *, since: datetime, until: datetime, as_of: datetime | None = None
) -> list[FormatValues]:
    """By median reach, best first."""
    values = {"account_id": account_id, "since": since, "until": until} | _told(as_of)
    rows = tx.execute(text(FORMATS.format(totals=totals(as_of), seen=seen(as_of))), values)
    return [FormatValues(**row._mapping) for row in rows]


def posts(
    tx: Session,
    account_id: int,
    *,
    since: datetime,
    until: datetime,
    sort: str,
    of_format: str | None = None,
    as_of: datetime | None = None,
) -> list[PostValues]:
    """At most 60 media that were posted in the span, of that format; `sort` is one of SORTS, the largest first."""
    sort = sort if sort in SORTS else "posted_at"
    order = "m.posted_at DESC" if sort == "posted_at" else f"l.{sort} DESC NULLS LAST, m.posted_at DESC"
    narrowed = "" if of_format is None else f" AND {FORMAT} = :of_format"
    query = _POSTS.format(
        order=order, most=_MOST_POSTS, totals=totals(as_of), seen=seen(as_of), of_format=narrowed, format=FORMAT
    )
    values = {"account_id": account_id, "since": since, "until": until, "as_of": as_of}
    values |= {} if of_format is None else {"of_format": of_format}
    return [_post(row) for row in tx.execute(text(query), values)]


def stories(
    tx: Session, account_id: int, *, since: datetime, until: datetime, as_of: datetime | None = None
) -> list[StoryValues]:
    """At most 60 that were posted in the span, newest first."""
    values = {"account_id": account_id, "since": since, "until": until} | _told(as_of)
    told = ("last_age_hours", "is_final") if as_of is None else _STORY_AS_OF
    rows = tx.execute(text(_STORIES.format(stories=known("story_final", as_of), age=told[0], end_=told[1])), values)
    return [StoryValues(**row._mapping) for row in rows]


def hours(tx: Session, account_id: int, *, since: datetime, until: datetime) -> dict[tuple[int, int], float]:
    """Weekday (1 is Monday) and hour → how many followers were online then, on average, in days that ended by then."""
    rows = tx.execute(text(HOURS), {"account_id": account_id, "since": since, "until": until})
    return {(row.weekday, row.hour): row.online for row in rows}


def groups(tx: Session, account_id: int, *, as_of: datetime | None = None) -> list[Group]:
    """Of the newest audience of this month, else of another timeframe; largest first within each breakdown."""
    query = _GROUPS if as_of is None else _GROUPS_AS_OF
    return [Group(**row._mapping) for row in tx.execute(query, {"account_id": account_id} | _told(as_of))]


def rivals(tx: Session, account_id: int, *, since: datetime) -> list[Rival]:
    """By followers, largest first."""
    rows = tx.execute(text(RIVALS), {"account_id": account_id, "since": since})
    return [Rival(**{**row._mapping, "reached": row.reached or []}) for row in rows]


def _told(as_of: datetime | None) -> dict[str, datetime]:
    return {} if as_of is None else {"as_of": as_of}


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

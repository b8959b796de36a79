"""The insights of one account over a span, beside the span before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from models.accounts.account import find_account
from models.reading.history import overview
from models.reading.history.coverage import default_since
from models.reading.history.hashtags import HashtagShown, hashtags
from models.reading.history.overview import (
    DAILY,
    SORTS,
    DayValues,
    Figure,
    FormatValues,
    Group,
    PostValues,
    Rival,
    StoryValues,
    figures,
)
from models.reading.history.written import FORMAT, quoted, written_out
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.instagram.pacific import PACIFIC

__all__ = [
    "DAILY",
    "SORTS",
    "DayValues",
    "Figure",
    "FormatValues",
    "Group",
    "HashtagShown",
    "Only",
    "Overview",
    "PostValues",
    "Rival",
    "StoryValues",
    "parse_known",
    "parse_span",
    "quoted",
]

MOST_DAYS = 400
_YEARS = (2000, 2999)
"""Around the ends of the calendar there are no days to count back to."""


@dataclass(frozen=True)
class Only:
    """What the posts of a span are narrowed to: a format, a day of Instagram; None: all of them."""

    format: str | None = None
    day: date | None = None

    @property
    def begins(self) -> datetime | None:
        """The instant at which its day begins."""
        return None if self.day is None else midnight(self.day)

    def bounds(self, begins: datetime, ends: datetime) -> tuple[datetime, datetime]:
        """The part of the span that is meant."""
        if self.day is None or self.day == date.max:
            return begins, ends if self.day is None else begins
        return max(begins, midnight(self.day)), min(ends, midnight(self.day + timedelta(days=1)))

    def wanted(self, begins: datetime, ends: datetime) -> dict[str, Any]:
        since, until = self.bounds(begins, ends)
        return {"since": since, "until": until, "of_format": self.format}


EVERYTHING = Only()


@dataclass(frozen=True)
class Overview:
    """`before`: the days of the span of the same length that ended when this one began.

    `as_of`: when it was known so; None: now. Of `hours`, `rivals` and `hashtags` only what is known now is told.
    `sql`: what finds `online_hours`, `formats`, `competitors` and `hashtags`, for whoever reads the history.
    """

    account: str
    timezone: str
    since: date
    until: date
    as_of: datetime | None
    days: list[DayValues]
    before: list[DayValues]
    formats: list[FormatValues]
    posts: list[PostValues]
    only: Only
    """What `posts` are narrowed to."""
    stories: list[StoryValues]
    hours: dict[tuple[int, int], float]
    groups: list[Group]
    rivals: list[Rival]
    hashtags: list[HashtagShown]
    sql: Mapping[str, str]

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """When the span begins and ends: Instagram's days begin at other instants than those of UTC."""
        return midnight(self.since), midnight(self.until)

    @property
    def figures(self) -> dict[str, Figure]:
        """What the span comes to, by the name of the number."""
        return figures(self.days, self.before)

    @property
    def narrowed(self) -> Sequence[str]:
        """What `posts` are narrowed to, as conditions of SQL on a view `m`."""
        told = [] if self.only.format is None else [f"{FORMAT} = {quoted(self.only.format)}"]
        if self.only.day is not None:
            bounds = self.only.bounds(*self.instants)
            begins, ends = (f"timestamptz {quoted(at.isoformat(' '))}" for at in bounds)
            told.append(f"posted_at >= {begins} AND posted_at < {ends}")
        return told

    def view(self, name: str) -> str:
        """A view for people as it is asked for in SQL: as it is, or as it was known then."""
        return name if self.as_of is None else f"{name}_as_of({quoted(self.as_of.isoformat(' '))})"


@operation("insight.overview", effect=Effect.READS, scope=Scope.READ)
def show(
    ctx: Context,
    asker: Asker,
    account: str,
    *,
    since: date | None = None,
    until: date | None = None,
    sort: str = "posted_at",
    as_of: str | None = None,
    only: Only = EVERYTHING,
) -> Overview:
    """The days of Instagram from `since` to before `until`, of one account; the last 28 unless said.

    Raises Unknown for the account, Invalid for the span and for the time.
    """
    now = clock.now()
    known = parse_known(as_of, now)
    first, end = parse_span(since, until, now)
    begins, ends, length = midnight(first), midnight(end), (end - first).days
    with ctx.database.transaction() as tx:
        found = find_account(tx, account, removed=True)
        whole = overview.days(tx, found.id, since=first - (end - first), until=end, as_of=known)
        return Overview(
            account=found.name,
            timezone=found.timezone,
            since=first,
            until=end,
            as_of=known,
            days=whole[length:],
            before=whole[:length],
            formats=overview.formats(tx, found.id, since=begins, until=ends, as_of=known),
            posts=overview.posts(tx, found.id, **only.wanted(begins, ends), sort=sort, as_of=known),
            only=only,
            stories=overview.stories(tx, found.id, since=begins, until=ends, as_of=known),
            hours={} if known else overview.hours(tx, found.id, since=begins, until=ends),
            groups=overview.groups(tx, found.id, as_of=known),
            rivals=[] if known else overview.rivals(tx, found.id, since=begins),
            hashtags=[] if known else hashtags(tx, found.id),
            sql=written_out(found.name, since=begins, until=ends, as_of=known),
        )


def parse_known(as_of: str | None, now: datetime) -> datetime | None:
    """When it was known so, which is never later than now. Raises Invalid."""
    return None if as_of is None else min(instant(as_of, field="as_of", now=now), now)


def parse_span(since: date | None, until: date | None, now: datetime) -> tuple[date, date]:
    """The days from the first to before the second, the last 28 unless said. Raises Invalid."""
    end = until or default_since(now, timedelta(0))
    first = since or end - timedelta(days=28)
    if not first < end or (end - first).days > MOST_DAYS:
        raise Invalid(f"a span has 1 to {MOST_DAYS} days", type="insight.span", field="since")
    if not first.year >= _YEARS[0] <= end.year <= _YEARS[1]:
        raise Invalid(f"a span lies in the years {_YEARS[0]} to {_YEARS[1]}", type="insight.span", field="since")
    return first, end


def midnight(day: date) -> datetime:
    """When that day of Instagram began."""
    return datetime.combine(day, time(), PACIFIC)

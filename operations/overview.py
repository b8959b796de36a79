"""The insights of one account over a span, beside the span before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from models.account import find_account
from models.reading import overview
from models.reading.coverage import default_since
from models.reading.overview import DAILY, SORTS, DayValues, FormatValues, Group, PostValues, Rival, StoryValues
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.pacific import PACIFIC

__all__ = ["DAILY", "SORTS", "DayValues", "FormatValues", "Group", "Overview", "PostValues", "Rival", "StoryValues"]

MOST_DAYS = 400


@dataclass(frozen=True)
class Overview:
    """`before`: the days of the span of the same length that ended when this one began."""

    account: str
    timezone: str
    since: date
    until: date
    days: list[DayValues]
    before: list[DayValues]
    formats: list[FormatValues]
    posts: list[PostValues]
    stories: list[StoryValues]
    hours: dict[tuple[int, int], float]
    groups: list[Group]
    rivals: list[Rival]


@operation("insight.overview", effect=Effect.READS, scope=Scope.READ)
def show(
    ctx: Context,
    asker: Asker,
    account: str,
    *,
    since: date | None = None,
    until: date | None = None,
    sort: str = "posted_at",
) -> Overview:
    """The days of Instagram from `since` to before `until`, of one account; the last 28 unless said.

    Raises Unknown for the account, Invalid for the span.
    """
    now = clock.now()
    end = until or default_since(now, timedelta(0))
    first = since or end - timedelta(days=28)
    if not first < end or (end - first).days > MOST_DAYS:
        raise Invalid(f"a span has 1 to {MOST_DAYS} days", type="insight.span", field="since")
    begins, ends = _midnight(first), _midnight(end)
    with ctx.database.transaction() as tx:
        found = find_account(tx, account, removed=True)
        whole = overview.days(tx, found.id, since=first - (end - first), until=end)
        length = (end - first).days
        return Overview(
            account=found.name,
            timezone=found.timezone,
            since=first,
            until=end,
            days=whole[length:],
            before=whole[:length],
            formats=overview.formats(tx, found.id, since=begins, until=ends),
            posts=overview.posts(tx, found.id, since=begins, until=ends, sort=sort),
            stories=overview.stories(tx, found.id, since=begins, until=ends),
            hours=overview.hours(tx, found.id, since=begins),
            groups=overview.groups(tx, found.id),
            rivals=overview.rivals(tx, found.id, since=begins),
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PACIFIC)

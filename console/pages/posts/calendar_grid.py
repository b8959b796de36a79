"""The days of a calendar in one zone: what is due on each, which slots are free, where the clocks change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from operations.posts.calendar import MOST, Card, Columns, FreeSlot, Run, Span
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.folding import fold

VIEWS = ("month", "week", "day", "list")
FIRST_HOUR, LAST_HOUR = 8, 20
EACH = {"month": 4}
"""Posts of a day that a month shows; in hours, as many as fit."""


@dataclass(kw_only=True)
class Cell:
    """What is due in a day or an hour of it; `posts`, `free`: as many of `count` and `open` as are shown."""

    count: int = 0
    posts: list[Card] = field(default_factory=list)
    open: int = 0
    free: list[FreeSlot] = field(default_factory=list)


@dataclass(kw_only=True)
class Lane(Cell):
    """What stands below each other by its hours."""

    at: defaultdict[int, Cell] = field(default_factory=lambda: defaultdict(Cell))
    """Hour → what is due in it."""


@dataclass(kw_only=True)
class Column(Lane):
    """What is due of one account on the day that is shown."""

    account: str


@dataclass(kw_only=True)
class Day(Lane):
    """`on` in the calendar's zone. `clocks`: what happens to them on it, if anything."""

    on: date
    is_today: bool
    is_off: bool
    """It belongs to the month before or after."""
    clocks: str | None


@dataclass(frozen=True)
class Frame:
    """What a view shows: from the first to before the last day, and where its arrows lead.

    A list begins with the first day and goes on as far as there are posts; `hour`: it shows no more than that one.
    """

    view: str
    on: date
    zone: str
    first: date
    last: date
    before: date
    after: date
    hour: int | None = None

    @classmethod
    def of(cls, view: str | None, on: str | None, zone: str, now: datetime, hour: str | None = None) -> Frame:
        """Raises Invalid for a view, a day or an hour that is none."""
        view = view or "month"
        if view not in VIEWS:
            raise Invalid(f"there is no view {view!r}: {', '.join(VIEWS)}", type="calendar.view", field="view")
        try:
            day = date.fromisoformat(on) if on else local(now, zone).date()
        except ValueError:
            raise Invalid(f"{on!r} is no day", type="time.bad", field="on") from None
        if not 1971 <= day.year <= 2200:
            raise Invalid(f"{on} is outside the calendar", type="time.bad", field="on")
        first, last, before, after = _ends(view, day)
        if hour is not None and not re.fullmatch(r"[01]?[0-9]|2[0-3]", hour, re.ASCII):
            raise Invalid(f"{hour!r} is no hour", type="time.bad", field="hour")
        return cls(view, day, zone, first, last, before, after, None if hour is None or view != "list" else int(hour))

    @property
    def since(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return midnight(self.last, self.zone)

    @property
    def marks(self) -> Sequence[datetime]:
        """Where each further day of a month begins, and where each hour of a week or a day."""
        if self.view == "month":
            those = {midnight(on, self.zone) for on in _each(self.first, self.last)}  # a day may be skipped
            return sorted(those - {self.since, self.until})
        return [*_hours(self.since, self.until, self.zone)]

    @property
    def within(self) -> tuple[datetime, datetime] | None:
        """The hour of its day that a list keeps to; where the clocks go back, both of them."""
        if self.hour is None:
            return None
        bounds = [self.since, *self.marks, self.until]
        those = [at for at, one in enumerate(bounds[:-1]) if local(one, self.zone).hour == self.hour]
        if not those:
            raise Invalid(f"that day has no {self.hour:02d}:00 in {self.zone}", type="time.bad", field="hour")
        return bounds[those[0]], bounds[those[-1] + 1]

    @property
    def title(self) -> str:
        if self.hour is not None:
            return f"{self.on:%A, %-d %B %Y}, {self.hour:02d}:00"
        if self.view == "month":
            return f"{self.on:%B %Y}"
        if self.view in ("day", "list"):
            return f"{self.on:%A, %-d %B %Y}"
        return span_title(self.first, self.last - timedelta(days=1))


def span_title(first: date, last: date) -> str:
    return f"{first:%-d %b} – {last:%-d %b %Y}" if first != last else f"{first:%A, %-d %B %Y}"


def days_of(frame: Frame, span: Span, now: datetime) -> list[Day]:
    """Each day of the frame with what is due on it."""
    days = {on: _day(frame, on, now) for on in _each(frame.first, frame.last)}
    _fill(days, frame, span)
    return list(days.values())


def columns_of(frame: Frame, shown: Columns, now: datetime) -> tuple[Day, list[Column]]:
    """The one day of the frame, and what is due on it of each account."""
    columns = [Column(account=name) for name, _ in shown.spans]
    for column, (_, span) in zip(columns, shown.spans, strict=True):
        _fill({frame.on: column}, frame, span)
    return _day(frame, frame.on, now), columns


def _fill(lanes: Mapping[date, Lane], frame: Frame, span: Span) -> None:
    begins = [local(at, frame.zone) for at in (frame.since, *frame.marks)]
    for wall, count, open_ in zip(begins, span.counts, span.free_counts, strict=True):
        for cell in _both(lanes, wall):
            cell.count += count
            cell.open += open_
    for post in span.posts:
        for cell in _both(lanes, local(post.publish_at, frame.zone)):
            cell.posts.append(post)
    for slot in span.free:
        for cell in _both(lanes, local(slot.at, frame.zone)):
            cell.free.append(slot)


def _both(lanes: Mapping[date, Lane], wall: datetime) -> tuple[Cell, Cell]:
    """The lane of that day, and its hour."""
    lane = lanes[wall.date()]
    return lane, lane.at[wall.hour]


def listed(frame: Frame, run: Run, now: datetime) -> list[Day]:
    """The days of a list on which something is due or free."""
    due = [(local(post.publish_at, frame.zone).date(), post) for post in run.posts]
    free = [(local(at, frame.zone).date(), count) for at, count in run.free]
    days = {on: _day(frame, on, now) for on in sorted({on for on, _ in (*due, *free)})}
    for on, post in due:
        days[on].posts.append(post)
    for on, count in free:
        days[on].open += count
    return list(days.values())


def _day(frame: Frame, on: date, now: datetime) -> Day:
    today = local(now, frame.zone).date()
    is_off = frame.view == "month" and on.month != frame.on.month
    return Day(on=on, is_today=on == today, is_off=is_off, clocks=_clocks(on, frame.zone))


def hours_of(lanes: Iterable[Lane]) -> Sequence[int]:
    """The hours that a week has to show."""
    used = {hour for lane in lanes for hour, cell in lane.at.items() if cell.count or cell.open}
    return range(min({FIRST_HOUR, *used}), max({LAST_HOUR, *used}) + 1)


def free_each(lanes: Iterable[Lane], most: int = MOST) -> int:
    """How many free slots of an hour may be shown beside the posts, so that a page stays as light as it is meant to."""
    cells = [cell for lane in lanes for cell in lane.at.values()]
    taken = sum(len(one.posts) + (one.count > len(one.posts)) for one in cells)
    return fold([len(one.free) for one in cells], max(most - taken, 0), least=0)


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(clock.zone(zone))


def midnight(on: date, zone: str) -> datetime:
    return clock.resolve_local(datetime.combine(on, time()), clock.zone(zone)).astimezone(UTC)


def instant_of(wall: str, zone: str) -> datetime:
    """The instant of a wall time in a zone, as a drop or a field says it. Raises Invalid."""
    try:
        parsed = datetime.fromisoformat(wall)
    except ValueError:
        raise Invalid(f"{wall!r} is no time", type="time.invalid", field="publish_at") from None
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    return clock.resolve_local(parsed, clock.zone(zone)).astimezone(UTC)


def _each(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days))


def _hours(since: datetime, until: datetime, zone: str) -> Iterator[datetime]:
    """Where each further hour of the clocks begins; a change of theirs may make one longer or shorter."""
    at = since
    while True:
        wall = local(at, zone)
        at += timedelta(minutes=60 - wall.minute, seconds=-wall.second)
        if at >= until:
            return
        yield at


def _ends(view: str, day: date) -> tuple[date, date, date, date]:
    """First day, the one after the last, and the days that the arrows lead to."""
    if view in ("day", "list"):
        return day, day + timedelta(days=1), day - timedelta(days=1), day + timedelta(days=1)
    monday = day - timedelta(days=day.weekday())
    if view == "week":
        return monday, monday + timedelta(days=7), day - timedelta(days=7), day + timedelta(days=7)
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    first = month - timedelta(days=month.weekday())
    last = after + timedelta(days=-after.weekday() % 7)
    return first, last, (month - timedelta(days=1)).replace(day=1), after


def _clocks(on: date, zone: str) -> str | None:
    before, after = (
        datetime.combine(one, time(), clock.zone(zone)).utcoffset() for one in (on, on + timedelta(days=1))
    )
    if before is None or after is None or before == after:
        return None
    return "clocks go forward" if after > before else "clocks go back"

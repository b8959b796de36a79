"""The days of a calendar in one zone: what is due on each, which slots are free, where the clocks change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from operations.calendar import Card, FreeSlot, Span
from pressrun import clock
from pressrun.errors import Invalid

VIEWS = ("month", "week", "day", "list")
LIST_DAYS = 14
FIRST_HOUR, LAST_HOUR = 8, 20


@dataclass
class Day:
    """`on` in the calendar's zone. `clocks`: what happens to them on it, if anything."""

    on: date
    is_today: bool
    is_off: bool
    """It belongs to the month before or after."""
    clocks: str | None
    posts: list[Card] = field(default_factory=list)
    free: list[FreeSlot] = field(default_factory=list)

    def at(self, hour: int, zone: str) -> list[Card]:
        return [post for post in self.posts if local(post.publish_at, zone).hour == hour]

    def free_at(self, hour: int, zone: str) -> list[FreeSlot]:
        return [slot for slot in self.free if local(slot.at, zone).hour == hour]


@dataclass(frozen=True)
class Frame:
    """What a view shows: from the first to before the last day, and where its arrows lead."""

    view: str
    on: date
    zone: str
    first: date
    last: date
    before: date
    after: date

    @classmethod
    def of(cls, view: str | None, on: str | None, zone: str, now: datetime) -> Frame:
        """Raises Invalid for a view or a day that is none."""
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
        return cls(view, day, zone, first, last, before, after)

    @property
    def since(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return midnight(self.last, self.zone)

    @property
    def title(self) -> str:
        if self.view == "month":
            return f"{self.on:%B %Y}"
        if self.view == "day":
            return f"{self.on:%A, %-d %B %Y}"
        end = self.last - timedelta(days=1)
        return f"{self.first:%-d %b} – {end:%-d %b %Y}"


def days_of(frame: Frame, span: Span, now: datetime) -> list[Day]:
    """Each day of the frame with what is due on it."""
    today = local(now, frame.zone).date()
    days = {
        on: Day(on, on == today, frame.view == "month" and on.month != frame.on.month, _clocks(on, frame.zone))
        for on in _each(frame.first, frame.last)
    }
    for post in span.posts:
        days[local(post.publish_at, frame.zone).date()].posts.append(post)
    for slot in span.free:
        days[local(slot.at, frame.zone).date()].free.append(slot)
    return list(days.values())


def hours_of(days: Iterable[Day], zone: str) -> Sequence[int]:
    """The hours that a week has to show."""
    used = {local(post.publish_at, zone).hour for day in days for post in day.posts}
    used |= {local(slot.at, zone).hour for day in days for slot in day.free}
    return range(min({FIRST_HOUR, *used}), max({LAST_HOUR, *used}) + 1)


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


def _ends(view: str, day: date) -> tuple[date, date, date, date]:
    """First day, the one after the last, and the days that the arrows lead to."""
    if view == "day":
        return day, day + timedelta(days=1), day - timedelta(days=1), day + timedelta(days=1)
    monday = day - timedelta(days=day.weekday())
    if view == "week":
        return monday, monday + timedelta(days=7), day - timedelta(days=7), day + timedelta(days=7)
    if view == "list":
        step = timedelta(days=LIST_DAYS)
        return day, day + step, day - step, day + step
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

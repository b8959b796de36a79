"""Time at the edges: the one `now()`, durations as people write them, local wall time to instants, deadlines.

The database's clock is the one that counts: `now()` is this machine's clock, put right by what
`models/store/server_clock.py` has measured. Inside Pressrun every datetime is aware and in UTC. A wall time that DST
skips means the first valid instant after the gap; one that occurs twice means its first occurrence.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pressrun.errors import Invalid

_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)s)?", re.ASCII)


_offset = timedelta(0)


def now() -> datetime:
    """The current instant in UTC, by the database's clock as far as its distance from ours is known."""
    return own() + _offset


def own() -> datetime:
    """The current instant in UTC as this machine has it, right or wrong."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


def offset() -> timedelta:
    """How far this machine's clock was behind the database's when that was last measured; negative when ahead."""
    return _offset


def put_right(distance: timedelta) -> None:
    """Have `now()` of this process add so much to its machine's clock."""
    global _offset  # noqa: PLW0603 - a process has one clock
    _offset = distance


def parse_duration(text: str) -> timedelta:
    """`90s`, `15m`, `2h30m`, `1d` or bare seconds. Raises Invalid on anything else."""
    stripped = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", stripped, re.ASCII):
        return _timedelta(seconds=float(stripped), text=text)
    match = _DURATION.fullmatch(stripped)
    if not stripped or match is None:
        raise Invalid(f"{text!r} is not a duration: write it as 90s, 15m, 2h30m or 1d", type="duration.invalid")
    days, hours, minutes, seconds = (float(part) if part else 0.0 for part in match.groups())
    return _timedelta(seconds=days * 86400 + hours * 3600 + minutes * 60 + seconds, text=text)


def _timedelta(*, seconds: float, text: str) -> timedelta:
    if seconds > 400 * 86400:
        raise Invalid(f"{text!r} is longer than 400 days", type="duration.too_long")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """The shortest form that `parse_duration` reads back; a negative one has a minus that it refuses."""
    if value < timedelta(0):
        return "-" + format_duration(-value)
    left = value // timedelta(microseconds=1)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        count, left = divmod(left, size * 1_000_000)
        if count:
            parts.append(f"{count}{unit}")
    if left or not parts:
        seconds = f"{left // 1_000_000}.{left % 1_000_000:06}".rstrip("0").rstrip(".")
        parts.append(f"{seconds}s")
    return "".join(parts)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, as it was chosen (`pressrun.zones` judges a choice). Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: a path instead of a name; OSError: a folder
        raise Invalid(f"unknown time zone {name!r}", type="zone.unknown") from None


def resolve_local(wall: datetime, zone_: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive wall time in a zone, by the gap and fold rules of this module."""
    first = wall.replace(tzinfo=zone_, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone_).replace(tzinfo=None) == wall:
        return instant
    # In a gap the wall time does not exist: the reading before the jump lies after it on the clock, the reading after
    # the jump before it; the transition is the only instant at which the offset changes between the two.
    late, early = instant, wall.replace(tzinfo=zone_, fold=1).astimezone(UTC)
    return _transition(min(early, late), max(early, late), zone_)


def _transition(low: datetime, high: datetime, zone_: ZoneInfo) -> datetime:
    before = low.astimezone(zone_).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone_).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def parse_instant(text: str, zone_: ZoneInfo, *, reference: datetime, needs_time: bool = False) -> datetime:
    """An ISO 8601 instant; without an offset it is wall time in `zone_`; `+90s` counts from `reference`.

    A date alone is its first moment, unless `needs_time`. Every character of the text must have been understood: what
    Python's own parser reads by halves (`08.30` as 08:00:00.3) is refused. Returns UTC. Raises Invalid.
    """
    stripped = text.strip()
    if stripped.startswith("+"):
        try:
            return reference + parse_duration(stripped[1:])
        except Invalid as problem:
            if problem.type != "duration.invalid":
                raise
            message = f"{text!r} is not a time from now: write +90s, +15m, +2h30m or +1d"
            raise Invalid(message, type="time.invalid") from None
    match = _INSTANT.fullmatch(stripped)
    if match is None:
        raise Invalid(_why_no_time(text), type="time.invalid")
    if needs_time and match["hour"] is None:
        raise Invalid(f"{text!r} has no time of day: write {_date_of(match)}T08:30", type="time.invalid")
    try:
        parsed = _read(match)
    except ValueError:
        raise Invalid(f"{text!r} is in no calendar, or on no clock: check its numbers", type="time.invalid") from None
    try:
        return resolve_local(parsed, zone_) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{text!r} is outside the calendar", type="time.invalid") from None


def doubt(text: str, zone_: ZoneInfo) -> str | None:
    """Why a time that `parse_instant` takes may not be what was meant: a wall time that is skipped or repeated."""
    match = _INSTANT.fullmatch(text.strip())
    wall = None if match is None else _read(match)
    if wall is None or wall.tzinfo is not None:
        return None
    meant = resolve_local(wall, zone_).astimezone(zone_)
    if meant.replace(tzinfo=None) != wall:
        return f"the clocks of {zone_.key} skip {wall:%H:%M} that day: {meant:%Y-%m-%d %H:%M} is taken for it"
    if wall.replace(tzinfo=zone_, fold=1).utcoffset() != meant.utcoffset():
        return f"the clocks of {zone_.key} show {wall:%H:%M} twice that day: the first time is taken"
    return None


_INSTANT = re.compile(
    r"""
    (?P<year>\d{4}) (?P<dash>-?) (?P<month>\d\d) (?P=dash) (?P<day>\d\d)
    (?: (?:[Tt]|\ +) (?P<hour>\d\d) (?P<colon>:?) (?P<minute>\d\d)
        (?: (?P=colon) (?P<second>\d\d) (?: [.,] (?P<fraction>\d{1,9}) )? )?
        (?: \ * (?P<utc>[Zz]) | \ * (?P<sign>[+-]) (?P<off_hour>\d\d) (?: :? (?P<off_minute>\d\d) )? )?
    )?
    """,
    re.ASCII | re.VERBOSE,
)
_WIDEST_OFFSET = timedelta(hours=14)
_HALF_TIME = re.compile(r"(?:[Tt ]|^)\d{1,2}[.,hH]\d\d\b", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)  # days since 1900
_LOCAL_ORDER = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}\b", re.ASCII)


def _read(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, off_hour, off_minute = (
        int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second", "off_hour", "off_minute")
    )
    micros = int((match["fraction"] or "0").ljust(9, "0")[:6])
    zone_ = UTC if match["utc"] else None
    if match["sign"]:
        offset = timedelta(hours=off_hour, minutes=off_minute)
        if offset > _WIDEST_OFFSET or off_minute > 59:
            raise ValueError
        zone_ = timezone(offset if match["sign"] == "+" else -offset)
    return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone_)


def _date_of(match: re.Match[str]) -> str:
    return "-".join((match["year"], match["month"], match["day"]))


def _why_no_time(text: str) -> str:
    if _LOCAL_ORDER.match(text.strip()):
        return f"{text!r} can be read in two ways: write year, month and day in this order, as in 2026-12-24T18:30"
    if _HALF_TIME.search(text.strip()):
        return f"{text!r} is not a time: write a colon between hours and minutes, as in 2026-12-24T18:30"
    if _SERIAL.fullmatch(text.strip()):
        return f"{text!r} is a time as spreadsheets count it: format the cell as text, and write 2026-12-24T18:30"
    return (
        f"{text!r} is not a time: write 2026-12-24T18:30 (wall time), "
        "2026-12-24T18:30:00Z (an instant) or +90s (from now)"
    )


def _running_s() -> float:
    """Seconds on a clock that no one sets, and that counts the time for which the machine was suspended."""
    # CLOCK_MONOTONIC stands still meanwhile, so that a worker would wake with its whole lease left.
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Deadline:
    """A point in time that is comparable only inside one process. It goes on while the machine is suspended."""

    at: float
    wall_at: float | None = None

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Immune to whoever sets the wall clock."""
        return cls(_running_s() + seconds)

    @classmethod
    def strict(cls, seconds: float) -> Deadline:
        """Passed also when the wall clock says so: of a machine that was frozen from outside no other one moves."""
        return cls(_running_s() + seconds, time.time() + seconds)

    def remaining_s(self) -> float:
        """Seconds left; negative once it has passed."""
        left = self.at - _running_s()
        return left if self.wall_at is None else min(left, self.wall_at - time.time())

    @property
    def passed(self) -> bool:
        return self.remaining_s() <= 0

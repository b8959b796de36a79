"""Time at the edges: the one `now()`, durations as people write them, local wall time to instants, deadlines.

The database's clock is the one that counts: `now()` is this machine's clock, put right by what `models/server_clock.py`
has measured. Inside Pressrun every datetime is aware and in UTC. A wall time that DST skips means the first valid
instant after the gap; one that occurs twice means its first occurrence.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

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
    """The IANA zone of that name. Raises Invalid with near names when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: a path instead of a name; OSError: a folder
        last = name.rsplit("/", 1)[-1].replace(" ", "_").lower()
        near = sorted(known for known in available_timezones() if last and last in known.lower())[:3]
        advice = f"; did you mean {' or '.join(near)}?" if near else "; use an IANA name such as Europe/Paris"
        raise Invalid(f"unknown time zone {name!r}{advice}", type="zone.unknown") from None


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


def parse_instant(text: str, zone_: ZoneInfo, *, reference: datetime) -> datetime:
    """An ISO 8601 instant; without an offset it is wall time in `zone_`; `+90s` counts from `reference`.

    Returns UTC. Raises Invalid.
    """
    stripped = text.strip()
    if stripped.startswith("+"):
        return reference + parse_duration(stripped[1:])
    try:
        parsed = datetime.fromisoformat(stripped)
    except ValueError:
        raise Invalid(
            f"{text!r} is not a time: write 2026-12-24T18:30 (wall time), "
            "2026-12-24T18:30:00Z (an instant) or +90s (from now)",
            type="time.invalid",
        ) from None
    try:
        return resolve_local(parsed, zone_) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{text!r} is outside the calendar", type="time.invalid") from None


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

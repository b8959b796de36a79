"""The time zone that a person means: taken by its IANA name, and refused or doubted where the name says something else.

What is stored is read by `clock.zone`, which takes any zone that exists.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pressrun.errors import Invalid

_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-])\s*(\d{1,2})(?::?(\d\d))?", re.ASCII | re.IGNORECASE)
_NOT_CHOSEN: Final = frozenset({"localtime", "factory", "posixrules"})
"""Entries of the database that mean "whatever this machine has", or nothing."""
_HIDDEN: Final = ("right/", "posix/", "etc/", "systemv/", "us/")

_AMBIGUOUS: Final = {
    "IST": "Asia/Kolkata, Asia/Jerusalem or Europe/Dublin",
    "CST": "America/Chicago, America/Havana or Asia/Shanghai",
    "BST": "Europe/London or Asia/Dhaka",
    "AST": "America/Halifax or Asia/Riyadh",
    "SST": "Asia/Singapore or Pacific/Pago_Pago",
    "AMT": "America/Manaus or Asia/Yerevan",
    "PST": "America/Los_Angeles or Asia/Manila",
    "PDT": "America/Los_Angeles",
    "EDT": "America/New_York",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "CEST": "Europe/Berlin",
    "AEST": "Australia/Sydney or Australia/Brisbane",
    "JST": "Asia/Tokyo",
}
"""Abbreviations that are no zones, and what may be meant."""
_WITHOUT_SUMMER: Final = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}
"""Zones by name that stay on standard time all year."""

_WELL_KNOWN: Final = (
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Athens",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Cairo",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Africa/Nairobi",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Kabul",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Yangon",
    "Asia/Bangkok",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Brisbane",
    "Australia/Sydney",
    "Pacific/Noumea",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Tongatapu",
    "Pacific/Kiritimati",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "America/Noronha",
    "America/Sao_Paulo",
    "America/Buenos_Aires",
    "America/St_Johns",
    "America/Halifax",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Marquesas",
    "Pacific/Honolulu",
    "Pacific/Pago_Pago",
)
# Enough to see both of a zone's offsets; which year it is makes no difference to a suggestion.
_WINTER_AND_SUMMER = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


def choose_zone(text: str) -> ZoneInfo:
    """The zone that a person names. Raises Invalid with the names that may be meant; see `doubts` for warnings."""
    name = text.strip()
    if (offset := _offset(name)) is not None:
        raise _refused(text, f"is an offset, and does not say when its clocks change: {_with_offset(offset)}")
    if name.upper() in _AMBIGUOUS:
        raise _refused(text, f"is not the name of one zone: use {_AMBIGUOUS[name.upper()]}")
    if name.lower() in _NOT_CHOSEN or name.lower().startswith(("right/", "posix/")):
        raise _refused(text, "is not the name of a place: use an IANA name such as Europe/Paris")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: a path instead of a name; OSError: a folder
        raise Invalid(f"unknown time zone {text!r}{_near(name)}", type="zone.unknown", field="timezone") from None


def doubts(name: str | None) -> tuple[str, ...]:
    """What a person should know about a zone that was taken and may not be what was meant. None: nobody named one."""
    if name in _WITHOUT_SUMMER:
        return (f"{name} stays on standard time all year: take {_WITHOUT_SUMMER[name]} unless that is meant",)
    if name is not None and name.startswith("Etc/GMT") and name[7:8] in {"+", "-"}:
        ahead = "behind" if name[7] == "+" else "ahead of"
        return (f"{name} is {name[8:]} h {ahead} UTC, the other way round than it looks, and has no summer time",)
    return ()


def _refused(text: str, why: str) -> Invalid:
    return Invalid(f"{text!r} {why}", type="zone.unclear", field="timezone")


def _offset(name: str) -> timedelta | None:
    match = _OFFSET.fullmatch(name)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return offset if match[1] == "+" else -offset


def _with_offset(offset: timedelta) -> str:
    found = [
        name
        for name in _WELL_KNOWN
        if any(at.astimezone(ZoneInfo(name)).utcoffset() == offset for at in _WINTER_AND_SUMMER)
    ]
    return f"use a zone such as {', '.join(found[:4])}" if found else "use an IANA name such as Europe/Paris"


def _near(name: str) -> str:
    last = name.rsplit("/", 1)[-1].replace(" ", "_").lower()
    places = (known for known in available_timezones() if "/" in known and not known.lower().startswith(_HIDDEN))
    near = sorted(known for known in places if last and last in known.lower())[:3]
    return f"; did you mean {' or '.join(near)}?" if near else "; use an IANA name such as Europe/Paris"

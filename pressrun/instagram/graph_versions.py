"""Versions of the Graph API, as far as they can be compared, and when each ends (graph-api.md §1.1).

On the ground floor, for the client that asks by them and for `doctor`, which tells of their end.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from pressrun.errors import Invalid
from pressrun.log import redact

_FORM = re.compile(r"v(\d{1,3})\.(\d{1,2})", re.ASCII)


class Version(NamedTuple):
    """A version; later ones are greater."""

    major: int
    minor: int = 0

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}"


DEFAULT: Final = Version(25)
_EXPIRES: Final = {
    Version(20): date(2026, 9, 24),
    Version(21): date(2027, 1, 21),
    Version(22): date(2027, 5, 20),
    Version(23): date(2027, 10, 8),
    Version(24): date(2028, 2, 18),
    Version(25): date(2028, 7, 29),
}
"""Of later ones no day is known; earlier ones are gone."""


def is_expired(version: Version, *, on: date) -> bool:
    """Whether Meta no longer serves the version: it answers as the next one that is usable."""
    if version < min(_EXPIRES):
        return True
    expires_on = _EXPIRES.get(version)
    return expires_on is not None and on >= expires_on


def ends_within(version: Version, days: int, *, on: date) -> bool:
    """Whether Meta has named a day for its end that is no further away, or has passed."""
    return is_expired(version, on=on + timedelta(days=days))


def expires_on(version: Version) -> date | None:
    """The day from which the version is gone, where Meta has named one."""
    return _EXPIRES.get(version)


def parse_version(text: str) -> Version:
    """`v25.0`. Raises Invalid."""
    found = _FORM.fullmatch(text)
    if found is None:
        message = f"{redact(text)!r} is not a version of the Graph API, such as {DEFAULT}"
        raise Invalid(message, type="version.invalid", field="version")
    return Version(int(found[1]), int(found[2]))

"""Versions of the Graph API, as far as they can be compared (graph-api.md §1.1)."""

from __future__ import annotations

import re
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


def parse_version(text: str) -> Version:
    """`v25.0`. Raises Invalid."""
    found = _FORM.fullmatch(text)
    if found is None:
        message = f"{redact(text)!r} is not a version of the Graph API, such as {DEFAULT}"
        raise Invalid(message, type="version.invalid", field="version")
    return Version(int(found[1]), int(found[2]))

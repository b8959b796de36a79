"""What looking for the effect of a lost call can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Stands:
    """It was done, and this is what came of it."""

    result_id: str


@dataclass(frozen=True)
class Absent:
    """A whole reading, begun at that time, does not show it."""

    began_at: datetime


@dataclass(frozen=True)
class Unclear:
    """Nothing is proved yet: it is looked for again. `reading`: where a reading that is not whole goes on."""

    why: str
    reading: dict[str, Any] | None = None


@dataclass(frozen=True)
class Beyond:
    """No reading will tell."""

    why: str


Sight = Stands | Absent | Unclear | Beyond

"""Which services are not connected to the database, and since when: what is told of them once that has lasted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.telling.endpoint import EndpointState
from pressrun.clock import Deadline

SILENT_AFTER_S: Final = 300.0

_ANYBODY = text("SELECT EXISTS (SELECT FROM endpoints WHERE state = :active)")


def is_anybody_told(tx: Session) -> bool:
    """Whether there is an endpoint at all; without one nobody need look for what to tell."""
    return bool(tx.execute(_ANYBODY, {"active": EndpointState.ACTIVE.value}).scalar_one())


class Silences:
    """Since when services have been seen absent. For one thread."""

    def __init__(self, *, after_s: float = SILENT_AFTER_S) -> None:
        self._after_s = after_s
        self._gone: dict[str, Deadline] = {}

    def lasting(self, absent: Iterable[str]) -> list[str]:
        """Those that are absent now and have been for so long."""
        self._gone = {one: self._gone.get(one) or Deadline.after(self._after_s) for one in absent}
        return sorted(one for one, until in self._gone.items() if until.passed)

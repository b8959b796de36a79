"""The simulator's own time: real time, scaled by a factor and pushed ahead on request."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate

from pressrun.clock import now as real_now

DAY = 86_400


class SimClock:
    """Epoch seconds of the simulated world."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._real = self._sim = real_seconds()

    def now(self) -> float:
        return self._sim + (real_seconds() - self._real) * self.speed

    def anchor(self, *, real: float, sim: float, speed: float) -> None:
        """From the real instant `real` on, simulated time counts from `sim` at `speed`."""
        self._real, self._sim, self.speed = real, sim, speed


def real_seconds() -> float:
    return real_now().timestamp()


def graph_time(seconds: float) -> str:
    """As Instagram writes instants: `2021-08-13T08:25:28+0000`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def http_time(seconds: float) -> str:
    """As the header Date has it: cut to the second."""
    return formatdate(int(seconds), usegmt=True)


def precise_time(seconds: float) -> str:
    """ISO 8601 in UTC with microseconds, for the ledger."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")

"""Metrics that only some kinds of media have: no page of mixed media can be asked for them, so each media costs a call.

A run spends a fixed number of such calls on the media that have waited longest for what their age asks for; the others
have their turn in the next runs. So a first run over thousands of media costs its pages and little more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from worker.harvests.kinds import costly
from worker.harvests.kinds.known import KnownMedia
from worker.harvests.kinds.ladder import SLACK, interval

CALLS_PER_RUN = 20
"""With a run every hour 480 a day for each account; with pages of 50, 2,000 media and these are 60 calls."""
CALLS_BESIDE_ONE_PAGE = 59
"""A list of one page leaves more of those 60: most accounts are complete at once."""


@dataclass
class OwnMetrics:
    """Whose own metrics this run reads. `most` calls in all."""

    known: Mapping[str, KnownMedia]
    now: datetime
    run_started_at: datetime
    most: int = CALLS_PER_RUN
    _chosen: set[str] = field(init=False)
    _spare: int = field(init=False)

    def __post_init__(self) -> None:
        waiting = [one for one in self.known.values() if self._waits(one)]
        waiting.sort(key=lambda one: (-self._patience(one), one.ig_id))
        # What an earlier try of the run has spent is spent: a slot that is run again reads nothing that it left out.
        done = [one for one in self.known.values() if one.own_read_at and one.own_read_at >= self.run_started_at]
        self._spare = max(0, self.most - sum(self._cost(one.posted_at, None) for one in done))
        self._chosen = set()
        for one in waiting:
            cost = self._cost(one.posted_at, one.own_read_at)
            if cost > self._spare:
                break
            self._spare -= cost
            self._chosen.add(one.ig_id)

    def take(self, ig_id: str, posted_at: datetime | None) -> bool:
        """Whether to read this one now; each is taken once. A media that nobody knew takes calls that are left over."""
        if ig_id in self._chosen:
            self._chosen.remove(ig_id)
            return True
        cost = self._cost(posted_at, None)
        if ig_id in self.known or self._spare < cost:
            return False
        self._spare -= cost
        return True

    def left(self) -> list[KnownMedia]:
        """What was chosen and did not come by: too far down the list for this run."""
        return [self.known[ig_id] for ig_id in sorted(self._chosen)]

    def _cost(self, posted_at: datetime | None, read_at: datetime | None) -> int:
        """Calls at most: one for the metrics that share it, and one for each that does not."""
        return 1 + (costly.CALLS if costly.is_due(posted_at, read_at, now=self.now) else 0)

    def _waits(self, one: KnownMedia) -> bool:
        if one.posted_at is None or one.gone_at is not None or one.has_no_insights:
            return False
        if one.own_read_at is None:
            return True
        if one.own_read_at >= self.run_started_at:
            return False
        return self.now - one.own_read_at >= interval(self.now - one.posted_at) - SLACK

    def _patience(self, one: KnownMedia) -> float:
        """How many of its own intervals it has waited: the young are soon first, and the old come up all the same."""
        assert one.posted_at is not None  # noqa: S101 - `_waits` leaves the others out
        since = one.own_read_at or one.first_seen_at
        return (self.now - since) / interval(self.now - one.posted_at)

"""Kept answers as they are read again, and what those of one step tell together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from graph.accounts.media import Media as GraphMedia
from models.history.insight import Observation
from worker.harvests.answers.days import Ends


@dataclass(frozen=True)
class Kept:
    """A kept answer, unpacked."""

    account_id: int
    run_id: int
    captured_at: datetime
    path: str
    params: Mapping[str, str]
    answer: Any

    @property
    def object_id(self) -> str:
        """The id that the address names first."""
        return self.path.partition("/")[0]


@dataclass
class Numbers:
    """What the answers of one step told of one media."""

    metrics: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    listed: GraphMedia | None = None
    """As a page showed it that was asked for numbers."""
    listed_at: datetime | None = None
    told_at: datetime | None = None
    """When the first of these numbers was asked for; None where none was told."""

    @property
    def at(self) -> datetime | None:
        """When the reading began: the page comes first, as when it was read."""
        return self.told_at and min(self.told_at, self.listed_at or self.told_at)


@dataclass
class Told:
    """What the answers of one step tell together."""

    ends: Ends
    points: dict[tuple[str, str, str, datetime], tuple[datetime, Observation]] = field(default_factory=dict)
    media: dict[str, Numbers] = field(default_factory=lambda: defaultdict(Numbers))
    stores: list[Callable[[Session], int]] = field(default_factory=list)
    """What goes by single answers."""

    def add_points(self, points: Sequence[Observation], at: datetime) -> None:
        for one in points:
            self.points[one.metric, one.period, one.breakdown, one.period_end] = at, one

"""Reading a list for the one thing that a lost call may have made, to an end that proves something.

A reading is whole once it has come to the true end of the list or, in a list that is newest first, to a page whose last
item is older than the call. A list that is longer than a step may take is read on in the next one: what was found, and
where it stopped, is kept with the attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from graph.answers.paging import Page, Walk
from models.publishing.attempt import Attempt
from pressrun import clock
from worker.once.kind import Once

MOST_PAGES = 10
"""Of one step."""


class Listed(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def timestamp(self) -> datetime | None: ...


T = TypeVar("T", bound=Listed)


class Fit(StrEnum):
    """How much an item of the list is what is looked for."""

    OURS = "ours"
    PERHAPS = "perhaps"
    """All fits but who made it: that it is somebody else's is not proved."""
    NO = "no"


@dataclass(frozen=True)
class Reading:
    """How far a reading has come. `ours` and `perhaps`: ids, each with the name that it was shown under."""

    began_at: datetime
    after: str | None = None
    ours: dict[str, str | None] = field(default_factory=dict)
    perhaps: dict[str, str | None] = field(default_factory=dict)
    is_whole: bool = False

    def kept(self) -> dict[str, Any] | None:
        """What the next step goes on from; None when it has to begin anew."""
        if self.is_whole or self.after is None:
            return None
        began_at = self.began_at.isoformat()
        return {"began_at": began_at, "after": self.after, "ours": self.ours, "perhaps": self.perhaps}


def read_on(
    once: Once,
    ask: Callable[[str | None], Page[T]],
    fits: Callable[[T], Fit],
    *,
    name_of: Callable[[T], str | None],
    older_than: datetime | None,
) -> Reading:
    """The reading of this attempt, begun or gone on with. Raises ClaimLost, GraphError, GateShut.

    Args:
        older_than: where a list that is newest first needs no further reading; None: it has no order to trust.
    """
    reading = _begun(once.attempt)
    walk = Walk(reading.after)
    for _ in range(MOST_PAGES):
        once.renew()
        page = ask(walk.after)
        walk.take(page)
        found = {one.id: (fits(one), name_of(one)) for one in page.items}
        reading = replace(
            reading,
            ours=reading.ours | {id_: name for id_, (fit, name) in found.items() if fit is Fit.OURS},
            perhaps=reading.perhaps | {id_: name for id_, (fit, name) in found.items() if fit is Fit.PERHAPS},
        )
        if not page.is_whole:
            return replace(reading, after=None)  # what could not be read may be what is looked for: it is begun anew
        if not page.has_next or _is_past(page, older_than):
            return replace(reading, is_whole=True)
        if walk.leads_back:
            return replace(reading, after=None)  # nothing is proved, and it is begun anew
        reading = replace(reading, after=walk.after)
    return reading


def _begun(attempt: Attempt) -> Reading:
    kept = attempt.reading
    if kept is None:
        return Reading(clock.now())
    return Reading(datetime.fromisoformat(kept["began_at"]), kept["after"], kept["ours"], kept["perhaps"])


def _is_past(page: Page[T], older_than: datetime | None) -> bool:
    oldest = page.items[-1].timestamp if page.items else None
    return older_than is not None and oldest is not None and oldest < older_than

"""What happens, as it happens: posts that change their state, notices, readings that end.

One `Feed` in a process reads for all who listen (`console/handlers/upkeep/events.py`), with one query whatever their
number; what somebody missed while they were away is read for them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.news import reading
from models.news.place import Place
from models.news.reading import Line, Look, News, Source
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun.errors import Invalid

__all__ = ["Cursor", "Feed", "News", "Place", "Source", "Told", "past"]

_LOOKED_BACK = 400
"""Numbers below the newest whose rows may be on their way when a feed begins."""


@dataclass(frozen=True)
class Cursor:
    """Up to where everything was told, in each source."""

    places: Mapping[Source, Place]

    def __str__(self) -> str:
        return ".".join(str(self.places[source]) for source in Source)

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises Invalid."""
        places = [Place.parse(one) for one in text.strip().split(".")]
        found = dict(zip(Source, places, strict=False))
        if len(places) != len(Source) or None in places:
            said = "this is no id of an event: take the one that came with the last"
            raise Invalid(said, type="event.id", field="Last-Event-ID")
        return cls({source: place for source, place in found.items() if place is not None})

    def at(self, source: Source, place: Place) -> Cursor:
        """The same, further in one source."""
        return Cursor({**self.places, source: place})

    def has(self, one: News) -> bool:
        """Whether that was told."""
        return self.places[one.source].has(one.id)


@operation("event.past", effect=Effect.READS, scope=Scope.READ)
def past(ctx: Context, asker: Asker, source: Source, *, behind: Place, upto: Place) -> Sequence[News]:
    """At most 500 things that happened in a source behind one place and up to another, oldest first."""
    with ctx.database.transaction() as tx:
        return reading.past(tx, source, behind=behind, upto=upto)


@dataclass(frozen=True)
class Told:
    """One thing that happened, and the cursor behind it."""

    at: Cursor
    news: News


class Feed:
    """What happens, for all who listen: in the order of its numbers, nothing passed over, nothing told twice.

    It is nobody's operation: whoever hands it on asks for each listener what they may see.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lines: dict[Source, Line] = {}

    def begin(self) -> None:
        """From now on. What was not committed yet, though its number is taken, is told as well."""
        with self._ctx.database.transaction() as tx:
            begins = {source: max(0, number - _LOOKED_BACK) for source, number in reading.newest(tx).items()}
        self._lines = {source: Line(number) for source, number in begins.items()}
        seen = self._seen()
        for source, line in self._lines.items():
            line.begin(seen, source)

    def cursor(self) -> Cursor:
        """Up to where everything was told."""
        return Cursor({source: line.place for source, line in self._lines.items()})

    def look(self) -> Sequence[Told]:
        """What can be told now. One query."""
        seen = self._seen()
        at = self.cursor()
        told: list[Told] = []
        for source, line in self._lines.items():
            for place, one in line.advance(seen, source):
                at = at.at(source, place)
                told.append(Told(at, one))
            at = at.at(source, line.place)
        return told

    def _seen(self) -> Look:
        with self._ctx.database.glance() as connection:
            return reading.look(connection, {source: line.number for source, line in self._lines.items()})

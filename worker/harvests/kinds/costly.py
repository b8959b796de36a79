"""Metrics of a media that need a call of their own: the parts of a breakdown, and what Facebook counts.

`facebook_views` and `crossposted_views` are refused for a media that is not on Facebook, and fail any call they share
(graph-api.md §6.2). It is noted at the media, which is not asked again for a while; the run says what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from graph.answers.errors import GraphError
from pressrun import clock
from worker.harvests.answers.refusals import held_until, is_vague_refusal
from worker.harvests.harvester import Harvester

FROM_AGE, TO_AGE = timedelta(hours=24), timedelta(days=30)
"""Younger media are read hourly, and older ones hardly move: there the numbers that share a call are enough."""
_YOUNG_TO, _YOUNG_EVERY, _EVERY = timedelta(days=7), timedelta(days=1), timedelta(days=3)
_MOST_REFUSED = 3
_PART = "alone:"

ALONE = tuple(metric.name for metric in catalogue.MEDIA.values() if metric.alone)
BROKEN_DOWN = tuple(metric.name for metric in catalogue.MEDIA.values() if metric.breakdown is not None)


CALLS = len(ALONE) + len(BROKEN_DOWN)
"""What a media costs at most."""


def alone_of(kind: str) -> tuple[str, ...]:
    return tuple(name for name in ALONE if kind in catalogue.MEDIA[name].product_types)


@dataclass
class Costly:
    """One run's reading of these. An account that shares nothing to Facebook is found out after a few media."""

    harvester: Harvester
    _refused: dict[str, int] = field(default_factory=dict)
    """How many media refused it in this run; forgotten once one has given it."""

    def parts(self, media_id: str, kind: str, name: str) -> Iterator[Insight]:
        """One metric with its parts; the whole comes in the same answer."""
        ask = partial(self.harvester.client.insights.media, media_id, breakdown=catalogue.MEDIA[name].breakdown)
        sift = partial(self.harvester.sift, [name], ask, part=f"{kind} parts:", refuses=is_vague_refusal)
        for answer in self.harvester.ask_apart(f"{name} of media {media_id}", sift, can_wait=True) or ():
            yield from answer

    def alone(
        self, media_id: str, kind: str, name: str, *, not_there: MutableMapping[str, datetime]
    ) -> tuple[Insight, ...]:
        """A metric that only media on Facebook have. `not_there`: until when this one is not asked for which of them;
        it is kept up to date."""
        key, now = f"{_PART}{kind}:{name}", clock.now()
        if name in not_there and not_there[name] > now:
            self.harvester.leave_out(key, not_there[name])
            return ()
        if self.harvester.memory.holds(key):
            self.harvester.leave_out(key)
            return ()
        not_there.pop(name, None)
        try:
            ask = partial(self.harvester.client.insights.media, media_id, [name])
            answer = self.harvester.ask_apart(
                f"{name} of media {media_id}", partial(_unless_refused, ask), can_wait=True
            )
        except _Refused as refused:
            self._refused[key] = self._refused.get(key, 0) + 1
            if self._refused[key] >= _MOST_REFUSED:
                self.harvester.memory.add(key, refused.error)
            not_there[name] = held_until(refused.error, now=now)
            self.harvester.note_once(key, refused.error)
            self.harvester.leave_out(key, not_there[name])
            return ()
        if answer is not None:
            self._refused[key] = 0
        return answer or ()


def is_due(posted_at: datetime | None, read_at: datetime | None, *, now: datetime) -> bool:
    """Once in each day of its first week, then once in three. `read_at`: when its own metrics were last read."""
    if posted_at is None or not FROM_AGE <= now - posted_at < TO_AGE:
        return False
    every = _YOUNG_EVERY if now - posted_at < _YOUNG_TO else _EVERY
    return read_at is None or (now - posted_at) // every > (read_at - posted_at) // every


class _Refused(Exception):
    def __init__(self, error: GraphError) -> None:
        self.error = error
        super().__init__(str(error))


def _unless_refused(ask: partial[tuple[Insight, ...]]) -> tuple[Insight, ...]:
    try:
        return ask()
    except GraphError as error:
        if is_vague_refusal(error):
            raise _Refused(error) from None
        raise

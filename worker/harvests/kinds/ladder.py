"""Which media are due: the younger, the oftener. And how far down the account's list a run has to read for them.

The list comes newest first, so a run pages down to the oldest media that is due and sees everything above it anyway.
What it should have seen and did not is gone. Pure: the database's knowledge comes in, decisions go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graph.accounts.media import Media as GraphMedia
from models.harvests.keeping import MOST_MEDIA
from worker.harvests.kinds.known import KnownMedia

_MEDIA_RUNGS = (
    (timedelta(hours=24), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=6)),
    (timedelta(days=30), timedelta(days=1)),
)
_OLD_MEDIA = timedelta(weeks=1)

STORY_LIFE = timedelta(hours=24)
_STORY_YOUNG = timedelta(hours=2)
_STORY_LAST = timedelta(hours=1)
_STORY_RUNG = timedelta(hours=1)
_STORY_COSTLY_RUNG = timedelta(hours=4)
_STORY_END = timedelta(minutes=20)
"""In these there is a last run, also where runs are some minutes late."""

FULL_FROM = MOST_MEDIA * 99 // 100
"""From so many media on the end of the list need not be that of the media: Instagram lists only the newest."""

SLACK = timedelta(minutes=10)
"""Runs start minutes apart from their slots: what is due at the next slot must not miss it by seconds."""


def interval(age: timedelta) -> timedelta:
    """How long the numbers of a media of that age are good for."""
    return next((rung for until, rung in _MEDIA_RUNGS if age < until), _OLD_MEDIA)


def story_is_due(posted_at: datetime | None, checked_at: datetime | None, *, now: datetime) -> bool:
    """At every run in its first hours and in its last one, when the final numbers stand; hourly in between."""
    if posted_at is None or checked_at is None:
        return True
    age = now - posted_at
    if age < _STORY_YOUNG or age >= STORY_LIFE - _STORY_LAST:
        return True
    return now - checked_at >= _STORY_RUNG - SLACK


def story_tells_all(posted_at: datetime | None, checked_at: datetime | None, *, now: datetime) -> bool:
    """Whether to ask for what needs a call for each metric: after the first hours every four hours, as soon as the last
    hour has begun, and at its end. `checked_at`: when the story was last read before this."""
    if posted_at is None or now - posted_at < _STORY_YOUNG:
        return False
    last_hour_at = posted_at + STORY_LIFE - _STORY_LAST
    if now >= last_hour_at:
        return checked_at is None or checked_at < last_hour_at or now >= posted_at + STORY_LIFE - _STORY_END
    old_enough = posted_at + _STORY_YOUNG
    return (
        checked_at is None or (now - old_enough) // _STORY_COSTLY_RUNG > (checked_at - old_enough) // _STORY_COSTLY_RUNG
    )


def story_is_ending(posted_at: datetime | None, *, now: datetime) -> bool:
    """Whether what is stored of it a little later may count as final."""
    return posted_at is not None and now - posted_at >= STORY_LIFE - _STORY_LAST - SLACK


@dataclass
class Ladder:
    """One run's way down the list.

    `run_started_at`: what was read since then is done, also by an earlier try of the run. `covered_at`: until when an
    earlier run had read the list as far as it had to; None when none ever did, and this one reads it to the end.
    """

    known: Mapping[str, KnownMedia]
    now: datetime
    run_started_at: datetime
    covered_at: datetime | None
    full_from: int = FULL_FROM
    seen: set[str] = field(default_factory=set)
    oldest: datetime | None = None
    """Posting time of the oldest media seen."""

    def __post_init__(self) -> None:
        done = (_posted(one) for one in self._listed() if looked_at(one) >= self.run_started_at)
        self._done_down_to = min(done, default=None)
        self._due = {one.ig_id: _posted(one) for one in self._listed() if self.is_due(one.ig_id)}
        none = (one for one in self._listed() if one.has_no_insights)
        self._no_insights_from = max((_posted(one) for one in none), default=None)

    @property
    def resume_until(self) -> datetime | None:
        """Where an interrupted try got to: the list is read on from there."""
        # Instagram cuts posting times to the second: the rest of that second must not be left out.
        return None if self._done_down_to is None else self._done_down_to + timedelta(seconds=1)

    def is_due(self, ig_id: str) -> bool:
        """What nobody has read yet is due."""
        one = self.known.get(ig_id)
        if one is None:
            return True
        if looked_at(one) >= self.run_started_at:
            return False
        # What is gone is looked for all the same, seldom: a listing that came back short must not bury it for good.
        age = timedelta(0) if one.posted_at is None else self.now - one.posted_at
        good_for = _OLD_MEDIA if one.gone_at else interval(age)
        return self.now - looked_at(one) >= good_for - SLACK

    def expects_no_insights(self, page_size: int) -> bool:
        """Whether the next page will hold a media that has none: it would fail a page that asks for them."""
        if self._no_insights_from is None:
            return False
        before = [
            one
            for one in self._listed()
            if _posted(one) > self._no_insights_from and (self.oldest is None or _posted(one) < self.oldest)
        ]
        return len(before) < page_size

    def goes_on(self, items: Sequence[GraphMedia]) -> bool:
        """Take note of a page; whether the run has to look at the next one too."""
        self.seen.update(item.id for item in items)
        times = [item.timestamp for item in items if item.timestamp is not None]
        self.oldest = min([*times, *([self.oldest] if self.oldest else [])], default=None)
        if all(self._is_uncovered(item.id) for item in items):
            return True
        # Several media may share one second, and a page may end between them.
        ahead = (at for ig_id, at in self._due.items() if ig_id not in self.seen)
        return self.oldest is not None and any(at <= self.oldest for at in ahead)

    def missing(self, *, to_the_end: bool) -> list[int]:
        """Ids of media that the pages read must have shown and did not. Pages without a single media tell nothing."""
        is_all = to_the_end and not self._is_full()
        return [one.id for one in self._unseen() if is_all or (self.oldest is not None and _posted(one) > self.oldest)]

    def unlisted(self, *, to_the_end: bool) -> list[int]:
        """Ids of media behind the end of a list that is full: whether they are there it does not tell."""
        if not to_the_end or not self._is_full():
            return []
        return [one.id for one in self._unseen() if self.oldest is None or _posted(one) <= self.oldest]

    def _is_full(self) -> bool:
        """Whether the list, down from its beginning, holds about as many media as Instagram ever lists."""
        above = {one.ig_id for one in self._listed() if self._done_down_to and _posted(one) >= self._done_down_to}
        return len(self.seen | above) >= self.full_from

    def _unseen(self) -> Iterable[KnownMedia]:
        if not self.seen:
            return ()
        return (
            one
            for one in self._listed()
            if one.ig_id not in self.seen and (self._done_down_to is None or _posted(one) < self._done_down_to)
        )

    def _is_uncovered(self, ig_id: str) -> bool:
        one = self.known.get(ig_id)
        return one is None or self.covered_at is None or one.first_seen_at > self.covered_at

    def _listed(self) -> Iterable[KnownMedia]:
        """What lay behind the end of a full list the last time is not looked for in it."""
        return (one for one in self.known.values() if one.posted_at is not None and one.unlisted_at is None)


def looked_at(one: KnownMedia) -> datetime:
    return max(one.checked_at, one.gone_at or one.checked_at)


def _posted(one: KnownMedia) -> datetime:
    assert one.posted_at is not None  # noqa: S101 - `_listed` leaves the others out
    return one.posted_at

"""Reading back: what each kind that has a past yields piece by piece, from where its cursor stands.

A piece is what is stored in one transaction together with the cursor behind it. Account insights are read from the
oldest day on, because that is the one that Instagram forgets next; lists come newest first and are read downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from graph.accounts.media import Media as GraphMedia
from models.harvests.backfill import ONLY_OWED, Backfill
from models.harvests.harvest import HarvestKind
from models.harvests.keeping import ACCOUNT_KEPT
from pressrun import clock
from pressrun.instagram.pacific import closed_days
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds import account
from worker.harvests.kinds.known import KnownMedia, known_media
from worker.harvests.kinds.ladder import Ladder, looked_at
from worker.harvests.kinds.media import MOST_PAGES, note_listed, read_alone, store_page
from worker.harvests.kinds.media_pages import LIST, list_page, tell_what_is_held
from worker.harvests.kinds.tags import LIST as TAGS
from worker.harvests.kinds.tags import store_tags

_WINDOW_DAYS = 14


@dataclass(frozen=True)
class Piece:
    """`progress`: the share of the whole that is read once it is stored."""

    store: Store
    cursor: dict[str, Any]
    progress: float


@dataclass
class _Sweep(Ladder):
    """Down the whole list: every media is due that was not read since the request."""

    until: datetime | None = None

    @property
    def resume_until(self) -> datetime | None:
        return self.until

    def is_due(self, ig_id: str) -> bool:
        one = self.known.get(ig_id)
        return one is None or looked_at(one) < self.run_started_at


def account_days(harvester: Harvester, backfill: Backfill) -> Iterator[Piece]:
    whole = closed_days(max(backfill.since, backfill.requested_at - ACCOUNT_KEPT), backfill.requested_at)
    done_until = _instant(backfill.cursor.get("done_until"))
    left = [day for day in whole if done_until is None or day.until > done_until]
    left = [day for day in left if day.since >= clock.now() - ACCOUNT_KEPT]
    kind_of = {name: value for name, value in backfill.cursor.items() if name in ONLY_OWED}
    if kind_of:
        left = account.owed_of(harvester, left)
    for window in account.windows(left, _WINDOW_DAYS):
        by_day = account.series(harvester, window)
        own = account.own_days(harvester, window, by_day)
        for day in window:
            ends_in = [one for one in own if day.since < one.until <= day.until]
            reading = account.read_day(harvester, day, by_day, ends_in)
            cursor = kind_of | {"done_until": day.until.isoformat()}
            yield Piece(account.store_day(harvester, reading), cursor, (whole.index(day) + 1) / len(whole))


def media_list(harvester: Harvester, backfill: Backfill) -> Iterator[Piece]:
    tell_what_is_held(harvester)
    with harvester.transaction() as tx:
        known = known_media(tx, harvester.account.id)
    until = _instant(backfill.cursor.get("until"))
    sweep = _Sweep(known, clock.now(), backfill.requested_at, None, until=until)
    walk = harvester.walk(LIST)
    for _ in range(MOST_PAGES):
        listed = list_page(harvester, sweep, walk.after)
        walk.take(listed.page)
        for one in listed.seen:
            before = known.get(one.media.id)
            note_listed(one, before, since=backfill.requested_at)
            if before is not None and before.has_no_insights:
                one.is_read = True  # the counts of the list are all there is
            elif _is_owed(
                backfill, one.media, before, is_listed_only=not listed.metrics and sweep.is_due(one.media.id)
            ):
                read_alone(harvester, one, listed.metrics)
        sweep.goes_on(listed.page.items)
        if listed.seen:
            # Instagram cuts posting times to the second: the rest of that second must not be left out.
            at = {"until": (sweep.oldest + timedelta(seconds=1)).isoformat()} if sweep.oldest else backfill.cursor
            yield Piece(store_page(harvester, listed), at, _covered(backfill, sweep.oldest))
        if walk.is_over or (sweep.oldest is not None and sweep.oldest < backfill.since):
            return


def _is_owed(backfill: Backfill, media: GraphMedia, known: KnownMedia | None, *, is_listed_only: bool) -> bool:
    """Whether a media has to be read alone: for what only its kind has, or because its page gave nothing."""
    if media.timestamp is not None and media.timestamp < backfill.since:
        return False
    own_read_at = known.own_read_at if known is not None else None
    return is_listed_only or own_read_at is None or own_read_at < backfill.requested_at


def tag_list(harvester: Harvester, backfill: Backfill) -> Iterator[Piece]:
    """There is no time filter: the cursor is Instagram's own."""
    walk = harvester.walk(TAGS, backfill.cursor.get("after"))
    while not walk.is_over:
        read_at, page = clock.now(), harvester.ask(partial(harvester.client.tags.page, walk.after))
        walk.take(page)
        times = [item.timestamp for item in page.items if item.timestamp is not None]
        if page.items:
            oldest = min(times, default=None)
            cursor = {"after": page.after} if page.after else {}
            yield Piece(store_tags(harvester, page.items, read_at), cursor, _covered(backfill, oldest))
        if times and len(times) == len(page.items) and max(times) < backfill.since:
            return


PAST: Mapping[HarvestKind, Callable[[Harvester, Backfill], Iterator[Piece]]] = {
    HarvestKind.ACCOUNT: account_days,
    HarvestKind.MEDIA: media_list,
    HarvestKind.TAGS: tag_list,
}


def _covered(backfill: Backfill, oldest: datetime | None) -> float:
    """The share of the time between the request and `since` that is read, in a list that comes newest first."""
    if oldest is None:
        return backfill.progress
    whole = backfill.requested_at - backfill.since
    return max(backfill.progress, min((backfill.requested_at - oldest) / whole, 1.0)) if whole > timedelta(0) else 1.0


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None

"""Watched hashtags: the most popular public media below each, and those of the last 24 hours (graph-api.md §5.3).

Facebook Login with *Instagram Public Content Access* only. An account may look at 30 different hashtags in 7 days: a
place is taken in the database before Instagram is asked, so that the budget holds whoever dies when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from graph.accounts.media import Media as GraphMedia
from graph.answers.errors import GraphError
from graph.answers.paging import Page
from graph.wire.credentials import Login
from models.harvests.watch import Watch, WatchKind, active_watches, note_checked, note_id
from models.history.hashtag import BUDGET, reserve_search, searched_names, store_top
from models.history.public_media import store_public_media
from pressrun import clock
from pressrun.errors import PressrunError
from worker.harvests.answers.parse import public_media
from worker.harvests.answers.refusals import is_not_permitted
from worker.harvests.harvester import Harvester, Store

PAGE = 50
RECENT_PAGES = 4
"""Of the media of the last 24 hours the newest 200 are read."""
PERMISSION = "hashtag_search"


class BudgetSpent(PressrunError):
    """The account has looked at as many hashtags as Instagram allows."""


def read(harvester: Harvester) -> Iterator[Store]:
    # Not scheduled for a login that cannot; one may have changed its login since.
    if harvester.account.login != Login.FACEBOOK.value:
        return
    if harvester.memory.holds(PERMISSION):
        harvester.leave_out(PERMISSION)
        return
    with harvester.transaction() as tx:
        watches = active_watches(tx, harvester.account.id, WatchKind.HASHTAG)
    if not watches:
        return
    try:
        others = _searched_by_others(harvester, watches)
        for watch in watches:
            yield from _read_one(harvester, watch, others)
    except GraphError as error:
        if not is_not_permitted(error):
            raise
        harvester.note(PERMISSION, error)
        harvester.memory.add(PERMISSION, error)


def _searched_by_others(harvester: Harvester, watches: Sequence[Watch]) -> int:
    """How many hashtags Instagram counts that hold no place here: a person or another app looked at them.

    An id that is not known yet counts for itself as well: rather one place too few than one too many.
    """
    with harvester.transaction() as tx:
        names = searched_names(tx, harvester.account.id, now=clock.now())
    if all(watch.name in names for watch in watches):
        return 0  # each has its place: none has to be taken
    page = harvester.ask_apart("hashtags searched", harvester.client.hashtags.recently_searched)
    if page is None:
        return 0
    ours = {watch.ig_id for watch in watches if watch.name in names}
    return len(set(page.items) - ours)


def _read_one(harvester: Harvester, watch: Watch, others: int) -> Iterator[Store]:
    with harvester.transaction() as tx:
        free_at = reserve_search(tx, harvester.account.id, watch.name, now=clock.now(), others=others)
    if free_at is not None:
        told = f"{BUDGET} other hashtags were looked at within 7 days; a place is free at {free_at:%Y-%m-%d %H:%M} UTC"
        harvester.note(f"hashtag {watch.name}", BudgetSpent(told))
        return
    ig_id = watch.ig_id or harvester.ask_apart(
        f"hashtag {watch.name}", partial(harvester.client.hashtags.search, watch.name)
    )
    if ig_id is None:
        return
    hashtags, read_at = harvester.client.hashtags, clock.now()
    top = _pages(harvester, f"top of #{watch.name}", partial(hashtags.top_media, ig_id, limit=PAGE), most=1)
    recent = _pages(
        harvester, f"recent of #{watch.name}", partial(hashtags.recent_media, ig_id, limit=PAGE), most=RECENT_PAGES
    )
    yield _store(watch, ig_id, top, recent, read_at)


@dataclass(frozen=True)
class _Read:
    """The media of a list's first pages, and how many on them could not be read. `is_whole`: no page is missing."""

    items: Sequence[GraphMedia]
    dropped: int
    is_whole: bool


def _pages(harvester: Harvester, what: str, fetch: Callable[[str | None], Page[GraphMedia]], *, most: int) -> _Read:
    walk = harvester.walk(what)
    pages = list(walk.pages(lambda after: harvester.ask_apart(what, partial(fetch, after)), most=most))
    items = [item for page in pages for item in page.items]
    return _Read(items, sum(page.dropped for page in pages), walk.is_whole)


def _store(watch: Watch, ig_id: str, top: _Read, recent: _Read, read_at: datetime) -> Store:
    def store(tx: Session, run_id: int) -> int:
        note_id(tx, watch.id, ig_id)
        if top.is_whole and recent.is_whole:
            note_checked(tx, watch.id, at=read_at)
        seen = [public_media(item) for item in (*recent.items, *top.items)]
        # Without the one that could not be read, all below it would stand a place too high.
        order = list(dict.fromkeys(item.id for item in top.items)) if not top.dropped else []
        rows = store_top(tx, watch.id, order, captured_at=read_at, run_id=run_id)
        return rows + store_public_media(tx, watch.id, seen, captured_at=read_at, run_id=run_id)

    return store

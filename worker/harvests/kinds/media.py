"""Media and their numbers: pages of the account's list with the insights all kinds of media share in the same call.

What only some kinds have, and what Instagram refuses for a page, is read media by media: the first within a budget of
calls, the second only when it is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from graph.accounts.media import Media as GraphMedia
from graph.answers.errors import GraphError
from graph.answers.paging import Page
from graph.wire.credentials import Login
from models.harvests.keeping import MOST_MEDIA
from models.harvests.media_state import Told, keep_states
from models.history.media import MediaReading, see_media, store_readings
from pressrun import clock
from worker.harvests.answers.parse import listed_counts, media_numbers, seen_media
from worker.harvests.answers.refusals import has_no_insights, has_too_few_viewers, is_gone
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds.costly import BROKEN_DOWN, Costly, alone_of, is_due
from worker.harvests.kinds.known import KnownMedia, known_media, mark_missing, not_on_facebook
from worker.harvests.kinds.ladder import Ladder, looked_at
from worker.harvests.kinds.media_pages import (
    LIST,
    PAGE,
    PAGE_PART,
    Listed,
    Seen,
    concerns_one_media,
    holds_insights,
    list_page,
    page_metrics,
    tell_what_is_held,
)
from worker.harvests.kinds.own import CALLS_BESIDE_ONE_PAGE, CALLS_PER_RUN, OwnMetrics

MOST_PAGES = MOST_MEDIA // PAGE + 1


def read(harvester: Harvester) -> Iterator[Store]:
    tell_what_is_held(harvester)
    with harvester.transaction() as tx:
        known = known_media(tx, harvester.account.id)
    now = clock.now()
    ladder = Ladder(known, now, harvester.run_started_at, harvester.covered_at)
    costly = Costly(harvester)
    own: OwnMetrics | None = None
    walk = harvester.walk(LIST)
    for _ in range(MOST_PAGES):
        listed = list_page(harvester, ladder, walk.after)
        walk.take(listed.page)
        if own is None:
            own = OwnMetrics(known, now, harvester.run_started_at, _most_calls(known, listed.page))
        for one in listed.seen:
            _complete(harvester, ladder, own, costly, one, listed.metrics)
        goes_on = ladder.goes_on(listed.page.items)
        if listed.seen:
            yield store_page(harvester, listed)
        if walk.is_over or not goes_on:
            break
    # What was set aside, or lies behind where the list broke off, is not gone.
    missing = ladder.missing(to_the_end=walk.is_over) if walk.is_whole else []
    unlisted = ladder.unlisted(to_the_end=walk.is_over) if walk.is_whole else []
    if missing or unlisted:
        yield _store_missing(missing, unlisted, listed.read_at)
    for left in own.left() if own is not None else ():
        if left.id not in missing:
            yield _read_own(harvester, costly, left)


def _most_calls(known: Mapping[str, KnownMedia], page: Page[GraphMedia]) -> int:
    """The same in every try of a run: one that goes on where another ended sees the end of the list only."""
    has_one_page = not page.has_next and len({*known, *(item.id for item in page.items)}) <= PAGE
    return CALLS_BESIDE_ONE_PAGE if has_one_page else CALLS_PER_RUN


def _complete(
    harvester: Harvester, ladder: Ladder, own: OwnMetrics, costly: Costly, one: Seen, given: Sequence[str]
) -> None:
    """Read what the page did not hold, if it is this media's turn."""
    known = ladder.known.get(one.media.id)
    note_listed(one, known, since=ladder.run_started_at)
    if known is not None and known.has_no_insights:
        one.is_read = True  # the counts of the list are all there is
        return
    if not ladder.is_due(one.media.id):
        return
    is_its_turn = own.take(one.media.id, one.media.timestamp)
    # A page that gave nothing was held up by one of its media: the others are read alone as far as they are due.
    if (not given or is_its_turn) and read_alone(harvester, one, given) and is_its_turn:
        _add_costly(costly, known, one)


def note_listed(one: Seen, known: KnownMedia | None, *, since: datetime) -> None:
    """It is in the list: whatever was said of its absence is over."""
    one.is_known = known is not None and looked_at(known) >= since
    if one.media.comments_count is not None:
        one.told["comments_told"] = one.media.comments_count
    if known is not None and known.gone_at is not None:
        one.told["gone_at"] = None
    if known is not None and known.unlisted_at is not None:
        one.told["unlisted_at"] = None


def read_alone(harvester: Harvester, one: Seen, given: Sequence[str]) -> bool:
    """Every metric of its kind that is not given yet, in a call of its own; whether it has any to tell.

    What was refused for a page may have been refused for one media of it: it is asked alone, from the next run on, so
    that it costs nothing else.
    """
    if holds_insights(harvester):
        return False
    media = one.media
    kind = product_of(media)
    metrics = catalogue.media_metrics(kind, Login(harvester.account.login), media_type=media.media_type)
    memory = harvester.memory
    wanted = [name for name in metrics if name not in given and not memory.is_new(PAGE_PART + name)]
    apart = {name for name in wanted if memory.holds(PAGE_PART + name)}

    def ask(group: Sequence[str]) -> tuple[Insight, ...]:
        return harvester.client.insights.media(media.id, group, product_type=kind)

    sift = partial(harvester.sift, wanted, ask, part=f"{kind or 'media'}:", unless_all=True, apart=apart)
    has_any, read_at = True, clock.now()
    try:
        # One media that Instagram fails on must not keep the run from all others behind it.
        answers = harvester.ask_apart(f"media {media.id}", sift, can_wait=True)
    except GraphError as error:
        if has_no_insights(error):
            one.told["has_no_insights"] = True
        elif not (has_too_few_viewers(error) or is_gone(error)):
            raise
        answers = []
        has_any = False
    if answers is not None:
        one.insights += [insight for answer in answers for insight in answer]
        one.told["own_read_at"] = read_at
        one.is_read = True
    return has_any


def _add_costly(costly: Costly, known: KnownMedia | None, one: Seen) -> None:
    """What takes a call for each metric, of a media of the right age."""
    if not is_due(one.media.timestamp, known.own_read_at if known else None, now=clock.now()):
        return
    kind = product_of(one.media) or ""
    not_there = dict(known.not_on_facebook) if known else {}
    login = Login(costly.harvester.account.login)
    offered = catalogue.media_metrics(kind, login, media_type=one.media.media_type)
    try:
        for name in BROKEN_DOWN:
            if name in offered:
                one.insights += costly.parts(one.media.id, kind, name)
        for name in alone_of(kind):
            one.insights += costly.alone(one.media.id, kind, name, not_there=not_there)
            if not_there or (known and known.not_on_facebook):
                one.told["not_on_facebook"] = not_on_facebook(not_there) or None
    except GraphError as error:
        if not concerns_one_media(error):
            raise


def _read_own(harvester: Harvester, costly: Costly, known: KnownMedia) -> Store:
    """The own metrics of a media that no page of this run held."""
    media = GraphMedia(known.ig_id, media_type=known.media_type, media_product_type=known.media_product_type)
    one = Seen(replace(media, permalink=known.permalink, timestamp=known.posted_at))
    # Of one that the list does not hold there is no page: all its metrics fit into this call.
    given = page_metrics(Login(harvester.account.login)) if known.unlisted_at is None else ()
    read_at = clock.now()
    if read_alone(harvester, one, given):
        _add_costly(costly, known, one)
    return _store_own(known, one, read_at)


def _store_own(known: KnownMedia, one: Seen, read_at: datetime) -> Store:
    def store(tx: Session, run_id: int) -> int:
        # Not seen, only read: it is the list that says whether a media is still there.
        keep_states(tx, {known.id: one.told})
        reading = _reading(one, known.id, read_at)
        return store_readings(tx, [reading], run_id=run_id) if reading is not None else 0

    return store


def store_page(harvester: Harvester, listed: Listed) -> Store:
    """What was read of the media of a page, as of when the page was asked for: no number of it is younger."""
    read_at = listed.read_at

    def store(tx: Session, run_id: int) -> int:
        ids = see_media(tx, harvester.account.id, [seen_media(one.media) for one in listed.seen], now=read_at)
        kept = [one for one in listed.seen if one.media.id in ids]
        keep_states(tx, {ids[one.media.id]: _told(one, read_at) for one in kept})
        readings = [reading for one in kept if (reading := _reading(one, ids[one.media.id], read_at)) is not None]
        return store_readings(tx, readings, run_id=run_id)

    return store


def _told(one: Seen, read_at: datetime) -> Told:
    return {**one.told, "read_at": read_at} if one.is_read else one.told


def _reading(one: Seen, media_id: int, read_at: datetime) -> MediaReading | None:
    if one.is_known and not one.is_read:
        return None
    metrics, extra = media_numbers(one.insights)
    extra |= listed_counts(one.media, metrics)
    return MediaReading(media_id, read_at, metrics, extra) if metrics or extra else None


def _store_missing(gone: Sequence[int], unlisted: Sequence[int], read_at: datetime) -> Store:
    def store(tx: Session, _run_id: int) -> int:
        mark_missing(tx, gone, unlisted, now=read_at)
        return 0

    return store


def product_of(media: GraphMedia) -> str | None:
    """Instagram Login may not name it; a reel shows by its address then (graph-api.md §5.2)."""
    if media.media_product_type or not media.permalink:
        return media.media_product_type
    return "REELS" if "/reel/" in media.permalink else "FEED"

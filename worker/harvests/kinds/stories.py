"""Stories: found while they are up, and read until the last minutes of their 24 hours, after which nothing tells.

Below five viewers Instagram has no numbers for a story: that is no data, and no error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy.orm import Session

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from graph.accounts.media import Media as GraphMedia
from graph.answers.errors import GraphError
from graph.answers.paging import Page
from graph.wire.credentials import Login
from models.harvests.media_state import Told, keep_states
from models.history.media import MediaReading, see_media, store_readings
from pressrun import clock
from worker.harvests.answers.parse import media_numbers, seen_media
from worker.harvests.answers.refusals import has_no_insights, has_too_few_viewers, is_gone, is_refusal
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds.costly import Costly, alone_of
from worker.harvests.kinds.known import KnownStory, known_stories, not_on_facebook, stories_since
from worker.harvests.kinds.ladder import STORY_LIFE, story_is_due, story_is_ending, story_tells_all

_KIND = "STORY"
_LIST = "list of stories"
_PART = "STORY:"
_FINAL_WITH_PARTS = "navigation"
"""Its whole comes along with the other metrics, its parts take a call. Told in the last hour, the whole says of parts
that are left out that they have settled: so there it is asked for only with its parts, which one answer tells."""
_PARTS = (_FINAL_WITH_PARTS, "profile_activity")
_MOST_PAGES = 10
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def read(harvester: Harvester) -> Iterator[Store]:
    listed = _active(harvester)
    stories, told = listed.stories, listed.metrics
    if not stories:
        return
    yield _store_seen(harvester, stories, listed.read_at)
    with harvester.transaction() as tx:
        known = known_stories(tx, harvester.account.id, [story.id for story in stories])
    costly = Costly(harvester)
    # The oldest first: it is the one whose time runs out.
    for story in sorted(stories, key=lambda story: story.timestamp or _LONG_AGO):
        one = known.get(story.id, KnownStory())
        if not story_is_due(story.timestamp, one.checked_at, now=clock.now()):
            continue
        tells_all = story_tells_all(story.timestamp, one.checked_at, now=clock.now())
        # What is read first tells the parts as well: until then nothing is known of them.
        parts = _PARTS if tells_all else () if one.checked_at else (_FINAL_WITH_PARTS,)
        read_at = listed.read_at if story.insights else clock.now()
        insights = _read_one(harvester, story, told if story.insights else (), but=parts)
        not_there = dict(one.not_on_facebook)
        if insights:
            insights += _read_costly(costly, story, parts, not_there if tells_all else None)
        if insights:
            changed = not_there if not_there != one.not_on_facebook else None
            yield _store_reading(harvester, story, insights, changed, read_at)


def wanted_metrics(harvester: Harvester) -> tuple[str, ...]:
    """What the list of stories is asked for along with it: nothing unless each that is up is due and has numbers.

    One with too few viewers, or one that refuses a metric, would fail the whole list.
    """
    now = clock.now()
    with harvester.transaction() as tx:
        up = stories_since(tx, harvester.account.id, now - STORY_LIFE)
    if not up or not all(one.checked_at and story_is_due(one.posted_at, one.checked_at, now=now) for one in up):
        return ()
    memory = harvester.memory
    is_ending = any(story_is_ending(one.posted_at, now=now) for one in up)
    plain = _plain(harvester, is_ending=is_ending)
    return tuple(name for name in plain if not (memory.holds(_PART + name) or memory.doubts(_PART + name)))


@dataclass(frozen=True)
class _Listed:
    """The stories that are up, the metrics that came with them, and when the list was asked for."""

    stories: list[GraphMedia]
    metrics: tuple[str, ...]
    read_at: datetime


def _active(harvester: Harvester) -> _Listed:
    given, read_at = harvester.take_given(), clock.now()
    if given is not None and given.page is not None:
        page, metrics, read_at = given.page, given.metrics, given.read_at
    else:
        page, metrics = _first_page(harvester)
    stories = {story.id: story for story in page.items}
    walk = harvester.walk(_LIST)
    walk.take(page)
    if not walk.is_over:
        for more in walk.pages(partial(_next_page, harvester), most=_MOST_PAGES - 1):
            stories |= {story.id: story for story in more.items}
        if not walk.is_over:
            harvester.note_longer(_LIST, _MOST_PAGES)
    return _Listed(list(stories.values()), metrics, read_at)


def _next_page(harvester: Harvester, after: str | None) -> Page[GraphMedia]:
    return harvester.ask(partial(harvester.client.stories.page, after=after))


def _first_page(harvester: Harvester) -> tuple[Page[GraphMedia], tuple[str, ...]]:
    page = harvester.client.stories.page
    metrics = wanted_metrics(harvester)
    if metrics:
        try:
            return harvester.ask(partial(page, insight_metrics=metrics)), metrics
        except GraphError as error:
            # Each story is asked by itself then, which finds out what it was.
            if not (is_refusal(error) or _tells_nothing(error)):
                raise
    return harvester.ask(page), ()


def _plain(harvester: Harvester, *, is_ending: bool) -> list[str]:
    metrics = catalogue.media_metrics(_KIND, Login(harvester.account.login))
    return [name for name in metrics if not (is_ending and name == _FINAL_WITH_PARTS)]


def _tells_nothing(error: GraphError) -> bool:
    return has_too_few_viewers(error) or has_no_insights(error) or is_gone(error)


def _read_one(harvester: Harvester, story: GraphMedia, told: Sequence[str], *, but: Sequence[str]) -> list[Insight]:
    """Its numbers. `told`: metrics that came with the list. `but`: those that are about to come with their parts."""
    plain = _plain(harvester, is_ending=story_is_ending(story.timestamp, now=clock.now()))
    left = [name for name in plain if name not in told and not (told and name in but)]
    ask = partial(harvester.client.insights.media, story.id, product_type=_KIND)
    sift = partial(harvester.sift, left, ask, part=_PART, unless_all=True)
    insights = list(story.insights or ()) if told else []
    try:
        for answer in harvester.ask_apart(f"story {story.id}", sift, can_wait=True) or ():
            insights += answer
    except GraphError as error:
        # A story may go while it is read: what it has told stays, and the next one is still there.
        if not _tells_nothing(error):
            raise
    return insights


def _read_costly(
    costly: Costly, story: GraphMedia, parts: Sequence[str], not_there: dict[str, datetime] | None
) -> list[Insight]:
    """What takes a call for each metric; `not_there` as of `Costly.alone`, None where that is not asked."""
    insights: list[Insight] = []
    try:
        for name in parts:
            insights += costly.parts(story.id, _KIND, name)
        if not_there is not None:
            for name in alone_of(_KIND):
                insights += costly.alone(story.id, _KIND, name, not_there=not_there)
    except GraphError as error:
        # A story may go while it is read: what it has told stays.
        if not _tells_nothing(error):
            raise
    return insights


def _store_seen(harvester: Harvester, stories: Sequence[GraphMedia], seen_at: datetime) -> Store:
    def store(tx: Session, _run_id: int) -> int:
        see_media(tx, harvester.account.id, [seen_media(story, is_story=True) for story in stories], now=seen_at)
        return 0

    return store


def _store_reading(
    harvester: Harvester,
    story: GraphMedia,
    insights: Sequence[Insight],
    not_there: Mapping[str, datetime] | None,
    read_at: datetime,
) -> Store:
    told: Told = {} if not_there is None else {"not_on_facebook": not_on_facebook(not_there) or None}

    def store(tx: Session, run_id: int) -> int:
        metrics, extra = media_numbers(insights)
        if not metrics and not extra:
            return 0
        ids = see_media(tx, harvester.account.id, [seen_media(story, is_story=True)], now=read_at)
        keep_states(tx, dict.fromkeys(ids.values(), told))
        readings = [MediaReading(ids[story.id], read_at, metrics, extra)] if story.id in ids else []
        return store_readings(tx, readings, run_id=run_id)

    return store

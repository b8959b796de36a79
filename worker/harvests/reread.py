"""Reads kept answers again with the parsers of today, and stores what they tell under the time at which it came.

The answers of one step belong together, as they did when they were read: of several that tell one value the last
counts, and a media's numbers are one reading. What the history knows already adds nothing, and nothing is overwritten:
an older answer is a point of its time, and speaks for the present only where no newer one did (`models.late_points`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.body import parsed
from graph.comments import read_comment
from graph.endpoints import Endpoint
from graph.insights import read_insights
from graph.media import Media as GraphMedia
from graph.media import read_media
from graph.paging import nested_page, read_page
from graph.reading import Node
from graph.users import read_profile
from models.comment import see_comments
from models.competitor import store_competitor
from models.insight import Audience, Observation, store_audience, store_observations
from models.media import Media, MediaReading, store_readings
from models.public_media import store_public_media
from models.raw_answer import RawAnswer, text_of
from models.tag import see_tags
from models.watch import Watch, WatchKind
from pressrun.errors import PressrunError
from worker.harvests import audience, online_followers
from worker.harvests.days import Ends, ends_with, is_midnight_somewhere, known_ends
from worker.harvests.parse import (
    audiences,
    competitor_counts,
    hourly,
    listed_counts,
    media_numbers,
    observations,
    parts_only,
    profile_observations,
    public_media,
    seen_comments,
    seen_tag,
)

_JUST_NOW = timedelta(seconds=10)


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


@dataclass(frozen=True)
class Reread:
    """What came of one step's answers. `rows`: how many the history grew by; `problems`: what could not be read."""

    rows: int
    problems: list[dict[str, str]]


@dataclass
class _Numbers:
    """What the answers of one step told of one media."""

    metrics: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    listed: GraphMedia | None = None
    """As a page showed it that was asked for numbers."""
    at: datetime | None = None


@dataclass
class _Told:
    """What the answers of one step tell together."""

    ends: Ends
    points: dict[tuple[str, str, str, datetime], tuple[datetime, Observation]] = field(default_factory=dict)
    media: dict[str, _Numbers] = field(default_factory=lambda: defaultdict(_Numbers))
    stores: list[Callable[[Session], int]] = field(default_factory=list)
    """What goes by single answers."""

    def add_points(self, points: Sequence[Observation], at: datetime) -> None:
        for one in points:
            self.points[one.metric, one.period, one.breakdown, one.period_end] = at, one


def reread(tx: Session, answers: Sequence[RawAnswer]) -> Reread:
    """Store what the answers of one step tell, oldest first; those without a parser tell nothing."""
    told = _Told(known_ends(tx, answers[0].account_id))
    problems = []
    for raw in answers:
        take = _TAKEN.get(raw.endpoint)
        if take is None:
            continue
        try:
            take(told, _kept(raw))
        except PressrunError as problem:
            where = f"{raw.endpoint}, answer {raw.number} of run {raw.run_id}"
            problems.append({"what": where, "at": raw.captured_at.isoformat(), "error": str(problem)})
    account_id, run_id = answers[0].account_id, answers[0].run_id
    rows = _store_points(tx, told, account_id, run_id) + _store_media(tx, told, account_id, run_id)
    return Reread(rows + sum(store(tx) for store in told.stores), problems)


def _kept(raw: RawAnswer) -> Kept:
    return Kept(
        account_id=raw.account_id,
        run_id=raw.run_id,
        captured_at=raw.captured_at,
        path=raw.asked["path"],
        params=raw.asked["params"],
        answer=parsed(text_of(raw.body)),
    )


def _store_points(tx: Session, told: _Told, account_id: int, run_id: int) -> int:
    by_time: dict[datetime, list[Observation]] = defaultdict(list)
    for at, point in told.points.values():
        by_time[at].append(point)
    return sum(
        store_observations(tx, account_id, points, captured_at=at, run_id=run_id)
        for at, points in sorted(by_time.items())
    )


def _store_media(tx: Session, told: _Told, account_id: int, run_id: int) -> int:
    known = select(Media.id, Media.ig_id).where(Media.account_id == account_id, Media.ig_id.in_(list(told.media)))
    readings = []
    for row in tx.execute(known) if told.media else ():
        one = told.media[row.ig_id]
        extra = one.extra | (listed_counts(one.listed, one.metrics) if one.listed else {})
        if one.at is not None and (one.metrics or extra):
            readings.append(MediaReading(row.id, one.at, one.metrics, extra))
    return store_readings(tx, readings, run_id=run_id)


def account_points(kept: Kept, ends: Ends) -> list[Observation]:
    """The points in an answer of account insights that is not about an audience."""
    insights = read_insights(kept.answer, Endpoint.ACCOUNT_INSIGHTS)
    until = _instant(kept.params.get("until"), kept.captured_at)
    if kept.params["metric"] == online_followers.METRIC:
        return hourly(insights, period_end=until)
    points = observations(insights, period_end=_end_of_day(kept, until, ends))
    return parts_only(points) if kept.params.get("breakdown") else points


def audience_counts(kept: Kept) -> list[Audience]:
    insights = read_insights(kept.answer, Endpoint.ACCOUNT_INSIGHTS)
    return audiences(insights, timeframe=kept.params["timeframe"])


def _account_insights(told: _Told, kept: Kept) -> None:
    if set(kept.params["metric"].split(",")) <= set(audience.METRICS):
        found = audience_counts(kept)
        told.stores.append(
            lambda tx: store_audience(tx, kept.account_id, found, captured_at=kept.captured_at, run_id=kept.run_id)
        )
        return
    points = account_points(kept, told.ends)
    is_total = kept.params.get("metric_type") == "total_value"
    if not is_total and kept.params["metric"] != online_followers.METRIC:
        told.ends = ends_with(told.ends, points)  # the totals that follow were asked from one of these to the next
    told.add_points(points, kept.captured_at)


def _profile(told: _Told, kept: Kept) -> None:
    told.add_points(profile_observations(read_profile(Node(kept.answer, Endpoint.USER))), kept.captured_at)


def _media_insights(told: _Told, kept: Kept) -> None:
    metrics, extra = media_numbers(read_insights(kept.answer, Endpoint.MEDIA_INSIGHTS))
    _add_numbers(told.media[kept.object_id], metrics, extra, kept.captured_at)


def _media_list(told: _Told, kept: Kept) -> None:
    has_numbers = "insights" in kept.params.get("fields", "")
    for media in read_page(kept.answer, Endpoint.MEDIA_LIST, read_media).items:
        one = told.media[media.id]
        # As when it was read: what was only listed is noted where its numbers were read one by one.
        one.listed = media
        if has_numbers:
            _add_numbers(one, *media_numbers(media.insights or ()), kept.captured_at)


def _stories(told: _Told, kept: Kept) -> None:
    for story in read_page(kept.answer, Endpoint.STORIES, read_media).items:
        if story.insights:
            _add_numbers(told.media[story.id], *media_numbers(story.insights), kept.captured_at)


def _add_numbers(one: _Numbers, metrics: Mapping[str, int], extra: Mapping[str, Any], at: datetime) -> None:
    one.metrics |= metrics
    one.extra |= extra
    one.at = at


def _tags(told: _Told, kept: Kept) -> None:
    items = read_page(kept.answer, Endpoint.TAGS, read_media, cursor_only=True).items
    seen = [seen_tag(item) for item in items]
    told.stores.append(lambda tx: see_tags(tx, kept.account_id, seen, now=kept.captured_at))


def _comments(told: _Told, kept: Kept) -> None:
    items = read_page(kept.answer, Endpoint.COMMENTS, read_comment).items
    seen = seen_comments(items, ig_media_id=kept.object_id)
    told.stores.append(lambda tx: see_comments(tx, kept.account_id, seen, now=kept.captured_at, are_shown=True))


def _competitor(told: _Told, kept: Kept) -> None:
    account = Node(kept.answer, Endpoint.BUSINESS_DISCOVERY).node("business_discovery")
    if account is None:
        return
    profile = read_profile(account)
    counts, seen = (
        competitor_counts(profile),
        [public_media(item) for item in nested_page(account, "media", read_media).items],
    )

    def store(tx: Session) -> int:
        watch = _watch(tx, kept, WatchKind.COMPETITOR, profile.id)
        if watch is None:
            return 0
        rows = store_competitor(tx, watch.id, counts, captured_at=kept.captured_at, run_id=kept.run_id)
        return rows + store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)

    told.stores.append(store)


def _hashtag(told: _Told, kept: Kept) -> None:
    seen = [public_media(item) for item in read_page(kept.answer, Endpoint.HASHTAG_TOP, read_media).items]

    def store(tx: Session) -> int:
        watch = _watch(tx, kept, WatchKind.HASHTAG, kept.object_id)
        if watch is None:
            return 0
        return store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)

    told.stores.append(store)


def _watch(tx: Session, kept: Kept, kind: WatchKind, ig_id: str) -> Watch | None:
    query = select(Watch).where(Watch.account_id == kept.account_id, Watch.kind == kind.value, Watch.ig_id == ig_id)
    return tx.scalars(query.order_by(Watch.id).limit(1)).first()


_TAKEN: Mapping[str, Callable[[_Told, Kept], None]] = {
    Endpoint.ACCOUNT_INSIGHTS.value: _account_insights,
    Endpoint.USER.value: _profile,
    Endpoint.MEDIA_INSIGHTS.value: _media_insights,
    Endpoint.MEDIA_LIST.value: _media_list,
    Endpoint.STORIES.value: _stories,
    Endpoint.TAGS.value: _tags,
    Endpoint.COMMENTS.value: _comments,
    Endpoint.BUSINESS_DISCOVERY.value: _competitor,
    Endpoint.HASHTAG_TOP.value: _hashtag,
    Endpoint.HASHTAG_RECENT.value: _hashtag,
}


def _instant(seconds: str | None, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else otherwise


def _end_of_day(kept: Kept, until: datetime, ends: Ends) -> datetime:
    """Where the day ended that a total was asked for: a day that is running is asked for up to now."""
    if is_midnight_somewhere(until) and kept.captured_at - until > _JUST_NOW:
        return until
    return ends.after(_instant(kept.params.get("since"), until - timedelta(seconds=1)))

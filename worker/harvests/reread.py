"""Reads a kept answer again with the parsers of today, and stores what it tells under the time at which it came.

What the history knows already adds nothing, and nothing is overwritten. As everywhere, an older answer does not speak
for the present: of a series that has been read since, only what was never known is added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.body import parsed
from graph.comments import read_comment
from graph.endpoints import Endpoint
from graph.insights import read_insights
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
from pressrun.pacific import days
from worker.harvests import audience, online_followers
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


def reread(tx: Session, raw: RawAnswer) -> int:
    """Store what the answer tells; returns how many rows the history grew by, 0 for what has no parser.

    Raises GraphError when the answer can no longer be read.
    """
    kept = Kept(
        account_id=raw.account_id,
        run_id=raw.run_id,
        captured_at=raw.captured_at,
        path=raw.asked["path"],
        params=raw.asked["params"],
        answer=parsed(text_of(raw.body)),
    )
    store = _STORES.get(raw.endpoint)
    return store(tx, kept) if store is not None else 0


def account_points(kept: Kept) -> list[Observation]:
    """The points in an answer of account insights that is not about an audience."""
    insights = read_insights(kept.answer, Endpoint.ACCOUNT_INSIGHTS)
    until = _instant(kept.params.get("until"), kept.captured_at)
    if kept.params["metric"] == online_followers.METRIC:
        return hourly(insights, period_end=until)
    points = observations(insights, period_end=_end_of_day(until))
    return parts_only(points) if kept.params.get("breakdown") else points


def audience_counts(kept: Kept) -> list[Audience]:
    insights = read_insights(kept.answer, Endpoint.ACCOUNT_INSIGHTS)
    return audiences(insights, timeframe=kept.params["timeframe"])


def _account_insights(tx: Session, kept: Kept) -> int:
    if set(kept.params["metric"].split(",")) <= set(audience.METRICS):
        found = audience_counts(kept)
        return store_audience(tx, kept.account_id, found, captured_at=kept.captured_at, run_id=kept.run_id)
    points = account_points(kept)
    return store_observations(tx, kept.account_id, points, captured_at=kept.captured_at, run_id=kept.run_id)


def _profile(tx: Session, kept: Kept) -> int:
    points = profile_observations(read_profile(Node(kept.answer, Endpoint.USER)))
    return store_observations(tx, kept.account_id, points, captured_at=kept.captured_at, run_id=kept.run_id)


def _media_insights(tx: Session, kept: Kept) -> int:
    metrics, extra = media_numbers(read_insights(kept.answer, Endpoint.MEDIA_INSIGHTS))
    return _store_numbers(tx, kept, {kept.object_id: (metrics, extra)})


def _media_list(tx: Session, kept: Kept) -> int:
    numbers = {}
    for media in read_page(kept.answer, Endpoint.MEDIA_LIST, read_media).items:
        metrics, extra = media_numbers(media.insights or ())
        numbers[media.id] = metrics, extra | listed_counts(media, metrics)
    return _store_numbers(tx, kept, numbers)


def _store_numbers(tx: Session, kept: Kept, numbers: Mapping[str, tuple[dict[str, int], dict[str, Any]]]) -> int:
    known = select(Media.id, Media.ig_id).where(Media.account_id == kept.account_id, Media.ig_id.in_(list(numbers)))
    readings = [
        MediaReading(row.id, kept.captured_at, *numbers[row.ig_id])
        for row in tx.execute(known)
        if any(numbers[row.ig_id])
    ]
    return store_readings(tx, readings, run_id=kept.run_id)


def _tags(tx: Session, kept: Kept) -> int:
    items = read_page(kept.answer, Endpoint.TAGS, read_media, cursor_only=True).items
    return see_tags(tx, kept.account_id, [seen_tag(item) for item in items], now=kept.captured_at)


def _comments(tx: Session, kept: Kept) -> int:
    items = read_page(kept.answer, Endpoint.COMMENTS, read_comment).items
    seen = seen_comments(items, ig_media_id=kept.object_id)
    return see_comments(tx, kept.account_id, seen, now=kept.captured_at, are_shown=True)


def _competitor(tx: Session, kept: Kept) -> int:
    account = Node(kept.answer, Endpoint.BUSINESS_DISCOVERY).node("business_discovery")
    if account is None:
        return 0
    page = nested_page(account, "media", read_media)
    profile = read_profile(account)
    watch = _watch(tx, kept, WatchKind.COMPETITOR, profile.id)
    if watch is None:
        return 0
    rows = store_competitor(tx, watch.id, competitor_counts(profile), captured_at=kept.captured_at, run_id=kept.run_id)
    seen = [public_media(item) for item in page.items]
    return rows + store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)


def _hashtag(tx: Session, kept: Kept) -> int:
    watch = _watch(tx, kept, WatchKind.HASHTAG, kept.object_id)
    if watch is None:
        return 0
    seen = [public_media(item) for item in read_page(kept.answer, Endpoint.HASHTAG_TOP, read_media).items]
    return store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)


def _watch(tx: Session, kept: Kept, kind: WatchKind, ig_id: str) -> Watch | None:
    query = select(Watch).where(Watch.account_id == kept.account_id, Watch.kind == kind.value, Watch.ig_id == ig_id)
    return tx.scalars(query.order_by(Watch.id).limit(1)).first()


_STORES: Mapping[str, Callable[[Session, Kept], int]] = {
    Endpoint.ACCOUNT_INSIGHTS.value: _account_insights,
    Endpoint.USER.value: _profile,
    Endpoint.MEDIA_INSIGHTS.value: _media_insights,
    Endpoint.MEDIA_LIST.value: _media_list,
    Endpoint.TAGS.value: _tags,
    Endpoint.COMMENTS.value: _comments,
    Endpoint.BUSINESS_DISCOVERY.value: _competitor,
    Endpoint.HASHTAG_TOP.value: _hashtag,
    Endpoint.HASHTAG_RECENT.value: _hashtag,
}


def _instant(seconds: str | None, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else otherwise


def _end_of_day(until: datetime) -> datetime:
    """Where Instagram's day ends in which the range ended: a day that is running is asked for up to now."""
    [yesterday, today] = days(until, closed=1)
    return yesterday.until if yesterday.until == until else today.until

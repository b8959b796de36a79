"""Reads kept answers again with the parsers of today, and stores what they tell as of when it was asked for.

The answers of one step belong together, as they did when they were read: of several that tell one value the last
counts, and a media's numbers are one reading. What the history knows already adds nothing, and nothing is overwritten:
an older answer is a point of its time, and speaks for the present only where no newer one did
(`models.history.late_points`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.accounts.insights import read_insights
from graph.accounts.media import read_media
from graph.accounts.users import read_profile
from graph.answers.aside import Aside, listening
from graph.answers.paging import read_page
from graph.answers.reading import Node
from graph.wire.body import parsed
from graph.wire.endpoints import Endpoint
from models.harvests.raw_answer import RawAnswer, text_of
from models.history.insight import Audience, Observation, store_audience, store_observations
from models.history.media import Media, MediaReading, store_readings
from pressrun.errors import PressrunError
from pressrun.log import redact
from worker.harvests import reread_lists
from worker.harvests.answers.days import Ends, ends_with, is_midnight_somewhere, known_ends
from worker.harvests.answers.parse import (
    audiences,
    hourly,
    listed_counts,
    media_numbers,
    observations,
    parts_only,
    profile_observations,
)
from worker.harvests.kept import Kept, Numbers, Told
from worker.harvests.kinds import audience, online_followers

_JUST_NOW = timedelta(seconds=10)


@dataclass(frozen=True)
class Reread:
    """What came of one step's answers. `rows`: how many the history grew by; `problems`: what could not be read."""

    rows: int
    problems: list[dict[str, str]]


def reread(tx: Session, answers: Sequence[RawAnswer]) -> Reread:
    """Store what the answers of one step tell, oldest first; those without a parser tell nothing."""
    told = Told(known_ends(tx, answers[0].account_id))
    problems: list[dict[str, str]] = []
    for raw in answers:
        take = _TAKEN.get(raw.endpoint)
        if take is None:
            continue
        asides: list[Aside] = []
        errors: list[str] = []
        try:
            with listening(asides.append):
                take(told, _kept(raw))
        except PressrunError as problem:
            errors.append(str(problem))
        errors += (f"set aside: {one.where} {one.why}" for one in asides)
        where = f"{raw.endpoint}, answer {raw.number} of run {raw.run_id}"
        problems += ({"what": where, "at": raw.captured_at.isoformat(), "error": redact(error)} for error in errors)
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


def _store_points(tx: Session, told: Told, account_id: int, run_id: int) -> int:
    by_time: dict[datetime, list[Observation]] = defaultdict(list)
    for at, point in told.points.values():
        by_time[at].append(point)
    return sum(
        store_observations(tx, account_id, points, captured_at=at, run_id=run_id)
        for at, points in sorted(by_time.items())
    )


def _store_media(tx: Session, told: Told, account_id: int, run_id: int) -> int:
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
    if kept.params["metric"] == online_followers.METRIC:
        return hourly(insights)
    if not _is_total(kept):
        return observations(insights)
    points = observations(insights, period_end=_end_of_day(kept, ends))
    return parts_only(points) if kept.params.get("breakdown") else points


def audience_counts(kept: Kept) -> list[Audience]:
    insights = read_insights(kept.answer, Endpoint.ACCOUNT_INSIGHTS)
    return audiences(insights, timeframe=kept.params["timeframe"])


def _account_insights(told: Told, kept: Kept) -> None:
    if set(kept.params["metric"].split(",")) <= set(audience.METRICS):
        found = audience_counts(kept)
        told.stores.append(
            lambda tx: store_audience(tx, kept.account_id, found, captured_at=kept.captured_at, run_id=kept.run_id)
        )
        return
    points = account_points(kept, told.ends)
    if not _is_total(kept) and kept.params["metric"] != online_followers.METRIC:
        told.ends = ends_with(told.ends, points)  # the totals that follow were asked from one of these to the next
    told.add_points(points, kept.captured_at)


def _profile(told: Told, kept: Kept) -> None:
    told.add_points(profile_observations(read_profile(Node(kept.answer, Endpoint.USER))), kept.captured_at)


def _media_insights(told: Told, kept: Kept) -> None:
    metrics, extra = media_numbers(read_insights(kept.answer, Endpoint.MEDIA_INSIGHTS))
    _add_numbers(told.media[kept.object_id], metrics, extra, kept.captured_at)


def _media_list(told: Told, kept: Kept) -> None:
    has_numbers = "insights" in kept.params.get("fields", "")
    for media in read_page(kept.answer, Endpoint.MEDIA_LIST, read_media).items:
        one = told.media[media.id]
        # As when it was read: what was only listed is noted where its numbers were read one by one.
        one.listed, one.listed_at = media, one.listed_at or kept.captured_at
        if has_numbers:
            _add_numbers(one, *media_numbers(media.insights or ()), kept.captured_at)


def _stories(told: Told, kept: Kept) -> None:
    for story in read_page(kept.answer, Endpoint.STORIES, read_media).items:
        if story.insights:
            _add_numbers(told.media[story.id], *media_numbers(story.insights), kept.captured_at)


def _add_numbers(one: Numbers, metrics: Mapping[str, int], extra: Mapping[str, Any], at: datetime) -> None:
    one.metrics |= metrics
    one.extra |= extra
    one.told_at = one.told_at or at


_TAKEN: Mapping[str, Callable[[Told, Kept], None]] = {
    Endpoint.ACCOUNT_INSIGHTS.value: _account_insights,
    Endpoint.USER.value: _profile,
    Endpoint.MEDIA_INSIGHTS.value: _media_insights,
    Endpoint.MEDIA_LIST.value: _media_list,
    Endpoint.STORIES.value: _stories,
    Endpoint.TAGS.value: reread_lists.tags,
    Endpoint.COMMENTS.value: reread_lists.comments,
    Endpoint.REPLIES.value: reread_lists.replies,
    Endpoint.COMMENT.value: reread_lists.comment,
    Endpoint.BUSINESS_DISCOVERY.value: reread_lists.competitor,
    Endpoint.HASHTAG_TOP.value: reread_lists.hashtag_top,
    Endpoint.HASHTAG_RECENT.value: reread_lists.hashtag_recent,
}


def _instant(seconds: str | None, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else otherwise


def _is_total(kept: Kept) -> bool:
    return kept.params.get("metric_type") == "total_value"


def _end_of_day(kept: Kept, ends: Ends) -> datetime:
    """Where the day ended that a total was asked for: a day that is running is asked for up to now."""
    until = _instant(kept.params.get("until"), kept.captured_at)
    if is_midnight_somewhere(until) and kept.captured_at - until > _JUST_NOW:
        return until
    return ends.after(_instant(kept.params.get("since"), until - timedelta(seconds=1)))

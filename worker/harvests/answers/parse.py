"""Graph answers → readings and observations. Pure functions.

What Instagram left out stays out: an absent value is unknown and never becomes 0. A number without a column of its own
is kept in `extra` under Instagram's name, so that a metric it adds or renames is not lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from graph.accounts.insights import Breakdown, Insight
from graph.accounts.media import Media as GraphMedia
from graph.accounts.users import Profile
from graph.answers.aside import set_aside
from graph.conversation.comments import Comment as GraphComment
from graph.wire.endpoints import Endpoint
from models.history.comment import SeenComment
from models.history.insight import MOMENT, NO_PERIOD, Audience, Observation
from models.history.media import SeenMedia
from models.history.public_media import SeenPublicMedia
from models.history.tag import SeenTag
from models.meanings.metrics import MEDIA, MOMENT_METRICS, Unit, media_column

# Meta spells one dimension in two ways (graph-api.md §6.1); the history has one series for both.
_DIMENSION_OF: Mapping[str, str] = {"follower_type": "follow_type"}

_LARGEST = 2**63
"""What a count may not reach; a number that does is kept in `extra`."""
ODD = "odd"
"""Key in `extra`: what was of the wrong kind for its own column, as it came."""

_UNDATED = "have no end_time, and of which time they are is not known otherwise"

Numbers = tuple[dict[str, int], dict[str, Any]]


def media_numbers(insights: Iterable[Insight]) -> Numbers:
    """(column → value, the rest by name) of one media. A part of a breakdown is named `metric:dimension=value`."""
    metrics: dict[str, int] = {}
    extra: dict[str, Any] = {}
    for insight in insights:
        for name, value in _lifetime_values(insight):
            column, whole = media_column(name), _whole(name, value)
            if column is not None and whole is not None and abs(whole) < _LARGEST:
                metrics[column] = whole
            else:
                extra[name] = value
                if column is not None:
                    why = "is no whole number" if whole is None else "is too large for a count"
                    set_aside(Endpoint.MEDIA_INSIGHTS, name, f"{why}: {str(value)[:30]}")
    return metrics, extra


def _whole(name: str, value: int | float) -> int | None:
    """The number as its column takes it: times to the millisecond; of counts only what is one."""
    if isinstance(value, int):
        return value
    is_time = name in MEDIA and MEDIA[name].unit is Unit.MILLISECONDS
    return round(value) if math.isfinite(value) and (is_time or value.is_integer()) else None


def observations(insights: Iterable[Insight], *, period_end: datetime | None = None) -> list[Observation]:
    """Points of the account. A series brings its own period ends; a total belongs to the window that was asked for,
    whose end is `period_end`. Without one, what brings no end of its own belongs nowhere and is set aside."""
    points = []
    for insight in insights:
        period = insight.period or "day"
        for one in insight.values:
            end = one.end_time or period_end
            if isinstance(one.value, Mapping):
                _leave_out(insight, one.value, "of a day are a map, and by what it divides the day is not said")
            elif one.value is not None and end is None:
                _leave_out(insight, one.value, _UNDATED)
            elif one.value is not None and end is not None:
                points.append(Observation(insight.name, period, "", end, one.value))
        told = _total(insight)
        if period_end is None:
            _leave_out(insight, told, _UNDATED)
        else:
            points += [Observation(insight.name, period, part, period_end, value) for part, value in told.items()]
    return points


def hourly(insights: Iterable[Insight]) -> list[Observation]:
    """Points of a metric that maps an hour of the day to a count; a day without hours is unknown and left out."""
    points = []
    for insight in insights:
        period = insight.period or "lifetime"
        _leave_out(insight, _total(insight), _UNDATED)
        for one in insight.values:
            if one.end_time is None:
                _leave_out(insight, one.value, _UNDATED)
            elif isinstance(one.value, Mapping):
                points += [
                    Observation(insight.name, period, f"hour={hour}", one.end_time, count)
                    for hour, count in one.value.items()
                ]
            elif one.value is not None:
                # The shape is not confirmed (graph-api.md §6.1): a plain number is kept as one.
                points.append(Observation(insight.name, period, "", one.end_time, one.value))
    return points


def _total(insight: Insight) -> dict[str, int | float]:
    """The whole of a total, which is named "", and its parts."""
    if insight.total is None:
        return {}
    whole = {} if insight.total.value is None else {"": insight.total.value}
    return whole | dict(_parts(insight.total.breakdowns))


def _leave_out(insight: Insight, value: object, why: str) -> None:
    """Tell of values that nothing can be made of. Where there is none, nothing is lacking."""
    if value is not None and value != {}:
        set_aside(Endpoint.ACCOUNT_INSIGHTS, f"{insight.name}.values", why)


def parts_only(points: Iterable[Observation]) -> list[Observation]:
    """The points of breakdowns, without the whole: that comes from a call of its own."""
    return [point for point in points if point.breakdown]


def audiences(insights: Iterable[Insight], *, timeframe: str) -> list[Audience]:
    """Demographic breakdowns. One without results is unknown and left out."""
    found = []
    for insight in insights:
        for one in insight.values:
            _leave_out(
                insight, one.value, "of an audience stand beside its breakdowns, and of which they are is not said"
            )
        for breakdown in insight.total.breakdowns if insight.total else ():
            keys = ",".join(breakdown.dimension_keys)
            counts = _told_once(keys, (("|".join(one.dimension_values), one.value) for one in breakdown.results))
            if counts and keys:
                found.append(Audience(insight.name, timeframe, keys, counts))
    return found


def profile_observations(profile: Profile) -> list[Observation]:
    """The counts of a profile: values of a moment."""
    counts = {name: getattr(profile, name) for name in MOMENT_METRICS}
    return [
        Observation(name, MOMENT, "", NO_PERIOD, value) for name, value in sorted(counts.items()) if value is not None
    ]


def seen_media(media: GraphMedia, *, is_story: bool = False) -> SeenMedia:
    """A media as a listing showed it. Stories are known by their list: Instagram Login may not name the product."""
    shown = {"shortcode": media.shortcode, "alt_text": media.alt_text, "is_shared_to_feed": media.is_shared_to_feed}
    return SeenMedia(
        ig_id=media.id,
        media_type=media.media_type,
        media_product_type="STORY" if is_story else media.media_product_type,
        caption=media.caption,
        permalink=media.permalink,
        posted_at=media.timestamp,
        extra={name: value for name, value in shown.items() if value is not None} | _odd(media),
    )


def listed_counts(media: GraphMedia, metrics: Mapping[str, int]) -> dict[str, Any]:
    """What the listing itself counts, where no insight says it: older media have no insights, but likes."""
    counts = (("likes", "like_count", media.like_count), ("comments", "comments_count", media.comments_count))
    return {name: value for column, name, value in counts if value is not None and column not in metrics}


def seen_tag(media: GraphMedia) -> SeenTag:
    counts = {"like_count": media.like_count, "comments_count": media.comments_count, "media_url": media.media_url}
    return SeenTag(
        ig_media_id=media.id,
        username=media.username,
        caption=media.caption,
        media_type=media.media_type,
        permalink=media.permalink,
        posted_at=media.timestamp,
        extra={name: value for name, value in counts.items() if value is not None} | _odd(media),
    )


def seen_comments(comments: Iterable[GraphComment], *, ig_media_id: str) -> list[SeenComment]:
    """Comments with the replies that came along, each with its parent."""
    seen = []
    for comment in comments:
        seen.append(seen_comment(comment, ig_media_id=ig_media_id))
        seen += [seen_comment(reply, ig_media_id=ig_media_id, parent_ig_id=comment.id) for reply in comment.replies]
    return seen


def seen_comment(comment: GraphComment, *, ig_media_id: str, parent_ig_id: str | None = None) -> SeenComment:
    """`extra` holds what was true when it was seen first."""
    told = {"like_count": comment.like_count}
    return SeenComment(
        ig_id=comment.id,
        ig_media_id=comment.media_id or ig_media_id,
        parent_ig_id=comment.parent_id or parent_ig_id,
        username=comment.username,
        text=comment.text,
        commented_at=comment.timestamp,
        is_hidden=comment.hidden,
        extra={name: value for name, value in told.items() if value is not None} | _odd(comment),
    )


def competitor_counts(profile: Profile) -> dict[str, int]:
    """The public counts of another account, as far as it shows them."""
    counts = {name: getattr(profile, name) for name in MOMENT_METRICS}
    return {name: value for name, value in counts.items() if value is not None}


def public_media(media: GraphMedia) -> SeenPublicMedia:
    return SeenPublicMedia(
        ig_id=media.id,
        media_type=media.media_type,
        caption=media.caption,
        permalink=media.permalink,
        posted_at=media.timestamp,
        like_count=media.like_count,
        comments_count=media.comments_count,
        view_count=media.view_count,
    )


def _lifetime_values(insight: Insight) -> Iterator[tuple[str, int | float]]:
    """Every number in a media's metric, the whole under its name."""
    for one in insight.values:
        if isinstance(one.value, int | float):
            yield insight.name, one.value
        elif one.value is not None:
            for key, value in one.value.items():
                yield f"{insight.name}:{key}", value
    if insight.total is not None:
        if insight.total.value is not None:
            yield insight.name, insight.total.value
        for breakdown, value in _parts(insight.total.breakdowns):
            yield f"{insight.name}:{breakdown}", value


def _parts(breakdowns: Iterable[Breakdown]) -> Iterator[tuple[str, int | float]]:
    """(`dimension=value`, number) of each part; several dimensions are joined by a comma."""
    for breakdown in breakdowns:
        keys = [_DIMENSION_OF.get(key, key) for key in breakdown.dimension_keys]
        if len(set(keys)) < len(keys):  # two spellings of one
            set_aside(Endpoint.ACCOUNT_INSIGHTS, "dimension_keys", f"name {' and '.join(keys)}, of which two are one")
            continue
        named = (
            (",".join(f"{key}={value}" for key, value in zip(keys, one.dimension_values, strict=True)), one.value)
            for one in breakdown.results
        )
        yield from _told_once(",".join(keys), named).items()


def _told_once(what: str, pairs: Iterable[tuple[str, int | float | None]]) -> dict[str, int | float]:
    """The numbers by name. Of a name that would stand for several of them, none is kept: nobody gave it."""
    found: dict[str, int | float] = {}
    doubled = set()
    for name, value in pairs:
        if value is None:
            continue
        if found.setdefault(name, value) != value:
            doubled.add(name)
    for name in doubled:
        del found[name]
        set_aside(Endpoint.ACCOUNT_INSIGHTS, what, f"has several numbers that would all be called {name!r}")
    return found


def _odd(item: GraphMedia | GraphComment) -> dict[str, Any]:
    """What is ours to know and was of the wrong kind, under one key: `extra` has names of our own beside it."""
    if not item.extra:
        return {}
    names = {one.name for one in fields(item)} & item.extra.keys()
    return {ODD: {name: item.extra[name] for name in sorted(names)}} if names else {}

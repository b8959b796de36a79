"""GET /{media}/insights and `insights.metric(…)` in field expansion (graph-api.md §6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.insights.rows import breakdown, row, shown, wanted_metrics, wanted_period
from simulator.nodes.media import MEDIA
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.protocol.params import Params
from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.metrics import media_value, split, weights
from simulator.world.records import Login, Media

_EVERY = "reach views shares total_interactions reposts facebook_views total_views impressions"
_POST = "likes comments saved total_likes total_comments"
_PROFILE = "follows profile_visits profile_activity"
_REEL = "ig_reels_avg_watch_time ig_reels_video_view_total_time reels_skip_rate crossposted_views"
METRICS: Mapping[str, frozenset[str]] = {
    "FEED": frozenset(f"{_EVERY} {_POST} {_PROFILE}".split()),
    "REELS": frozenset(f"{_EVERY} {_POST} {_REEL}".split()),
    "STORY": frozenset(f"{_EVERY} {_PROFILE} replies navigation link_clicks".split()),
}
_FACEBOOK_ONLY = frozenset({"link_clicks", "total_likes", "total_comments", "total_views"})
_ON_FACEBOOK = frozenset({"facebook_views", "crossposted_views"})
_BREAKDOWNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "profile_activity": ("action_type", ("bio_link_clicked", "call", "direction", "email", "other", "text")),
    "navigation": ("story_navigation_action_type", ("tap_forward", "swipe_forward", "tap_exit", "tap_back")),
}
_IMPRESSIONS_ENDED = 1_719_878_400  # 2024-07-02
_LEAST_VIEWERS = 5
_KEPT_S = 2 * 365 * DAY


@endpoint("media_insights", "GET", "media/insights", params="metric period breakdown", need=Need.INSIGHTS)
def insights(call: Call, media: Media) -> Any:
    return _insights(call, media, call.params, call.fields())


@MEDIA.field("insights")
def _insights_in_media(call: Call, media: Media, field: Field) -> Any:
    if media.account is None:
        raise errors.no_field("insights", "IGMedia")
    call.need(Need.INSIGHTS, media.account)
    return _insights(call, media, Params(field.modifiers), field.sub or ())


def _insights(call: Call, media: Media, params: Params, selection: tuple[Field, ...]) -> Any:
    world, now = call.world, call.world.now()
    if media.parent_id is not None:
        raise errors.unsupported(media.id)
    metrics = wanted_metrics(params, METRICS.get(media.product_type, frozenset()))
    if wanted_period(params) not in {None, "lifetime"}:
        raise errors.invalid("period must be lifetime")
    for metric in metrics:
        _check(call, media, metric)
    if _is_before_conversion(media):
        raise errors.GraphError(
            100, "Media Posted Before Business Account Conversion", subcode=2108006, title="Media too old"
        )
    breakdowns = params.listing("breakdown")
    for metric in metrics:
        if breakdowns and breakdowns != [_BREAKDOWNS.get(metric, ("", ()))[0]]:
            raise errors.unknown_error()
    if media.is_story:
        if not media.is_live_story(now):
            if world.reading("expired_story", "empty") == "error":
                raise errors.unsupported(media.id)
            return {"data": []}
        if media_value(world, media, "reach", now) < _LEAST_VIEWERS:
            raise errors.too_few_viewers()
    if now - media.at > _KEPT_S:
        return {"data": []}
    rows = [_row(call, media, metric, bool(breakdowns)) for metric in metrics]
    return {"data": shown(call, rows, selection)}


def _check(call: Call, media: Media, metric: str) -> None:
    if metric in _FACEBOOK_ONLY and call.login is not Login.FACEBOOK:
        raise errors.invalid(f"metric {metric} is not available on Instagram Login")
    if metric in _ON_FACEBOOK and not is_on_facebook(media):
        raise errors.invalid(f"metric {metric}: the media was not shared to Facebook")
    if metric == "impressions" and media.at >= _IMPRESSIONS_ENDED:
        raise errors.invalid("metric impressions is no longer supported for media of after 2024-07-02")


def is_on_facebook(media: Media) -> bool:
    """Every second Facebook Login account shares to its Page as well."""
    account = media.account
    return account is not None and account.login is Login.FACEBOOK and account.index % 4 == 0


def _is_before_conversion(media: Media) -> bool:
    """Every third account became a business after its first media."""
    account = media.account
    return account is not None and account.index % 3 == 2 and media.id == ids.seeded_media(account.index, 0)


def _row(call: Call, media: Media, metric: str, is_broken_down: bool) -> dict[str, Any]:
    world = call.world
    value = media_value(world, media, metric, world.now())
    content: dict[str, Any] = {"values": [{"value": value}]}
    if is_broken_down:
        key, names = _BREAKDOWNS[metric]
        shares = split(int(value), weights(names, world.seed, media.id, metric))
        parts: dict[tuple[str, ...], int] = {(name,): count for name, count in shares.items()}
        content["total_value"] = {"value": value, "breakdowns": [breakdown([key], parts)]}
    return row(media.id, metric, "lifetime", **content)

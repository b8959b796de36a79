"""The numbers behind insights: functions of seed, object, metric, day and now.

They grow with age, are restated while younger than 48 hours, and stand still after that (graph-api.md §6).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulator.world.clock import DAY
from simulator.world.followers import followers
from simulator.world.noise import between, unit
from simulator.world.records import Account, Media
from simulator.world.world import World

PACIFIC = ZoneInfo("America/Los_Angeles")
_HOUR = 3600.0
_REFRESH_S = 900.0  # Instagram computes anew now and then, not at every read
_RESTATED_S = 2 * DAY

_SHARE_OF_REACH: Mapping[str, tuple[float, float]] = {
    "views": (1.2, 2.2),
    "likes": (0.03, 0.11),
    "comments": (0.001, 0.008),
    "saved": (0.004, 0.02),
    "saves": (0.004, 0.02),
    "shares": (0.002, 0.015),
    "reposts": (0.001, 0.006),
    "replies": (0.002, 0.01),
    "follows": (0.001, 0.004),
    "profile_visits": (0.005, 0.02),
    "profile_activity": (0.002, 0.008),
    "profile_links_taps": (0.002, 0.01),
    "accounts_engaged": (0.04, 0.13),
    "follows_and_unfollows": (0.002, 0.008),
    "follower_count": (0.001, 0.004),
    "navigation": (0.8, 1.4),
    "link_clicks": (0.001, 0.006),
    "facebook_views": (0.1, 0.4),
    "crossposted_views": (1.3, 2.6),
    "impressions": (1.1, 1.9),
}


def media_value(world: World, media: Media, metric: str, now: float) -> float:
    """The lifetime value of a media's metric as known at `now`."""
    if metric == "reach":
        return _media_reach(world, media, now)
    if metric == "comments":
        return sum(1 for comment in media.comments if not comment.is_deleted and comment.at <= now)
    if metric == "total_interactions":
        parts = ("likes", "comments", "saved", "shares", "reposts")
        return sum(media_value(world, media, part, now) for part in parts)
    if metric == "ig_reels_avg_watch_time":
        return int(between(3500, 9500, world.seed, media.id, metric))
    if metric == "ig_reels_video_view_total_time":
        watch = media_value(world, media, "ig_reels_avg_watch_time", now)
        return watch * media_value(world, media, "views", now)
    if metric == "reels_skip_rate":
        return round(between(18, 62, world.seed, media.id, metric), 1)
    if metric in {"total_likes", "total_comments", "total_views"}:
        own = media_value(world, media, metric.removeprefix("total_"), now)
        return own + int(own * between(0, 0.3, world.seed, media.id, metric))
    low, high = _SHARE_OF_REACH[metric]
    return int(_media_reach(world, media, now) * between(low, high, world.seed, media.id, metric))


def _media_reach(world: World, media: Media, now: float) -> int:
    age = max(0.0, now - media.at)
    seen = age - age % _REFRESH_S
    audience = followers(world, media.account, world.epoch) if media.account else 4_000
    wide, slow = {"REELS": (1.8, 60.0), "STORY": (0.35, 6.0)}.get(media.product_type, (0.8, 20.0))
    total = 25 + audience * wide * between(0.3, 1.1, world.seed, media.id, "reach")
    return int(total * -math.expm1(-seen / (slow * _HOUR)) * _restated(seen, world.seed, media.id))


def _restated(age: float, *key: object) -> float:
    """Correction of what is younger than 48 hours, changing every few hours, in both directions."""
    if age >= _RESTATED_S:
        return 1.0
    return between(0.94, 1.03, *key, "restated", age // (3 * _HOUR))


def zone_of(world: World, account: Account) -> ZoneInfo:
    """Where the days of the account's insights end: sources disagree, so one may choose (graph-api.md §6.1)."""
    return ZoneInfo(account.timezone) if world.reading("insight_day", "pacific") == "account" else PACIFIC


def day_of(instant: float, zone: ZoneInfo = PACIFIC) -> date:
    """The day to which Instagram books an instant."""
    return datetime.fromtimestamp(instant, zone).date()


def end_of(day: date, zone: ZoneInfo = PACIFIC) -> float:
    """The midnight that ends the day; the Pacific one is at 07:00 or 08:00 UTC."""
    return datetime.combine(day + timedelta(days=1), time(0), zone).timestamp()


def known_until(now: float) -> float:
    """Up to when events have been counted at `now`."""
    return now - now % _REFRESH_S


def account_day(world: World, account: Account, metric: str, day: date, now: float) -> int:
    """One day's value as known at `now`: partial while the day runs, restated for 48 hours after it."""
    zone = zone_of(world, account)
    end = end_of(day, zone)
    start = end_of(day - timedelta(days=1), zone)
    if now <= start:
        return 0
    if metric == "total_interactions":
        parts = ("likes", "comments", "saves", "shares", "reposts")
        return sum(account_day(world, account, part, day, now) for part in parts)
    key = (world.seed, account.index, metric, day.isoformat())
    audience = account.base_followers if account.followers is None else account.followers
    value = audience * between(0.25, 0.9, world.seed, account.index, "reach", day.isoformat())
    if metric != "reach":
        low, high = _SHARE_OF_REACH[metric]
        value *= between(low, high, *key)
    elapsed = known_until(now)
    ran = min(1.0, max(0.0, (elapsed - start) / (end - start)))
    return int(value * ran * _restated(max(0.0, elapsed - end), *key))


def split(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`total` over the keys by weight; the parts add up to it."""
    whole = sum(weights.values())
    parts = {name: int(total * weight / whole) for name, weight in weights.items()}
    if parts:
        parts[max(parts, key=lambda name: weights[name])] += total - sum(parts.values())
    return parts


def weights(names: tuple[str, ...], *key: object) -> dict[str, float]:
    """Some share for each name, falling along the list."""
    return {name: (0.35 + unit(*key, name)) / (1 + at * 0.6) for at, name in enumerate(names)}

"""Lists of media below an account: its own, its stories, its broadcast, those that tag it (graph-api.md §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.permissions import Need, check
from simulator.calls.routing import endpoint
from simulator.nodes.media import MEDIA, key
from simulator.nodes.users import USER
from simulator.protocol.fields import Field
from simulator.protocol.params import Params
from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.records import Account, Media

_PAGING = "limit after before since until"
_TAG_FILTERS = "media_type posted_after posted_before"


def listing(call: Call, account: Account, wanted: list[Media], args: Mapping[str, Any], field: Field | None) -> Any:
    """A page of media below an account; `field` is set inside a field expansion."""
    selection = call.fields() if field is None else (field.sub or ())
    edge = "media" if field is None else field.name
    return paging.page(
        call,
        sorted(wanted, key=key, reverse=True),
        key=key,
        render=lambda media: MEDIA.render(call, media, selection),
        args=args,
        path=f"{account.ig_id}/{call.path[1] if field is None else edge}",
    )


def feed(call: Call, account: Account, args: Mapping[str, Any]) -> list[Media]:
    """Newest 10,000 media without stories, within `since` and `until`."""
    times = Params(args)
    since, until = times.instant("since"), times.instant("until")
    kept = [
        media
        for media in visible(call, account)
        if not media.is_story
        and not media.is_deleted
        and (since is None or media.at >= since)
        and (until is None or media.at <= until)
    ]
    return sorted(kept, key=key)[-10_000:]


@endpoint("user_media", "GET", "user/media", params=_PAGING, need=Need.MEDIA_LIST)
def user_media(call: Call, account: Account) -> Any:
    return listing(call, account, feed(call, account, call.params), call.params, None)


@USER.field("media")
def media_in_user(call: Call, account: Account, field: Field) -> Any:
    return listing(call, account, feed(call, account, field.modifiers), field.modifiers, field)


@endpoint("stories", "GET", "user/stories", params=_PAGING)
def stories(call: Call, account: Account) -> Any:
    return listing(call, account, live_stories(call, account), call.params, None)


@USER.field("stories")
def _stories_in_user(call: Call, account: Account, field: Field) -> Any:
    return listing(call, account, live_stories(call, account), field.modifiers, field)


def live_stories(call: Call, account: Account) -> list[Media]:
    now = call.world.now()
    return [media for media in visible(call, account) if media.is_live_story(now)]


def visible(call: Call, account: Account) -> list[Media]:
    """The account's media; a stale list does not know the youngest yet."""
    media = call.world.media_of(account)
    if call.rule is None or call.rule.mode != "stale":
        return media
    limit = call.world.now() - call.rule.seconds
    return [item for item in media if item.at <= limit]


@endpoint("live_media", "GET", "user/live_media", params=_PAGING)
def live_media(call: Call, account: Account) -> Any:
    """Only while the account broadcasts, which `/_sim/account` makes it do."""
    if call.world.now() >= account.live_until:
        return {"data": []}
    started = account.live_until - DAY
    broadcast = Media(
        id=ids.broadcast(account.index),
        account=account,
        username=account.username,
        media_type="BROADCAST",
        product_type="LIVE",
        caption=None,
        at=max(started, call.world.epoch),
    )
    return listing(call, account, [broadcast], call.params, None)


@endpoint("tags", "GET", "user/tags", params=f"limit after before {_TAG_FILTERS}", need=Need.COMMENTS)
def tags(call: Call, account: Account) -> Any:
    return _tags(call, account, call.params, call.fields())


@USER.field("tags")
def _tags_in_user(call: Call, account: Account, field: Field) -> Any:
    check(Need.COMMENTS, account)
    return _tags(call, account, field.modifiers, field.sub or ())


def _tags(call: Call, account: Account, args: Mapping[str, Any], selection: tuple[Field, ...]) -> Any:
    """Cursors only: this list has no next and no previous."""
    call.world.media_of(account)
    return paging.page(
        call,
        sorted(_chosen(account.tags, Params(args)), key=key, reverse=True),
        key=key,
        render=lambda media: MEDIA.render(call, media, selection),
        args=args,
        path=f"{account.ig_id}/tags",
        has_links=False,
    )


def _chosen(tags: list[Media], filters: Params) -> list[Media]:
    kind, after, before = filters.text("media_type"), filters.instant("posted_after"), filters.instant("posted_before")
    return [
        media
        for media in tags
        if (not kind or media.media_type == kind)
        and (after is None or media.at > after)
        and (before is None or media.at < before)
    ]

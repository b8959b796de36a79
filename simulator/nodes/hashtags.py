"""Hashtag search with its budget of 30 unique hashtags in 7 days, and public media below one (graph-api.md §5.3)."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.media import MEDIA, key
from simulator.protocol import errors
from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.journal import Event
from simulator.world.noise import whole
from simulator.world.people import stranger
from simulator.world.records import Account, Hashtag, Media
from simulator.world.world import World, applies

HASHTAG = NodeType("IGHashtag")
_BUDGET = 30
_WEEK = 7 * DAY
_EVERY_S = 1200
_TOP = 60
_PAGING = "user_id limit after"
_SHOWN = "id caption children comments_count like_count media_type media_url permalink timestamp"
_FIELDS = frozenset(_SHOWN.split())


def hashtag_id(name: str) -> str:
    """Static and global: the same in every world."""
    return ids.HASHTAG + _twelve_digits(name)


def _twelve_digits(text: str) -> str:
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
    return f"{number % 10**12:012d}"


@endpoint("hashtag_search", "GET", "/ig_hashtag_search", params="user_id q", need=Need.HASHTAGS, is_platform=True)
def search(call: Call, _account: Account | None) -> Any:
    account = _user(call)
    name = call.params.required("q").strip().lower()
    if not re.fullmatch(r"\w{1,100}", name):
        raise errors.invalid("q must be a hashtag without # and without emoji")
    now = call.world.now()
    fresh = [known for known, at in account.hashtags.items() if now - at < _WEEK]
    if name not in fresh:
        if len(fresh) >= _BUDGET:
            raise errors.too_many_hashtags()
        call.world.commit("hashtag.searched", account=account.index, name=name, at=now)
    return {"data": [HASHTAG.render(call, call.world.nodes[hashtag_id(name)], call.fields())]}


@applies("hashtag.searched")
def _searched(world: World, event: Event) -> None:
    name = event["name"]
    world.accounts[event["account"]].hashtags[name] = event["at"]
    hashtag = Hashtag(hashtag_id(name), name)
    world.nodes[hashtag.id] = hashtag


@endpoint(
    "recently_searched_hashtags",
    "GET",
    "user/recently_searched_hashtags",
    params="limit after before",
    need=Need.HASHTAGS,
    is_platform=True,
)
def recently_searched(call: Call, account: Account) -> Any:
    now = call.world.now()
    fresh = [(at, hashtag_id(name)) for name, at in account.hashtags.items() if now - at < _WEEK]
    return paging.page(
        call,
        sorted(fresh, reverse=True),
        key=lambda pair: pair,
        render=lambda pair: HASHTAG.render(call, call.world.nodes[pair[1]], call.fields()),
        args=call.params,
        path=f"{account.ig_id}/recently_searched_hashtags",
        default=25,
        most=30,
    )


@endpoint("hashtag_node", "GET", "hashtag", need=Need.HASHTAGS, is_platform=True)
def read(call: Call, hashtag: Hashtag) -> Any:
    return HASHTAG.render(call, hashtag, call.fields())


@endpoint("hashtag_recent_media", "GET", "hashtag/recent_media", params=_PAGING, need=Need.HASHTAGS, is_platform=True)
def recent_media(call: Call, hashtag: Hashtag) -> Any:
    """What strangers posted within the last 24 hours."""
    newest = int(call.world.now() // _EVERY_S)
    return _page(call, hashtag, "recent_media", range(newest - DAY // _EVERY_S + 1, newest + 1))


@endpoint("hashtag_top_media", "GET", "hashtag/top_media", params=_PAGING, need=Need.HASHTAGS, is_platform=True)
def top_media(call: Call, hashtag: Hashtag) -> Any:
    first = int(call.world.epoch // _EVERY_S)
    return _page(call, hashtag, "top_media", range(first - _TOP * 97, first, 97))


def _page(call: Call, hashtag: Hashtag, edge: str, slots: range) -> Any:
    account = _user(call)
    call.need(Need.HASHTAGS, account)
    for field in call.fields():
        if field.name not in _FIELDS:
            raise errors.no_field(field.name, "IGMedia")
    media = [_public_media(call.world, hashtag, slot) for slot in slots]
    found = paging.page(
        call,
        sorted(media, key=key, reverse=True),
        key=key,
        render=lambda item: MEDIA.render(call, item, call.fields()),
        args=call.params,
        path=f"{hashtag.id}/{edge}",
        most=50,
    )
    if "paging" in found:
        found["paging"].pop("previous", None)
        found["paging"]["cursors"].pop("before", None)
    return found


def _public_media(world: World, hashtag: Hashtag, slot: int) -> Media:
    username, _ = stranger(world.seed, hashtag.id, slot)
    is_video = whole(0, 3, world.seed, hashtag.id, slot) == 0
    return Media(
        id="17930" + _twelve_digits(f"{hashtag.id}{slot}"),
        account=None,
        username=username,
        media_type="VIDEO" if is_video else "IMAGE",
        product_type="REELS" if is_video else "FEED",
        caption=f"Another day with #{hashtag.name}",
        at=slot * _EVERY_S,
    )


def _user(call: Call) -> Account:
    name = call.params.required("user_id")
    account = call.world.nodes.get(name)
    if not isinstance(account, Account) or not call.may_touch(account):
        raise errors.unsupported(name)
    return account


HASHTAG.plain("id", lambda hashtag: hashtag.id)
HASHTAG.plain("name", lambda hashtag: hashtag.name)

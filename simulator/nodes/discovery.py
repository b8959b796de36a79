"""business_discovery: public numbers and media of other professional accounts (graph-api.md §5.3)."""

from __future__ import annotations

from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import BOTH, FACEBOOK, NodeType
from simulator.calls.permissions import Need, check
from simulator.nodes.brands import Brand, brand_of
from simulator.nodes.media import MEDIA, key
from simulator.nodes.media_lists import feed
from simulator.nodes.users import USER
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world.clock import DAY
from simulator.world.metrics import media_value
from simulator.world.noise import unit, whole
from simulator.world.records import Account, Media

FOUND_USER = NodeType("IGUser")
FOUND_MEDIA = NodeType("IGMedia")
_EVERY_S = 2 * DAY
_SHOWN = 60


@USER.field("business_discovery", FACEBOOK)
def _discover(call: Call, account: Account, field: Field) -> Any:
    check(Need.DISCOVERY, account)
    username = field.modifiers.get("username")
    if not username:
        raise errors.missing("username")
    brand = brand_of(call.world, username)
    if brand is None:
        raise errors.not_a_professional(username)
    return FOUND_USER.render(call, brand, field.sub or ())


@FOUND_USER.field("media_count")
def _media_count(call: Call, brand: Brand, _field: Field) -> int:
    return len(_all_media(call, brand))


@FOUND_USER.field("profile_picture_url")
def _picture(call: Call, brand: Brand, _field: Field) -> str:
    return f"{call.base_url}/_sim/picture/{brand.id}.jpg"


@FOUND_USER.field("follows_count")
def _follows(call: Call, brand: Brand, _field: Field) -> int:
    return whole(10, 500, call.world.seed, "brand", brand.username)


@FOUND_USER.field("media")
def _media(call: Call, brand: Brand, field: Field) -> Any:
    """Cursors only: there is no next, the expression is built anew with `.after(…)`."""
    return paging.page(
        call,
        sorted(_all_media(call, brand), key=key, reverse=True),
        key=key,
        render=lambda media: FOUND_MEDIA.render(call, media, field.sub or ()),
        args=field.modifiers,
        path="",
        has_links=False,
    )


def _all_media(call: Call, brand: Brand) -> list[Media]:
    if brand.account is not None:
        return feed(call, brand.account, {})
    newest = int(call.world.now() // _EVERY_S)
    return [_posted(call, brand, slot) for slot in range(newest - _SHOWN, newest + 1)]


def _posted(call: Call, brand: Brand, slot: int) -> Media:
    seed = call.world.seed
    is_reel = unit(seed, brand.username, slot) < 0.4
    return Media(
        id=f"17940{brand.number:04d}{slot % 10**8:08d}",
        account=None,
        username=brand.username,
        media_type="VIDEO" if is_reel else "IMAGE",
        product_type="REELS" if is_reel else "FEED",
        caption=f"{brand.name}, issue {slot % 1000}",
        at=slot * _EVERY_S + whole(0, DAY, seed, brand.username, slot, "at"),
    )


@FOUND_MEDIA.field("view_count")
def _views(call: Call, media: Media, _field: Field) -> int | None:
    if media.product_type != "REELS":
        return None
    return int(media_value(call.world, media, "views", call.world.now()))


FOUND_USER.plain("id", lambda brand: brand.id)
FOUND_USER.plain("ig_id", lambda brand: int(brand.id[-10:]))
FOUND_USER.plain("username", lambda brand: brand.username)
FOUND_USER.plain("name", lambda brand: brand.name)
FOUND_USER.plain("biography", lambda brand: f"{brand.name}. Found on localhost.")
FOUND_USER.plain("website", lambda brand: f"https://{brand.username}.example/")
FOUND_USER.plain("followers_count", lambda brand: brand.followers)
_SHARED = (
    "id caption children comments_count like_count media_product_type media_type media_url owner permalink "
    "thumbnail_url timestamp username"
)
for _name in _SHARED.split():
    FOUND_MEDIA.field(_name, BOTH)(next(iter(MEDIA.getters.values()))[_name])
USER.plain("collaborative_media_search", lambda _account: None, FACEBOOK)

"""`/_sim/past`: what an account had posted before anybody looked, with what its insights told at some ages."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid
from simulator.backstage import Backstage
from simulator.control.bodies import the_account
from simulator.insights.media import METRICS
from simulator.nodes.media import permalink
from simulator.protocol.params import read_instant
from simulator.world import ids
from simulator.world.journal import Event
from simulator.world.metrics import media_value
from simulator.world.records import Media
from simulator.world.world import World, applies

_SHAPES = {("IMAGE", "FEED"), ("VIDEO", "REELS"), ("CAROUSEL_ALBUM", "FEED")}
_MOST_CHILDREN = 10
_HOUR = 3600.0


def past(stage: Backstage, body: dict[str, Any]) -> Any:
    """Older media of an account, as if a telephone had posted them; their ids, and their numbers at `ages_h`."""
    world, account = stage.world, the_account(stage, body)
    told, ages_h = body.get("media"), body.get("ages_h", [])
    if not isinstance(told, list) or not isinstance(ages_h, list):
        raise Invalid("media and ages_h are lists", field="media")
    media = [_read(world, one) for one in told]
    world.commit("media.remembered", account=account.index, media=media)
    found = [world.nodes[one["id"]] for one in media]
    return {"media": [_shown(world, one, ages_h) for one in found if isinstance(one, Media)]}


def _read(world: World, told: Any) -> Event:
    if not isinstance(told, dict) or (told.get("media_type"), told.get("product_type")) not in _SHAPES:
        raise Invalid("each has a media_type and a product_type that go together", field="media")
    at, children = read_instant("at", str(told.get("at"))), int(told.get("children", 0))
    if at > world.now() or not 0 <= children <= _MOST_CHILDREN:
        raise Invalid("what has been posted lies in the past, and has ten children at most", field="media")
    return {
        "id": world.new_id(ids.MEDIA),
        "children": [world.new_id(ids.MEDIA) for _ in range(children)],
        "media_type": told["media_type"],
        "product_type": told["product_type"],
        "caption": None if told.get("caption") is None else str(told["caption"]),
        "at": at,
    }


def _shown(world: World, media: Media, ages_h: list[Any]) -> dict[str, Any]:
    """`numbers`: of each age that it has reached, what its insights told then."""
    metrics = sorted(METRICS[media.product_type] - {"impressions"})
    times = {age_h: media.at + float(age_h) * _HOUR for age_h in ages_h}
    numbers = [
        {"age_h": age_h, **{name: media_value(world, media, name, at) for name in metrics}}
        for age_h, at in times.items()
        if at <= world.now()
    ]
    return {"id": media.id, "permalink": permalink(media), "numbers": numbers}


@applies("media.remembered")
def _remember(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    for told in event["media"]:
        shape = {
            "account": account,
            "username": account.username,
            "product_type": told["product_type"],
            "at": told["at"],
        }
        media = Media(id=told["id"], media_type=told["media_type"], caption=told["caption"], **shape)
        media.children = [
            Media(id=child, media_type="IMAGE", caption=None, parent_id=media.id, **shape) for child in told["children"]
        ]
        world.nodes.update({one.id: one for one in (media, *media.children)})
        world.media_of(account).append(media)
    account.media.sort(key=lambda one: one.at)

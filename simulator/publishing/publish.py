"""media_publish and its quota (graph-api.md §2.5): one container becomes one media, once."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.journal import Event
from simulator.world.records import Account, Container, Kind, Media, Publish
from simulator.world.world import World, applies

_BECOMES = {
    Kind.IMAGE: ("IMAGE", "FEED"),
    Kind.REEL: ("VIDEO", "REELS"),
    Kind.STORY_IMAGE: ("IMAGE", "STORY"),
    Kind.STORY_VIDEO: ("VIDEO", "STORY"),
    Kind.CAROUSEL: ("CAROUSEL_ALBUM", "FEED"),
    Kind.CHILD_IMAGE: ("IMAGE", "FEED"),
    Kind.CHILD_VIDEO: ("VIDEO", "FEED"),
}


@endpoint("media_publish", "POST", "user/media_publish", params="creation_id", need=Need.PUBLISH)
def publish(call: Call, account: Account) -> Any:
    """No await between the checks and the commit: two calls can never both pass them."""
    world = call.world
    container = world.nodes.get(call.params.required("creation_id"))
    if account.is_restricted:
        raise errors.restricted_account()
    if not isinstance(container, Container) or container.account is not account:
        raise errors.container_gone()
    if container.kind.is_child:
        raise errors.invalid("A carousel item cannot be published on its own")
    status = container.status(world.now())
    if status == "PUBLISHED":
        reading = world.reading("republish", "same_id")
        if reading == "error":
            raise errors.not_ready()
        if reading == "same_id" or container.kind is not Kind.REEL:
            return _answer(container)
    if status == "EXPIRED":
        raise errors.container_gone()
    if status not in {"FINISHED", "PUBLISHED"}:
        raise errors.not_ready()
    if used(world, account) >= quota_total(world, account):
        raise errors.quota_reached()
    if "trial_params" in container.params and trials(world, account) >= world.config.trial_quota:
        raise errors.trials_used_up()
    _commit(call, container)
    if container.kind.is_story:
        call.stage.sender.wake.set()
    return _answer(container)


def _answer(container: Container) -> dict[str, Any]:
    """With caption add-ons more than the id. Under which name is not known: this one is made up, to be read past."""
    added = [name for name in ("poll_attachment", "is_comment_prompt_used") if container.params.get(name)]
    return {"id": container.media_id} | ({"sim_caption_add_ons": added} if added else {})


def quota_total(world: World, account: Account) -> int:
    return world.config.quota_total if account.quota_total is None else account.quota_total


def used(world: World, account: Account, since: float | None = None) -> int:
    """Published containers of the rolling window."""
    start = world.now() - world.config.quota_duration_s if since is None else since
    return len(account.publish_times) - bisect_right(account.publish_times, start)


def trials(world: World, account: Account) -> int:
    """Trial reels of the last 24 hours."""
    return len(account.trial_times) - bisect_right(account.trial_times, world.now() - DAY)


def _commit(call: Call, container: Container) -> None:
    world = call.world
    media_id = world.new_id(ids.MEDIA)
    children = [world.new_id(ids.MEDIA) for _ in container.params.get("children", ())]
    world.commit(
        "media.published",
        seq=len(world.publishes) + 1,
        id=media_id,
        children=children,
        container=container.id,
        at=call.arrived,
        accepted_at=world.now(),
        signature=_signature(container),
    )


def _signature(container: Container) -> str:
    """Equal for two containers that a follower could not tell apart."""
    source = container.source.sha256 if container.source else ""
    parts = (container.account.ig_id, container.kind, container.params.get("caption", ""), source)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


@applies("media.published")
def _published(world: World, event: Event) -> None:
    container = world.nodes[event["container"]]
    assert isinstance(container, Container)  # noqa: S101 - our own journal
    account = container.account
    media = _media(container, event["id"], event["accepted_at"])
    for node, name in zip(event["children"], container.params.get("children", ()), strict=True):
        part = world.nodes[name]
        assert isinstance(part, Container)  # noqa: S101 - our own journal
        child = _media(part, node, media.at)
        child.parent_id = media.id
        media.children.append(child)
        world.nodes[node] = child
    world.nodes[media.id] = media
    container.media_id = media.id
    account.media.append(media)
    account.publish_times.append(event["accepted_at"])
    if "trial_params" in container.params:
        account.trial_times.append(event["accepted_at"])
    world.publishes.append(
        Publish(event["seq"], container, media, event["at"], event["accepted_at"], event["signature"])
    )


def _media(container: Container, node: str, at: float) -> Media:
    media_type, product_type = _BECOMES[container.kind]
    params = container.params
    return Media(
        id=node,
        account=container.account,
        username=container.account.username,
        media_type=media_type,
        product_type=product_type,
        caption=params.get("caption"),
        at=at,
        url=params.get("image_url") or params.get("video_url"),
        container_id=container.id,
        params=params,
        sha256=container.source.sha256 if container.source else "",
    )


@endpoint("content_publishing_limit", "GET", "user/content_publishing_limit", params="since", need=Need.PUBLISH)
def limit(call: Call, account: Account) -> Any:
    world = call.world
    since = call.params.instant("since")
    if since is not None and since < world.now() - DAY:
        raise errors.invalid("Param since must be no older than 24 hours")
    row: dict[str, Any] = {}
    for field in call.fields("quota_usage"):
        if field.name == "quota_usage":
            row["quota_usage"] = used(world, account, since)
        elif field.name == "config":
            row["config"] = {
                "quota_total": quota_total(world, account),
                "quota_duration": world.config.quota_duration_s,
            }
        else:
            raise errors.no_field(field.name, "IGContentPublishingLimit")
    return {"data": [row]}

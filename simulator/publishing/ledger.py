"""The judge's record of every media_publish that was accepted."""

from __future__ import annotations

from typing import Any

from simulator.world.clock import precise_time
from simulator.world.records import Container, Publish
from simulator.world.world import World


def lines(world: World) -> list[dict[str, Any]]:
    """Oldest first."""
    return [_line(world, line) for line in world.publishes]


def _line(world: World, line: Publish) -> dict[str, Any]:
    params = line.container.params
    parts = [world.nodes[name] for name in params.get("children", ())]
    sources = [part.params for part in parts if isinstance(part, Container)] or [params]
    return {
        "seq": line.seq,
        "account": line.container.account.ig_id,
        "ig_id": line.container.account.ig_id,
        "account_index": line.container.account.index,
        "container_id": line.container.id,
        "media_id": line.media.id,
        "media_type": line.media.media_type,
        "product_type": line.media.product_type,
        "caption": line.media.caption,
        "at": precise_time(line.at),
        "accepted_at": precise_time(line.accepted_at),
        "children": [{"container_id": child.container_id, "media_id": child.id} for child in line.media.children],
        "source_urls": [part.get("image_url") or part.get("video_url") for part in sources],
        "signature": line.signature,
    }

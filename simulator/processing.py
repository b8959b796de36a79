"""What happens to a video after its container was answered: fetch, look inside, note the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import errors
from simulator.clock import DAY
from simulator.records import Container, Kind, Source

if TYPE_CHECKING:
    from simulator.backstage import Backstage


def begin(stage: Backstage, container: Container) -> None:
    """Start fetching, if there is something to fetch."""
    if container.kind.is_video and not container.is_resumable and container.source is None and not container.error:
        stage.spawn(_ingest(stage, container))


def resume(stage: Backstage) -> None:
    """After a restart: fetch again what was under way when the process died."""
    from simulator import uploads

    now = stage.world.now()
    for node in list(stage.world.nodes.values()):
        if isinstance(node, Container) and now - node.created < DAY:
            if node.is_resumable:
                uploads.resume(stage, node)
            else:
                begin(stage, node)


async def _ingest(stage: Backstage, container: Container) -> None:
    params = container.params
    found = await stage.fetcher.video(params["video_url"], container.kind, params)
    if isinstance(found, Source) and "cover_url" in params:
        try:
            await stage.fetcher.image(params["cover_url"], Kind.STORY_IMAGE)  # a cover may have any ratio, as a story
        except errors.GraphError as refused:
            found = refused.subcode or 0
    settle(stage, container, found)


def settle(stage: Backstage, container: Container, found: Source | int) -> None:
    """Make durable what became of the video: its source, or the subcode of its failure."""
    is_good = isinstance(found, Source)
    stage.world.commit(
        "container.fetched",
        id=container.id,
        source=found.as_event() if isinstance(found, Source) else None,
        error=None if is_good else found,
        at=stage.world.now(),
    )

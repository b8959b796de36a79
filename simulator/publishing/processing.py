"""What happens to a video after its container was answered: fetch, look inside, note the result."""

from __future__ import annotations

from simulator.backstage import Backstage
from simulator.protocol import errors
from simulator.world.records import Container, Kind, Source


def begin(stage: Backstage, container: Container) -> None:
    """Start fetching, if there is something to fetch."""
    if container.kind.is_video and not container.is_resumable and container.source is None and not container.error:
        stage.spawn(_ingest(stage, container))


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

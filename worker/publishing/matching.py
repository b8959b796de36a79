"""Which media a lost publish call made: the one that fits in time, caption and type and is nobody else's.

Never "the newest one": it may be somebody else's post (graph-api.md §8).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.client import GraphClient
from graph.media import Media
from models.attempt import Attempt
from models.media import bound_ids
from models.part import Part, PartKind
from models.post import PostType
from worker.context import WorkerContext
from worker.publishing.loaded import Loaded

CLOCKS_DIFFER_BY = timedelta(seconds=20)
"""Instagram's clock against ours."""
_PAGE = 50
_MOST_PAGES = 4


def find_media(ctx: WorkerContext, client: GraphClient, loaded: Loaded, part: Part, attempt: Attempt) -> list[str]:
    """The ids of all live media that may be this part: time window, exact caption, type, not known as another's.

    Raises GraphError and GateShut like any reading.
    """
    earliest = attempt.intent_at - CLOCKS_DIFFER_BY
    # A sender gives up at its call deadline, but may stall just before the call for as long as its lease lasts.
    latest = attempt.intent_at + ctx.settings.lease + ctx.settings.call_deadline + CLOCKS_DIFFER_BY
    listed = _stories(client) if loaded.post.type == PostType.STORY.value else _posts(client, earliest)
    fitting = [one.id for one in listed if _fits(one, loaded, part, earliest, latest)]
    with ctx.database.transaction() as tx:
        known = bound_ids(tx, loaded.account.id, fitting)
    return [ig_id for ig_id in fitting if ig_id not in known]


def _stories(client: GraphClient) -> list[Media]:
    found: list[Media] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = client.stories.page(limit=_PAGE, after=after)
        found += page.items
        after = page.after if page.has_next else None
        if after is None:
            break
    return found


def _posts(client: GraphClient, earliest: datetime) -> list[Media]:
    """The account's newest media, back to before the call."""
    found: list[Media] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = client.media.page(limit=_PAGE, after=after)
        found += page.items
        oldest = page.items[-1].timestamp if page.items else None
        after = page.after if page.has_next else None
        if after is None or (oldest is not None and oldest < earliest):
            break
    return found


def _fits(media: Media, loaded: Loaded, part: Part, earliest: datetime, latest: datetime) -> bool:
    if media.timestamp is None or not earliest <= media.timestamp <= latest:
        return False
    if not _same_type(media, loaded, part):
        return False
    is_story = loaded.post.type == PostType.STORY.value
    return is_story or (media.caption or "").strip() == loaded.post.caption.strip()


def _same_type(media: Media, loaded: Loaded, part: Part) -> bool:
    if part.kind == PartKind.CAROUSEL.value:
        return media.media_type == "CAROUSEL_ALBUM"
    wanted = "VIDEO" if part.kind == PartKind.VIDEO.value else "IMAGE"
    if media.media_type != wanted:
        return False
    products = {PostType.STORY.value: "STORY", PostType.REEL.value: "REELS", PostType.IMAGE.value: "FEED"}
    # Optional on Instagram Login (graph-api.md §5.2): what is not said excludes nothing.
    return media.media_product_type in (None, products[loaded.post.type])

"""Which media a lost publish call made: the one that fits in time, caption and type and is nobody else's.

Never "the newest one": it may be somebody else's post (graph-api.md §8). Captions come back changed, so their normal
forms are compared; still there must be exactly one that fits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from graph.accounts.media import Media
from graph.answers.paging import Page
from graph.client import GraphClient
from models.history.media import bound_ids
from models.posts.part import Part, PartKind
from models.posts.post import PostType
from models.publishing.attempt import known_results
from pressrun.media.captions import normal_form
from worker.once.kind import Once
from worker.once.search import Fit, Reading, read_on
from worker.publishing.loaded import Loaded

CLOCKS_DIFFER_BY = timedelta(seconds=20)
"""Instagram's clock against ours."""
_PAGE = 50


def find_media(once: Once, client: GraphClient, loaded: Loaded, part: Part) -> Reading:
    """A reading for all live media that may be this part: time window, caption, type, not known as another's.

    Raises ClaimLost, and GraphError and GateShut like any reading.
    """
    settings, intent_at = once.ctx.settings, once.attempt.intent_at
    earliest = intent_at - CLOCKS_DIFFER_BY
    # A sender gives up at its call deadline, but may stall just before the call for as long as its lease lasts.
    latest = intent_at + settings.lease + settings.call_deadline + CLOCKS_DIFFER_BY
    is_story = loaded.post.type == PostType.STORY.value

    def page(after: str | None) -> Page[Media]:
        return (client.stories if is_story else client.media).page(limit=_PAGE, after=after)

    def fits(media: Media) -> Fit:
        words = None if is_story else once.attempt.words
        return Fit.OURS if _fits(media, loaded, part, words, earliest, latest) else Fit.NO

    older_than = None if is_story else earliest  # the order of stories is not told (graph-api.md §5.3)
    reading = read_on(once, page, fits, name_of=lambda _media: None, older_than=older_than)
    with once.ctx.database.transaction() as tx:
        # Also of what a late answer has named beside this call.
        known = bound_ids(tx, loaded.account.id, list(reading.ours)) | known_results(tx, reading.ours)
    return replace(reading, ours={id_: name for id_, name in reading.ours.items() if id_ not in known})


def _fits(media: Media, loaded: Loaded, part: Part, words: str | None, earliest: datetime, latest: datetime) -> bool:
    if media.timestamp is None or not earliest <= media.timestamp <= latest:
        return False
    return _same_type(media, loaded, part) and (words is None or normal_form(media.caption) == words)


def _same_type(media: Media, loaded: Loaded, part: Part) -> bool:
    if part.kind == PartKind.CAROUSEL.value:
        return media.media_type == "CAROUSEL_ALBUM"
    wanted = "VIDEO" if part.kind == PartKind.VIDEO.value else "IMAGE"
    if media.media_type != wanted:
        return False
    products = {PostType.STORY.value: "STORY", PostType.REEL.value: "REELS", PostType.IMAGE.value: "FEED"}
    # Optional on Instagram Login (graph-api.md §5.2): what is not said excludes nothing.
    return media.media_product_type in (None, products[loaded.post.type])

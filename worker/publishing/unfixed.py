"""A post whose files are being made right, or could not be: it waits with a date, or fails while there is time."""

from __future__ import annotations

from datetime import datetime

from models.owed import claims
from models.posts import conversion as conversions
from models.posts.conversion import WAITS, Conversion, ConversionState
from models.posts.event import Cause
from models.posts.part import Part
from worker.context import WorkerContext
from worker.publishing.loaded import Loaded, read
from worker.publishing.standing import Park, fail, park_post


def with_media(ctx: WorkerContext, loaded: Loaded, *, now: datetime) -> Loaded | None:
    """The post with its files as they are to go out; None when it has been parked, or has failed. Raises ClaimLost."""
    if loaded.post.cover_conversion_id is None and all(part.conversion_id is None for part in loaded.parts):
        return loaded
    with ctx.database.transaction() as tx:
        # The rows before the post's: whoever settles one goes on to its posts, and finds this one parked, or not yet.
        needed = conversions.of_post(tx, loaded.post.id, shared=True)
        failed = next((one for one in needed if one.state == ConversionState.FAILED.value), None)
        waiting = [one for one in needed if one.state == ConversionState.ASKED.value]
        if failed is None and not waiting:
            return read(tx, claims.renew(tx, loaded.lease))  # they may have been made right since it was read
        held = loaded.renewed(claims.renew(tx, loaded.lease))
        if failed is not None:
            message = f"{_subject(loaded, failed)}it cannot be made right: {failed.error}"
            fail(tx, held, Cause("fix.failed", message, error_class="invalid_media"))
            return None
        post = loaded.post
        give_up_at = conversions.needed_until(post.publish_at, post.created_at, post.max_lateness_s)
        if now >= give_up_at:
            message = (
                f"{_subject(loaded, waiting[0])}it has not been made right in time: is a worker of the queue media"
                " running? Make it right by hand, or queue the post again for a later time"
            )
            fail(tx, held, Cause("fix.late", message, error_class="invalid_media"))
            return None
        count = len(waiting)
        message = f"waits for {count} of its files, which {'is' if count == 1 else 'are'} being made right"
        park_post(tx, held, Park(give_up_at, WAITS, message))
        return None


def _subject(loaded: Loaded, conversion: Conversion) -> str:
    part: Part | None = next((one for one in loaded.parts if one.conversion_id == conversion.id), None)
    if part is None:
        return "the cover: "
    return loaded.subject(part) or f"{part.source}: "

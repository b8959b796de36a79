"""A post whose publish call was lost sight of: found out by reading (`worker/once/reading.py`).

container PUBLISHED            → published, with the media id of the one media that matches, or wait for it
container FINISHED, settled    → two such reads a minute apart and no match: not published, send the same container
container ERROR or EXPIRED     → a person decides: something happened that we cannot see
unreadable                     → read again, for a day; then a person decides
"""

from __future__ import annotations

from models.owed import claims
from models.posts.part import Part
from models.posts.states import PostState
from models.publishing.attempt import Action, Attempt, Target, unresolved_attempt
from worker.context import WorkerContext
from worker.once.reading import lose_sight, reconcile
from worker.publishing.loaded import Loaded, load
from worker.publishing.media_publish import MediaPublish


def run(ctx: WorkerContext, lease: claims.Lease) -> None:
    """One reading of the unresolved attempt of this post."""
    loaded = load(ctx, lease)
    if loaded.state is PostState.PUBLISHING:
        lose_sight(_lost(ctx, loaded))
        loaded = load(ctx, lease)  # as it is now: an answer may have come late in between
    reconcile(_lost(ctx, loaded))


def _lost(ctx: WorkerContext, loaded: Loaded) -> MediaPublish:
    part, attempt = _unresolved(ctx, loaded)
    return MediaPublish(ctx, loaded, part, attempt, from_=loaded.state)


def _unresolved(ctx: WorkerContext, loaded: Loaded) -> tuple[Part, Attempt]:
    with ctx.database.transaction() as tx:
        for part in loaded.unpublished:
            attempt = unresolved_attempt(tx, Target.of_part(Action.PUBLISH, part))
            if attempt is not None:
                return part, attempt
    raise AssertionError(f"post {loaded.post.id} is {loaded.state} without an unresolved attempt")

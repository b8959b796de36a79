"""What was done for a post at Instagram."""

from __future__ import annotations

from models.posts.post import find_post
from models.reading.posts.attempts import AttemptShown, Candidate, ContainerShown, PostAttempts, attempts_of
from operations.operation import Asker, Context, Effect, Scope, operation

__all__ = ["AttemptShown", "Candidate", "ContainerShown", "PostAttempts"]


@operation("post.attempts", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, post: str) -> PostAttempts:
    """The containers of a post by number or key, and each call that must take effect once. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return attempts_of(tx, find_post(tx, post).id)

"""Posts at other times: moving one, and two that change places."""

from __future__ import annotations

from dataclasses import dataclass

from models.posts.post import find_post
from models.reading.posts import posts as reading
from models.reading.posts.posts import PostShown
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.posts import Edited
from pressrun.versions import Seen
from scheduler.posts.editing import edit_post, swap_posts
from scheduler.posts.importing import RowProblem

__all__ = ["Swapped", "move", "swap"]


@dataclass(frozen=True)
class Swapped:
    """Two posts with each other's time. With problems, nothing was changed."""

    posts: tuple[PostShown, PostShown]
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]


@operation("post.move", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def move(ctx: Context, asker: Asker, post: str, publish_at: str, *, late: bool = False, version: Seen = None) -> Edited:
    """Give a queued post another time, as in a campaign. Raises what editing it raises."""
    with ctx.database.transaction() as tx:
        post_id = find_post(tx, post).id
    changes = {"publish_at": publish_at}
    report = edit_post(ctx.database, ctx.settings, post_id, changes, base=None, late=late, version=version)
    with ctx.database.transaction() as tx:
        return Edited(reading.show_post(tx, post_id), tuple(report.problems), tuple(report.warnings))


@operation("post.swap", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def swap(
    ctx: Context,
    asker: Asker,
    post: str,
    other: str,
    *,
    version: Seen = None,
    other_version: Seen = None,
) -> Swapped:
    """Give two queued posts each other's time, both or neither. The versions are those that the asker has seen.

    Raises Unknown; Invalid for the same post twice; Conflict when somebody has changed one of them; NotPossible once
    one may have been sent.
    """
    with ctx.database.transaction() as tx:
        pair = find_post(tx, post).id, find_post(tx, other).id
    report = swap_posts(ctx.database, ctx.settings, pair, versions=(version, other_version))
    with ctx.database.transaction() as tx:
        shown = reading.show_post(tx, pair[0]), reading.show_post(tx, pair[1])
    return Swapped(shown, tuple(report.problems), tuple(report.warnings))

"""The same wish for a selection of posts, with a result for each: what one is refused keeps no other back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.reading.posts import PostShown
from operations import moving, posts
from operations.operation import Asker, Context, Effect, NotAllowed, Scope, operation
from pressrun.errors import Invalid, PressrunError

MOST = 500


class Action(StrEnum):
    """What can be wished of many posts at once."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    MOVE = "move"


@dataclass(frozen=True)
class BulkResult:
    """What became of one post of the selection: the post as it is now, or why it is as it was."""

    post: str
    """As it was named."""
    shown: PostShown | None
    error: PressrunError | None


@operation("post.bulk", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def act(
    ctx: Context,
    asker: Asker,
    action: Action,
    selection: Sequence[str],
    *,
    publish_at: str | None = None,
    why: str | None = None,
) -> list[BulkResult]:
    """Cancel, pause, resume, retry or move each of these posts, one after the other; named twice is named once.

    Args:
        publish_at: for moving, and for retrying at another time than now.

    Raises Invalid for more than 500, or for moving without a time; what one of them is refused is its result.
    """
    if len(selection) > MOST:
        raise Invalid(f"at most {MOST} posts at once", type="bulk.too_many", field="posts")
    if action is Action.MOVE and not publish_at:
        raise Invalid("say when they are to go out", type="bulk.no_time", field="publish_at")
    wishes: dict[Action, Callable[[str], PostShown]] = {
        Action.CANCEL: lambda post: posts.cancel(ctx, asker, post, why=why),
        Action.PAUSE: lambda post: posts.pause(ctx, asker, post),
        Action.RESUME: lambda post: posts.resume(ctx, asker, post),
        Action.RETRY: lambda post: posts.retry(ctx, asker, post, publish_at=publish_at),
        Action.MOVE: lambda post: _move(ctx, asker, post, publish_at or ""),
    }
    return [_result(post, wishes[action]) for post in dict.fromkeys(selection)]


def _move(ctx: Context, asker: Asker, post: str, publish_at: str) -> PostShown:
    moved = moving.move(ctx, asker, post, publish_at)
    if moved.problems:
        first = moved.problems[0]
        raise Invalid(first.message, type=first.type, field=first.column)
    return moved.post


def _result(post: str, wish: Callable[[str], PostShown]) -> BulkResult:
    try:
        return BulkResult(post, wish(post), None)
    except NotAllowed:
        raise
    except PressrunError as problem:
        return BulkResult(post, None, problem)

"""The same wish for a selection of posts, with a result for each: what one is refused keeps no other back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum

from models.posts.post import find_post
from models.reading.posts import posts as reading
from models.reading.posts.posts import PostShown
from operations.operation import Asker, Context, Effect, NotAllowed, Scope, operation
from operations.posts import moving, posts
from pressrun import clock
from pressrun.errors import Invalid, PressrunError

MOST = 500


class Action(StrEnum):
    """What can be wished of many posts at once."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    MOVE = "move"


_TIMED = (Action.RETRY, Action.MOVE)


@dataclass(frozen=True)
class BulkResult:
    """What became of one post of the selection: the post as it is now, or why it is as it was."""

    post: str
    """As it was named."""
    shown: PostShown | None
    error: PressrunError | None
    has_changed: bool = False
    """Its state or its time is another one than before."""


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

    Raises Invalid for more than 500, for moving without a time, or for what the action does not heed; what one of them
    is refused is its result.
    """
    _require_few(selection)
    if action is Action.MOVE and not publish_at:
        raise Invalid("say when they are to go out", type="bulk.no_time", field="publish_at")
    for name, said, heard in (("publish_at", publish_at, _TIMED), ("why", why, (Action.CANCEL,))):
        if said is not None and action not in heard:
            raise Invalid(f"{action} takes none: leave it out", type="bulk.not_heard", field=name)
    wishes: dict[Action, Callable[[str], PostShown]] = {
        Action.CANCEL: lambda post: posts.cancel(ctx, asker, post, why=why),
        Action.PAUSE: lambda post: posts.pause(ctx, asker, post),
        Action.RESUME: lambda post: posts.resume(ctx, asker, post),
        Action.RETRY: lambda post: posts.retry(ctx, asker, post, publish_at=publish_at),
        Action.MOVE: lambda post: _move(ctx, asker, post, publish_at or ""),
    }
    return [_result(ctx, post, lambda before: wishes[action](str(before.id))) for post in dict.fromkeys(selection)]


@operation("post.shift", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def shift(ctx: Context, asker: Asker, selection: Sequence[str], days: int) -> list[BulkResult]:
    """Move each of these posts by so many days, to the same time of day in its own zone.

    Raises Invalid for more than 500; what one of them is refused is its result, as with `act`.
    """
    _require_few(selection)

    def moved(before: PostShown) -> PostShown:
        zone = clock.zone(before.timezone)
        wall = before.publish_at.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
        at = clock.resolve_local(wall, zone).astimezone(UTC)
        return _move(ctx, asker, str(before.id), at.isoformat(), version=before.version)

    return [_result(ctx, post, moved) for post in dict.fromkeys(selection)]


def _require_few(selection: Sequence[str]) -> None:
    if len(selection) > MOST:
        raise Invalid(f"at most {MOST} posts at once", type="bulk.too_many", field="posts")


def _move(ctx: Context, asker: Asker, post: str, publish_at: str, *, version: int | None = None) -> PostShown:
    moved = moving.move(ctx, asker, post, publish_at, version=version)
    if moved.problems:
        first = moved.problems[0]
        raise Invalid(first.message, type=first.type, field=first.column)
    return moved.post


def _result(ctx: Context, post: str, wish: Callable[[PostShown], PostShown]) -> BulkResult:
    try:
        with ctx.database.transaction() as tx:
            before = reading.show_post(tx, find_post(tx, post).id)
        after = wish(before)
    except NotAllowed:
        raise
    except PressrunError as problem:
        return BulkResult(post, None, problem)
    return BulkResult(post, after, None, (before.state, before.publish_at) != (after.state, after.publish_at))

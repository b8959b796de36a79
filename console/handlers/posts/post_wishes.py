"""`/posts/{post}/…`: what a person may still want of a queued post, one by one and of a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, IfMatch, etag
from console.handlers.bodies import Body, example
from console.handlers.posts.posts import Late, Post, PostEdited
from console.handlers.problems import Flaw, Problem, body_of, flaws_of, require_none
from console.handlers.route import Router, asks
from operations.posts import bulk, moving, posts
from operations.posts.bulk import Action
from operations.posts.posts import PostShown
from pressrun.errors import Invalid

router = Router("posts")

MediaId = Annotated[str, Field(pattern=r"^[0-9]{1,30}$", description="Instagram's id of the media.")]


class Cancel(Body):
    """Why, for the record."""

    model_config = example(why="the oven is broken")

    why: Annotated[str | None, Field(max_length=500)] = None


class Retry(Body):
    """When; without a time, now. `missing`: the post is live, try its first comment and its address again."""

    model_config = example(publish_at="2030-12-24T19:30")

    publish_at: str | None = None
    missing: bool = False


class Move(Body):
    """The new time, as in a campaign."""

    model_config = example(publish_at="2030-12-24T20:30")

    publish_at: str


class Swap(Body):
    """Number or key of the post whose time it gets, and which gets its; refused if that one is newer than
    `other_version`."""

    model_config = example(other="easter")

    other: str
    other_version: int | None = None


class Resolve(Body):
    """A person's word on the post (`published` with `media_id`, or not) or on its first comment: one of the two."""

    model_config = example(published=True, media_id="17900000000000001")

    published: bool | None = None
    media_id: MediaId | None = None
    comment_sent: bool | None = None


class Bulk(Body):
    """One wish for a selection of posts, by number or key."""

    model_config = example(action="pause", posts=["christmas", "easter"])

    action: Action
    posts: Annotated[list[str], Field(min_length=1, max_length=bulk.MOST)]
    publish_at: Annotated[str | None, Field(description="For moving, and for retrying at another time than now.")] = (
        None
    )
    why: Annotated[str | None, Field(max_length=500, description="For canceling.")] = None


@dataclass(frozen=True)
class BulkItem:
    """What became of one post: the post as it is now, or the problem."""

    post: str
    ok: bool
    result: PostShown | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class BulkDone:
    """A result for each post, in the order in which they were named."""

    items: list[BulkItem]


@dataclass(frozen=True)
class SwapDone:
    """The two posts as they are now."""

    items: tuple[PostShown, PostShown]
    warnings: list[Flaw]


@router.post("/posts/bulk", summary="Wish the same of many posts", **asks("post.bulk"))
def bulk_posts(body: Bulk, ctx: Acting, asker: Asked) -> BulkDone:
    """Cancel, pause, resume, retry or move each; what one is refused keeps no other back."""
    done = bulk.act(ctx, asker, body.action, body.posts, publish_at=body.publish_at, why=body.why)
    return BulkDone(
        [
            BulkItem(
                one.post, one.error is None, one.shown, None if one.error is None else Problem(**body_of(one.error))
            )
            for one in done
        ]
    )


@router.post("/posts/{post}/cancel", summary="Cancel a post", **asks("post.cancel"))
def cancel_post(post: Post, ctx: Acting, asker: Asked, body: Cancel | None = None) -> PostShown:
    """Take a post back; refused once it may have been sent."""
    return posts.cancel(ctx, asker, post, why=body.why if body else None)


@router.post("/posts/{post}/pause", summary="Pause a post", **asks("post.pause"))
def pause_post(post: Post, ctx: Acting, asker: Asked) -> PostShown:
    """Hold a post until it is resumed."""
    return posts.pause(ctx, asker, post)


@router.post("/posts/{post}/resume", summary="Resume a post", **asks("post.resume"))
def resume_post(post: Post, ctx: Acting, asker: Asked) -> PostShown:
    """Let a paused post go on."""
    return posts.resume(ctx, asker, post)


@router.post("/posts/{post}/retry", summary="Retry a post", **asks("post.retry"))
def retry_post(post: Post, ctx: Acting, asker: Asked, body: Retry | None = None) -> PostShown:
    """Queue a failed or expired post again, or try again what a published one lacks."""
    wish = body or Retry()
    if wish.missing and wish.publish_at is not None:
        raise Invalid("what is missing is tried now: name no time", type="post.retry", field="publish_at")
    if wish.missing:
        return posts.retry_missing(ctx, asker, post)
    return posts.retry(ctx, asker, post, publish_at=wish.publish_at)


@router.post("/posts/{post}/resolve", summary="Decide about a post", **asks("post.resolve"))
def resolve_post(post: Post, body: Resolve, ctx: Acting, asker: Asked) -> PostShown:
    """Decide about a post, or its first comment, of which only a person can tell whether it is there."""
    if (body.published is None) == (body.comment_sent is None):
        raise Invalid("say one thing: published, or comment_sent", type="post.resolve", field="published")
    if body.comment_sent is not None:
        return posts.resolve_comment(ctx, asker, post, was_sent=body.comment_sent)
    if bool(body.published) != (body.media_id is not None):
        raise Invalid("a media id belongs to published, and to nothing else", type="post.resolve", field="media_id")
    return posts.resolve(ctx, asker, post, media_id=body.media_id)


@router.post("/posts/{post}/move", summary="Move a post", **asks("post.move"))
def move_post(
    post: Post,
    body: Move,
    response: Response,
    ctx: Acting,
    asker: Asked,
    if_match: IfMatch = None,
    late: Late = False,
) -> PostEdited:
    """Give a post another time."""
    moved = moving.move(ctx, asker, post, body.publish_at, late=late, version=if_match)
    require_none(moved.problems)
    response.headers["ETag"] = etag(moved.post.version)
    return PostEdited(**vars(moved.post), warnings=flaws_of(moved.warnings))


@router.post("/posts/{post}/swap", summary="Swap two posts", **asks("post.swap"))
def swap_posts(post: Post, body: Swap, ctx: Acting, asker: Asked, if_match: IfMatch = None) -> SwapDone:
    """Give two posts each other's time, both or neither."""
    swapped = moving.swap(ctx, asker, post, body.other, version=if_match, other_version=body.other_version)
    require_none(swapped.problems)
    return SwapDone(swapped.posts, flaws_of(swapped.warnings))

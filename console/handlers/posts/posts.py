"""`/posts`: queueing posts, finding them, and what a person may still want of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Response, status

from console.handlers.asking import Acting, Asked, Ctx, Cursor, DryRun, IfMatch, Limit, etag
from console.handlers.bodies import NewPost, PostContent
from console.handlers.problems import Flaw, flaws_of, require_none
from console.handlers.route import Router, asks
from operations.posts import attempts, post_search, posts
from operations.posts.attempts import PostAttempts
from operations.posts.imports import Added
from operations.posts.post_search import PostQuery
from operations.posts.posts import EventShown, PartShown, PostPage, PostShown
from pressrun.paging import Page

router = Router("posts")

Post = Annotated[str, "Number or key of the post."]
Late = Annotated[bool, Query(description="Accept a time in the past: such a post goes out at once.")]
KeepMedia = Annotated[bool, Query(description="Keep what is behind addresses, so that what was checked goes out.")]


@dataclass(frozen=True)
class PostFull(PostShown):
    """One post: what it holds. `media`: as it was asked for; `parts`: what becomes of each."""

    caption: str
    first_comment: str | None
    comment_id: str | None
    params: dict[str, Any]
    max_lateness_s: int
    if_late: str
    media: list[str]
    parts: tuple[PartShown, ...]
    events: tuple[EventShown, ...]

    @classmethod
    def told(cls, page: PostPage) -> dict[str, Any]:
        held = ("caption", "first_comment", "comment_id", "params", "max_lateness_s", "if_late", "parts", "events")
        media = [part.source for part in page.parts if part.source is not None]
        return vars(page.post) | {name: getattr(page, name) for name in held} | {"media": media}

    @classmethod
    def of(cls, page: PostPage) -> PostFull:
        return cls(**cls.told(page))


@dataclass(frozen=True)
class PostQueued(PostFull):
    """The post that was queued, and what may not be as it was meant."""

    warnings: list[Flaw]


@dataclass(frozen=True)
class PostEdited(PostShown):
    """The post as it is now, and what may not be as it was meant."""

    warnings: list[Flaw]


def page_of(added: Added) -> PostPage:
    """The post that was queued. Raises Refused when there are problems."""
    require_none(added.problems)
    assert added.page is not None  # noqa: S101 - there is one where nothing is wrong
    return added.page


@router.get("/posts", summary="Find posts", **asks("post.search"))
def list_posts(
    ctx: Ctx,
    asker: Asked,
    account: Annotated[str | None, Query(description="Name or Instagram id.")] = None,
    state: Annotated[list[post_search.PostState] | None, Query(description="Repeatable.")] = None,
    type: Annotated[list[post_search.PostType] | None, Query(description="Repeatable.")] = None,
    since: Annotated[str | None, Query(description="Due from then on; UTC without a zone.")] = None,
    until: Annotated[str | None, Query(description="Due before.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of caption, first comment or key.")] = None,
    sort: Annotated[str, Query(description="One of " + ", ".join(post_search.SORTS))] = "publish_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PostShown]:
    """Posts by account, states, types, time and words. A page begins behind the one before, whatever was added."""
    query = PostQuery(
        account=account, state=tuple(state or ()), type=tuple(type or ()), since=since, until=until, q=q, sort=sort
    )
    return post_search.search(ctx, asker, query, cursor=cursor, limit=limit)


@router.post(
    "/posts",
    summary="Queue a post",
    status_code=201,
    responses={200: {"description": "It was queued before, or this is a dry run.", "model": PostQueued}},
    **asks("post.add"),
)
def add_post(
    body: NewPost,
    response: Response,
    ctx: Acting,
    asker: Asked,
    late: Late = False,
    keep_media: KeepMedia = False,
    dry_run: DryRun = False,
) -> PostQueued:
    """Check a post with its media and queue it. The same key, or all the same again, adds nothing."""
    queued = posts.add(ctx, asker, body.said(), base=None, keep_media=keep_media, late=late)
    page = page_of(queued)
    if dry_run or queued.unchanged:
        response.status_code = status.HTTP_200_OK
    else:
        response.headers["Location"] = f"/api/v1/posts/{page.post.id}"
    response.headers["ETag"] = etag(page.post.version)
    return PostQueued(**PostFull.told(page), warnings=flaws_of(queued.warnings))


@router.get("/posts/{post}", summary="Show a post", **asks("post.show"))
def show_post(post: Post, response: Response, ctx: Ctx, asker: Asked) -> PostFull:
    """One post by number or key: what it holds, and everything that happened to it."""
    page = posts.show(ctx, asker, post)
    response.headers["ETag"] = etag(page.post.version)
    return PostFull.of(page)


@router.get("/posts/{post}/timeline", summary="Show what happened to a post", **asks("post.timeline"))
def post_timeline(post: Post, ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[EventShown]:
    """Everything that happened to a post, oldest first."""
    return post_search.timeline(ctx, asker, post, cursor=cursor, limit=limit)


@router.get("/posts/{post}/attempts", summary="Show a post's calls and containers", **asks("post.attempts"))
def post_attempts(post: Post, ctx: Ctx, asker: Asked) -> PostAttempts:
    """Each call that must take effect once with what became of it, and each container that the post has cost."""
    return attempts.show(ctx, asker, post)


@router.patch("/posts/{post}", summary="Edit a post", **asks("post.edit"))
def edit_post(
    post: Post,
    body: PostContent,
    response: Response,
    ctx: Acting,
    asker: Asked,
    if_match: IfMatch = None,
    late: Late = False,
) -> PostEdited:
    """Change the fields that are named. What was prepared from the old content is dropped."""
    edited = posts.edit(ctx, asker, post, body.said(), base=None, late=late, version=if_match)
    require_none(edited.problems)
    response.headers["ETag"] = etag(edited.post.version)
    return PostEdited(**vars(edited.post), warnings=flaws_of(edited.warnings))


@router.delete("/posts/{post}", summary="Cancel a post", **asks("post.cancel"))
def delete_post(post: Post, ctx: Acting, asker: Asked) -> PostShown:
    """The same as canceling it: it is kept, and says so."""
    return posts.cancel(ctx, asker, post)

"""`/tags`, `/mentions`, `/comments`: what others say of accounts, replying once, and hiding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit, Number
from console.handlers.bodies import Body, example
from console.handlers.history.inquiries import Inquiry, taken_up
from console.handlers.route import Router, asks
from operations.history import comments, mentions, tags
from operations.history.comments import CommentShown
from operations.history.mentions import MentionShown, ReplyShown
from operations.history.tags import EVER, TagShown
from pressrun.paging import Page, page, place_of

router = Router("inbox")


class NewReply(Body):
    """What is said. `again`: although one was sent."""

    model_config = example(text="Thank you!")

    text: Annotated[str, Field(min_length=1, max_length=2200)]
    again: bool = False


class ReplyWord(Body):
    """A person's word on a reply that nobody could read."""

    model_config = example(was_sent=True)

    was_sent: bool


@dataclass(frozen=True)
class ReplyQueued:
    """The reply that a worker sends."""

    id: int


@router.get("/tags", summary="List tags", **asks("tag.list"))
def list_tags(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[TagShown]:
    """Media of others that tag an account, newest first."""
    place = place_of("tags", cursor, datetime, int)
    behind = None if place is None else (place[0], place[1])
    rows = tags.list_tags(ctx, asker, account, limit=limit + 1, behind=behind)
    return page("tags", rows, lambda one: (one.posted_at or EVER, one.id), limit=limit)


@router.get("/mentions", summary="List mentions", **asks("mention.list"))
def list_mentions(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[MentionShown]:
    """Captions and comments of others that name an account, newest first, with what became of the reply to each."""
    place = place_of("mentions", cursor, datetime, int)
    behind = None if place is None else (place[0], place[1])
    rows = mentions.list_mentions(ctx, asker, account, limit=limit + 1, behind=behind)
    return page("mentions", rows, lambda one: (one.announced_at, one.id), limit=limit)


@router.post("/mentions/{mention}/reply", summary="Reply to a mention", status_code=202, **asks("mention.reply"))
def reply_to_mention(mention: Number, body: NewReply, response: Response, ctx: Acting, asker: Asked) -> ReplyQueued:
    """Queue a reply; a worker sends it, once."""
    return _queued(response, mentions.reply(ctx, asker, mention, body.text, again=body.again))


@router.post("/mentions/{mention}/resolve", summary="Decide about a reply", **asks("mention.resolve"))
def resolve_reply(mention: Number, body: ReplyWord, ctx: Acting, asker: Asked) -> ReplyShown:
    """Say whether a reply stands, of which only a person can tell."""
    return mentions.resolve(ctx, asker, mention, was_sent=body.was_sent)


@router.get("/replies/{reply}", summary="Show a reply", **asks("mention.reply_shown"))
def show_reply(reply: Number, ctx: Ctx, asker: Asked) -> ReplyShown:
    """What became of a reply so far."""
    return mentions.show_reply(ctx, asker, reply)


@router.get("/comments", summary="List comments", **asks("comment.list"))
def list_comments(
    ctx: Ctx,
    asker: Asked,
    account: str | None = None,
    media: Annotated[str | None, Query(description="Instagram's id of the media.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CommentShown]:
    """Comments on the accounts' own media, by when they were written or, where that is not known, first seen."""
    behind: Any = place_of("comments", cursor, datetime, int)
    rows = comments.list_comments(ctx, asker, account, media=media, limit=limit + 1, behind=behind)
    return page("comments", rows, lambda one: one.place, limit=limit)


@router.get("/comments/{comment}", summary="Show a comment", **asks("comment.show"))
def show_comment(comment: Number, ctx: Ctx, asker: Asked) -> CommentShown:
    """One comment, with our reply to it and what was wanted of it."""
    return comments.show(ctx, asker, comment)


@router.post("/comments/{comment}/reply", summary="Reply to a comment", status_code=202, **asks("comment.reply"))
def reply_to_comment(comment: Number, body: NewReply, response: Response, ctx: Acting, asker: Asked) -> ReplyQueued:
    """Queue a reply below a comment on an account's own media; a worker sends it, once."""
    return _queued(response, comments.reply(ctx, asker, comment, body.text, again=body.again))


@router.post("/comments/{comment}/resolve", summary="Decide about a reply to a comment", **asks("comment.resolve"))
def resolve_comment_reply(comment: Number, body: ReplyWord, ctx: Acting, asker: Asked) -> ReplyShown:
    """Say whether a reply stands, of which only a person can tell."""
    return comments.resolve(ctx, asker, comment, was_sent=body.was_sent)


@router.post("/comments/{comment}/hide", summary="Hide a comment", status_code=202, **asks("comment.hide"))
def hide_comment(comment: Number, response: Response, ctx: Acting, asker: Asked) -> Inquiry:
    """Hide a comment below an account's own media. A worker does it."""
    return taken_up(response, comments.hide(ctx, asker, comment))


@router.post("/comments/{comment}/unhide", summary="Show a comment again", status_code=202, **asks("comment.unhide"))
def unhide_comment(comment: Number, response: Response, ctx: Acting, asker: Asked) -> Inquiry:
    """Show a comment again that was hidden. A worker does it."""
    return taken_up(response, comments.unhide(ctx, asker, comment))


@router.delete("/comments/{comment}", summary="Delete a comment", status_code=202, **asks("comment.delete"))
def delete_comment(comment: Number, response: Response, ctx: Acting, asker: Asked) -> Inquiry:
    """Delete a comment on Instagram, for good. A worker does it."""
    return taken_up(response, comments.delete(ctx, asker, comment))


def _queued(response: Response, reply: int) -> ReplyQueued:
    response.headers["Location"] = f"/api/v1/replies/{reply}"
    return ReplyQueued(reply)

"""`/drafts`: posts that somebody is still writing. They are kept and judged, and never sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Response

from console.handlers.asking import Acting, Asked, Ctx, Cursor, DryRun, IfMatch, Limit, Number, etag
from console.handlers.bodies import Draft, Drafted, drafted
from console.handlers.posts.posts import KeepMedia, Late, PostFull, PostQueued, page_of
from console.handlers.problems import Flaw, flaws_of
from console.handlers.route import Router, asks
from operations.posts import drafts
from pressrun.paging import Page

router = Router("drafts")


@dataclass(frozen=True)
class DraftShown:
    """A draft, and what is missing or wrong before it can be queued. Its media are looked at when it is."""

    id: int
    account: str | None
    fields: Drafted
    version: int
    author: str
    created_at: datetime
    updated_at: datetime
    problems: list[Flaw]

    @classmethod
    def of(cls, draft: drafts.DraftShown) -> DraftShown:
        told = {"fields": drafted(draft.fields), "problems": flaws_of(draft.problems)}
        return cls(**vars(draft) | told)


@router.get("/drafts", summary="List drafts", **asks("draft.list"))
def list_drafts(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[DraftShown]:
    """Drafts, newest first, each with what is missing or wrong before it can be queued."""
    page = drafts.list_drafts(ctx, asker, account, cursor=cursor, limit=limit)
    return Page([DraftShown.of(one) for one in page.items], page.next_cursor)


@router.post("/drafts", summary="Keep a draft", status_code=201, **asks("draft.add"))
def add_draft(body: Draft, response: Response, ctx: Acting, asker: Asked, dry_run: DryRun = False) -> DraftShown:
    """Keep what was written so far, complete or not."""
    draft = drafts.add(ctx, asker, body.said())
    if not dry_run:
        response.headers["Location"] = f"/api/v1/drafts/{draft.id}"
    response.headers["ETag"] = etag(draft.version)
    return DraftShown.of(draft)


@router.get("/drafts/{draft}", summary="Show a draft", **asks("draft.show"))
def show_draft(draft: Number, response: Response, ctx: Ctx, asker: Asked) -> DraftShown:
    """One draft, with what is missing or wrong before it can be queued."""
    shown = drafts.show(ctx, asker, draft)
    response.headers["ETag"] = etag(shown.version)
    return DraftShown.of(shown)


@router.patch("/drafts/{draft}", summary="Edit a draft", **asks("draft.edit"))
def edit_draft(
    draft: Number, body: Draft, response: Response, ctx: Acting, asker: Asked, if_match: IfMatch = None
) -> DraftShown:
    """Change the fields that are named; null takes one away."""
    shown = drafts.edit(ctx, asker, draft, body.said(), version=if_match)
    response.headers["ETag"] = etag(shown.version)
    return DraftShown.of(shown)


@router.delete("/drafts/{draft}", summary="Drop a draft", status_code=204, **asks("draft.remove"))
def remove_draft(draft: Number, ctx: Acting, asker: Asked) -> None:
    """Throw a draft away."""
    drafts.remove(ctx, asker, draft)


@router.post("/drafts/{draft}/queue", summary="Queue a draft", status_code=201, **asks("draft.queue"))
def queue_draft(
    draft: Number,
    response: Response,
    ctx: Acting,
    asker: Asked,
    if_match: IfMatch = None,
    late: Late = False,
    keep_media: KeepMedia = False,
    dry_run: DryRun = False,
) -> PostQueued:
    """Make a post of a draft, checked like any other; the draft goes with it. With problems, it stays."""
    queued = drafts.queue(ctx, asker, draft, keep_media=keep_media, late=late, version=if_match)
    page = page_of(queued)
    if not dry_run:
        response.headers["Location"] = f"/api/v1/posts/{page.post.id}"
    response.headers["ETag"] = etag(page.post.version)
    return PostQueued(**PostFull.told(page), warnings=flaws_of(queued.warnings))

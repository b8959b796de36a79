"""`/posts/{post}/peek`: a post over the page where it stands, looked at by one key; its words and time change there."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.pages import saying, words
from console.pages.accounts_of import hues_of
from console.pages.house import House, Visit
from console.pages.posts.post import Can, back_of, named_by
from console.pages.saying import Said, remarks
from operations.accounts import accounts
from operations.posts import posts
from operations.posts.posts import Edited, PostFields, PostPage
from pressrun.errors import Kind, PressrunError


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/posts/{post}/peek", show)
    house.action(made, "/posts/{post}/peek", save)
    return made


def show(visit: Visit) -> Response:
    return _sheet(visit, posts.show(visit.ctx, visit.asker, named_by(visit)))


def save(visit: Visit) -> Response:
    """Change its words and its time.

    A script is answered with where to go on, or with the sheet again, as it was filled in and with what is wrong.
    """
    page = posts.show(visit.ctx, visit.asker, named_by(visit))
    if not visit.given("by_script"):
        edited = _edit(visit, page)
        flaws = remarks(edited.problems)
        return visit.back(back_of(visit), Said(flaws, is_bad=True) if flaws else _said(visit, page, edited))
    try:
        edited = _edit(visit, page)
    except PressrunError as problem:
        if problem.kind is Kind.UNREACHABLE:
            raise
        now = posts.show(visit.ctx, visit.asker, named_by(visit))
        return _sheet(visit, now, flaws=Said.of(problem).words)
    if edited.problems:
        return _sheet(visit, page, flaws=remarks(edited.problems))
    answer = JSONResponse({"to": back_of(visit)})
    saying.say(answer, _said(visit, page, edited))
    return answer


def _edit(visit: Visit, page: PostPage) -> Edited:
    caption, at = _changed(visit, page)
    fields = PostFields(caption=caption, publish_at=at)
    if not fields.said():
        return Edited(page.post, (), ())
    version = visit.given_number("version")
    return posts.edit(visit.ctx, visit.asker, str(page.post.id), fields, base=None, version=version)


def _changed(visit: Visit, page: PostPage) -> tuple[str | None, str | None]:
    """Caption and time as far as they differ from what the sheet said when it was opened."""
    caption, at = visit.given("caption").replace("\r\n", "\n"), visit.given("publish_at")
    was = visit.given("was_caption", page.caption or "").replace("\r\n", "\n")
    return caption if caption != was else None, at if at and at != visit.given("was_at") else None


def _said(visit: Visit, before: PostPage, edited: Edited) -> Said:
    if edited.post.version == before.post.version:
        return Said("Nothing was changed.")
    fields = {
        "caption": before.caption or "",
        "publish_at": before.post.publish_at.isoformat(),
        "was_at": edited.post.publish_at.isoformat(),
        "version": str(edited.post.version),
        "back": back_of(visit),
    }
    return Said(remarks(edited.warnings, behind="Changed."), undo=f"/posts/{before.post.id}/peek", fields=fields)


def _sheet(visit: Visit, page: PostPage, *, flaws: str = "") -> Response:
    """As the post is; and where something was wrong, with what was typed, which says nothing of what was left alone."""
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    caption, at = _changed(visit, page) if flaws else (None, None)
    wall = _wall(page.post.publish_at, page.post.timezone)
    return visit.render(
        "peek.html",
        page=page,
        post=page.post,
        told=words.STATES[page.post.state],
        can=Can.of(page, lacks=False),
        items=[part for part in page.parts if part.kind != "carousel"],
        has_pictures=any(part.is_kept for part in page.parts),
        hues=hues_of(names),
        flaws=flaws,
        wall=wall,
        typed=page.caption or "" if caption is None else caption,
        typed_at=at or wall,
        back=back_of(visit),
    )


def _wall(at: datetime, zone: str) -> str:
    return f"{words.local(at, zone):%Y-%m-%dT%H:%M}"

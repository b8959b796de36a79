"""`/compose`: writing a post. A draft is saved at each pause, and judged by the rules that will be asked in the end."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from console.pages import words
from console.pages.house import STATUS, House, Visit
from console.pages.posts.calendar_grid import instant_of
from console.pages.posts.compose_fields import DRAFTED, Written, in_seconds, people_lines, picture_of, shown_media
from console.pages.saying import Said, remarks
from operations.accounts import accounts
from operations.posts import composing, drafts, fixing, posts, uploads
from operations.posts.drafts import DraftShown
from operations.posts.posts import PartShown, PostPage
from pressrun.errors import PressrunError

_NAMED = ("https://", "http://", "kept:", "lib:")
LARGEST_BYTES = 320 * 1024 * 1024


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/compose", show)
    house.page(made, "/compose/around", around)
    house.action(made, "/compose/media", keep)
    house.action(made, "/compose/save", save)
    house.action(made, "/compose/queue", queue)
    house.action(made, "/compose/remove", remove)
    return made


def show(visit: Visit) -> Response:
    """A new post, a draft, or a queued post to be edited."""
    draft = drafts.show(visit.ctx, visit.asker, visit.whole("draft", 0)) if visit.asked("draft") else None
    page = posts.show(visit.ctx, visit.asker, visit.asked("post") or "") if visit.asked("post") else None
    like = posts.show(visit.ctx, visit.asker, visit.asked("like") or "") if visit.asked("like") else None
    fields = dict(draft.fields) if draft else _of_post(page) if page else _like(like) if like else {}
    if visit.asked("account") and "account" not in fields:
        fields["account"] = visit.asked("account") or ""
    if visit.asked("publish_at") and not fields.get("publish_at"):
        fields["publish_at"] = visit.asked("publish_at") or ""
    return _page(visit, fields, draft=draft, page=page)


def around(visit: Visit) -> Response:
    """Free slots and the profile grid of the account that was chosen, as a piece of the page."""
    found = composing.surroundings(visit.ctx, visit.asker, visit.asked("account") or "")
    return visit.render("compose_around.html", here="compose", around=found)


def keep(visit: Visit) -> Response:
    """Take in one file; the answer says how posts name it."""
    file = visit.form.get("file")
    if not isinstance(file, UploadFile):
        return JSONResponse({"message": "no file came"}, 400)
    visit.ctx.settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=visit.ctx.settings.home) as folder:
        path = Path(folder) / "file"
        with path.open("wb") as copy:
            while chunk := file.file.read(1024 * 1024):
                copy.write(chunk)
                if copy.tell() > LARGEST_BYTES:
                    return JSONResponse({"message": "the file is larger than anything Instagram takes"}, 413)
        try:
            kept = uploads.hand_in(visit.ctx, visit.asker, path)
        except PressrunError as problem:
            return JSONResponse({"message": str(problem)}, STATUS[problem.kind])
    return JSONResponse(asdict(kept))


def save(visit: Visit) -> Response:
    """Keep the draft, and say what is wrong with it so far; asked at each pause by the script of the page."""
    written = Written.of(visit.form)
    told: dict[str, Any] = {"counts": asdict(composing.counted(written.fields.get("caption", "")))}
    try:
        if not visit.given("post"):
            draft = _kept(visit, written)
            told |= {"draft": draft.id, "version": draft.version}
        told |= _judged(visit, written)
    except PressrunError as problem:
        return JSONResponse({"message": str(problem), "type": problem.type}, STATUS[problem.kind])
    return JSONResponse(told)


def _kept(visit: Visit, written: Written) -> DraftShown:
    number = visit.given_number("draft")
    if number is not None:
        version = visit.given_number("version")
        return drafts.edit(visit.ctx, visit.asker, number, written.whole(), version=version)
    return drafts.add(visit.ctx, visit.asker, written.post_fields())


def _judged(visit: Visit, written: Written) -> dict[str, Any]:
    """By the rules that will be asked in the end."""
    if visit.given("post"):
        with visit.ctx.rehearsal() as dry:
            edited = posts.edit(dry, visit.asker, visit.given("post"), written.changes(), base=None)
        flaws, warned = edited.problems, edited.warnings
    else:
        judged = drafts.judge(visit.ctx, visit.asker, written.post_fields())
        flaws, warned = judged.problems, judged.warnings
    return {
        "problems": [
            {"column": one.column, "message": one.message, "type": one.type} for one in written.in_words(flaws)
        ],
        "warnings": [{"column": one.column, "message": one.message} for one in written.in_words(warned)],
    }


def queue(visit: Visit) -> Response:
    """Queue what was written, or change the post; with problems, the page comes again with each beside its field."""
    written, number, post = Written.of(visit.form), visit.given_number("draft"), visit.given("post")
    try:
        if post:
            version = visit.given_number("version") or None
            edited = posts.edit(visit.ctx, visit.asker, post, written.changes(), base=None, version=version)
            flaws, warned, ids = edited.problems, edited.warnings, [edited.post.id]
        else:
            queued = posts.add(visit.ctx, visit.asker, written.post_fields(), base=None)
            flaws, warned, ids = queued.problems, queued.warnings, [*queued.added, *queued.unchanged]
    except PressrunError as problem:
        return _page(visit, written.fields, problem=problem, status=STATUS[problem.kind])
    if flaws:
        told = {"flaws": written.in_words(flaws), "warned": written.in_words(warned)}
        return _page(visit, written.fields, **told, status=400)
    if number is not None:
        drafts.remove(visit.ctx, visit.asker, number)
    said = remarks(written.in_words(warned), behind="Changed." if post else "Queued.")
    return visit.back(f"/posts/{ids[0]}" if ids else "/posts", Said(said))


def remove(visit: Visit) -> Response:
    drafts.remove(visit.ctx, visit.asker, visit.given_number("draft") or 0)
    return visit.back("/compose", Said("The draft is thrown away."))


def _of_post(page: PostPage) -> dict[str, str]:
    """What a queued post says, in the fields that can be changed; its media stay unless others are put in."""
    at = words.local(page.post.publish_at, page.post.timezone)
    fields = {
        "account": page.post.account,
        "type": page.post.type,
        "publish_at": f"{at:%Y-%m-%dT%H:%M}",
        "caption": page.caption,
        "first_comment": page.first_comment or "",
        "if_late": page.if_late,
        "alt_text": "|".join(part.alt_text or "" for part in page.parts if part.kind != "carousel").rstrip("|"),
    }
    fields["location_id"] = str(page.params.get("location_id") or "")
    if page.params.get("thumb_offset_ms") is not None:
        fields["cover_at"] = in_seconds(page.params["thumb_offset_ms"])
    for name in ("collaborators", "poll_options"):
        fields[name] = "|".join(page.params.get(name) or ())
    for name in ("poll_extended", "comment_prompt"):
        fields[name] = {True: "true", False: "false", None: ""}[page.params.get(name)]
    tags = page.params.get("product_tags")
    return fields | {"product_tags": json.dumps(tags) if tags else ""}


def _like(page: PostPage) -> dict[str, str]:
    """A new post that says what another said; its media as far as they can be named again, and no time."""
    sources = [_named(part) for part in page.parts if part.source is not None]
    media = "|".join(sources) if all(sources) else ""
    people = page.params.get("user_tags")
    return _of_post(page) | {"publish_at": "", "media": media, "user_tags": json.dumps(people) if people else ""}


def _named(part: PartShown) -> str:
    """How a new post names the media; empty for a file that was not kept."""
    source = part.source or ""
    return source if source.startswith(_NAMED) else f"kept:{part.sha256}" if part.sha256 else ""


def _page(visit: Visit, fields: dict[str, str], *, status: int = 200, **told: Any) -> Response:
    known = accounts.names(visit.ctx, visit.asker)
    names = {one.name: one for one in known}
    chosen = fields.get("account") or (known[0].name if len(known) == 1 else "")
    found = composing.surroundings(visit.ctx, visit.asker, chosen) if chosen in names else None
    listed = drafts.list_drafts(visit.ctx, visit.asker, limit=20).items if not told.get("page") else []
    at = fields.get("publish_at", "")
    if at.endswith("Z") or "+" in at[10:]:
        fields["publish_at"] = (
            f"{words.local(instant_of(at, 'UTC'), found.timezone if found else 'UTC'):%Y-%m-%dT%H:%M}"
        )
    if re.fullmatch(r"[0-9]{1,9}", fields.get("thumb_offset_ms", "")):
        fields = {"cover_at": in_seconds(fields["thumb_offset_ms"])} | fields
    fields = fields | {"user_tags": people_lines(fields.get("user_tags", ""))}
    origins = fixing.origins(visit.ctx, visit.asker, fields.get("media", "").split("|"))
    beside: dict[str, Any] = {"flaws": (), "warned": (), "problem": None, "draft": None, "page": None} | told
    return visit.render(
        "compose.html",
        status,
        here="compose",
        fields=fields,
        accounts=known,
        chosen=chosen,
        around=found,
        listed=listed,
        drafted=DRAFTED,
        counts=composing.counted(fields.get("caption", "")),
        media=shown_media(fields, origins),
        cover_picture=picture_of(fields.get("cover_url", "")),
        zone=found.timezone if found else "UTC",
        number=beside["draft"].id if beside["draft"] else visit.given("draft"),
        version=_version(beside, visit),
        post=beside["page"].post.id if beside["page"] else visit.given("post"),
        **beside,
    )


def _version(beside: dict[str, Any], visit: Visit) -> str:
    if beside["draft"]:
        return str(beside["draft"].version)
    return str(beside["page"].post.version) if beside["page"] else visit.given("version")

"""`/inbox`: mentions, comments and tags; replying once, hiding, showing again, deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from console.pages.accounts_of import hues_of, zone_of
from console.pages.excerpts import weight_bytes
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations.accounts import accounts
from operations.history import comments, mentions, tags
from operations.history.comments import CommentShown, CommentsThat
from operations.history.mentions import MentionShown
from operations.history.tags import TagShown
from pressrun.paging import Page, page, place_of

SHOWN = ("mentions", "comments", "tags")
WHICH = {
    "mentions": (("", "All"), ("wait", "Without a reply")),
    "comments": (("", "All"), ("wait", "Without a reply"), ("hidden", "Hidden")),
    "tags": (),
}
_MOST = 50
_ROOM_BYTES, _ITEM_BYTES = 105_000, 1_700
"""What a page has room for, and what an item takes beside its words: where they are long, fewer stand on a page."""
_PLACES: Mapping[str, Callable[[Any], tuple[Any, ...]]] = {
    "mentions": lambda one: (one.announced_at, one.id),
    "comments": lambda one: one.place,
    "tags": lambda one: (one.posted_at or tags.EVER, one.id),
}


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/inbox", show)
    house.action(made, "/inbox/{mention}/reply", reply)
    house.action(made, "/inbox/{mention}/resolve", resolve)
    for name, act in (
        ("reply", reply_to_comment),
        ("resolve", resolve_comment),
        ("hide", hide),
        ("unhide", unhide),
        ("delete", delete),
    ):
        house.action(made, f"/inbox/comments/{{comment}}/{name}", act)
    return made


def show(visit: Visit) -> Response:
    known = accounts.names(visit.ctx, visit.asker)
    names, chosen = [one.name for one in known], visit.asked("account")
    shown = visit.asked("show") if visit.asked("show") in SHOWN else "mentions"
    read: Mapping[str, Callable[[Visit, str | None], Page[Any]]] = {
        "mentions": _mentions,
        "comments": _comments,
        "tags": _tags,
    }
    found = read[str(shown)](visit, chosen)
    return visit.render(
        "inbox.html",
        here="inbox",
        shown=shown,
        which=WHICH[str(shown)],
        that=_that(visit),
        found=found.items,
        after=found.next_cursor,
        names=names,
        hues=hues_of(names),
        zone=zone_of([one for one in known if chosen in (None, one.name)]),
    )


def _fitting(shown: str, found: Sequence[Any]) -> Page[Any]:
    left, count = _ROOM_BYTES, 0
    for one in found[:_MOST]:
        left -= _ITEM_BYTES + weight_bytes(_words_of(one))
        if left < 0 and count:
            break
        count += 1
    return page(shown, found, _PLACES[shown], limit=count)


def _words_of(one: MentionShown | CommentShown | TagShown) -> str:
    return (one.caption if isinstance(one, TagShown) else one.text) or ""


def _that(visit: Visit) -> str:
    return visit.asked("that") or ("wait" if visit.asked("open") else "")


def _mentions(visit: Visit, account: str | None) -> Page[MentionShown]:
    waiting = _that(visit) == "wait"
    behind: Any = place_of("mentions", visit.asked("after"), datetime, int)
    found = mentions.list_mentions(visit.ctx, visit.asker, account, limit=_MOST + 1, behind=behind, waiting=waiting)
    return _fitting("mentions", found)


def _comments(visit: Visit, account: str | None) -> Page[CommentShown]:
    that = CommentsThat(_that(visit)) if _that(visit) in list(CommentsThat) else None
    behind: Any = place_of("comments", visit.asked("after"), datetime, int)
    media = visit.asked("media")
    found = comments.list_comments(
        visit.ctx, visit.asker, account, media=media, that=that, limit=_MOST + 1, behind=behind
    )
    return _fitting("comments", found)


def _tags(visit: Visit, account: str | None) -> Page[TagShown]:
    behind: Any = place_of("tags", visit.asked("after"), datetime, int)
    found = tags.list_tags(visit.ctx, visit.asker, account, limit=_MOST + 1, behind=behind)
    return _fitting("tags", found)


def reply(visit: Visit) -> Response:
    mentions.reply(visit.ctx, visit.asker, visit.number("mention"), visit.given("text"))
    return _back(visit, "The reply is queued; it is sent once.")


def resolve(visit: Visit) -> Response:
    was_sent = visit.given("was_sent") == "1"
    mentions.resolve(visit.ctx, visit.asker, visit.number("mention"), was_sent=was_sent)
    return _back(visit, "Decided.")


def reply_to_comment(visit: Visit) -> Response:
    comments.reply(visit.ctx, visit.asker, _comment(visit), visit.given("text"))
    return _back(visit, "The reply is queued; it is sent once.")


def resolve_comment(visit: Visit) -> Response:
    comments.resolve(visit.ctx, visit.asker, _comment(visit), was_sent=visit.given("was_sent") == "1")
    return _back(visit, "Decided.")


def hide(visit: Visit) -> Response:
    comments.hide(visit.ctx, visit.asker, _comment(visit))
    return _back(visit, "It is being hidden; who wrote it is not told. In a moment it can be undone.", undo="unhide")


def unhide(visit: Visit) -> Response:
    comments.unhide(visit.ctx, visit.asker, _comment(visit))
    return _back(visit, "It is being shown again. In a moment that can be undone.", undo="hide")


def delete(visit: Visit) -> Response:
    comments.delete(visit.ctx, visit.asker, _comment(visit))
    return _back(visit, "It is being deleted on Instagram.")


def _comment(visit: Visit) -> int:
    return visit.number("comment")


def _back(visit: Visit, told: str, *, undo: str | None = None) -> Response:
    back = visit.way_back("/inbox")
    path = f"/inbox/comments/{_comment(visit)}/{undo}" if undo else None
    return visit.back(back, Said(told, undo=path, fields={"back": back}))

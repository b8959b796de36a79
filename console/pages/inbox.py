"""`/inbox`: mentions, comments and tags; replying once."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.accounts_of import hues_of, zone_of
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, comments, mentions, tags

SHOWN = ("mentions", "comments", "tags")
_MOST = 100


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/inbox", show)
    house.action(made, "/inbox/{mention}/reply", reply)
    house.action(made, "/inbox/{mention}/resolve", resolve)
    return made


def show(visit: Visit) -> Response:
    known = accounts.names(visit.ctx, visit.asker)
    names, chosen = [one.name for one in known], visit.asked("account")
    shown = visit.asked("show") or "mentions"
    found = (
        mentions.list_mentions(visit.ctx, visit.asker, chosen, limit=_MOST) if shown not in ("tags", "comments") else []
    )
    if visit.asked("open"):
        found = [one for one in found if one.reply is None]
    return visit.render(
        "inbox.html",
        here="inbox",
        shown=shown if shown in SHOWN else "mentions",
        mentions=found,
        comments=comments.list_comments(visit.ctx, visit.asker, chosen, limit=_MOST) if shown == "comments" else [],
        tags=tags.list_tags(visit.ctx, visit.asker, chosen, limit=_MOST) if shown == "tags" else [],
        names=names,
        hues=hues_of(names),
        zone=zone_of([one for one in known if chosen in (None, one.name)]),
    )


def reply(visit: Visit) -> Response:
    mentions.reply(visit.ctx, visit.asker, int(visit.request.path_params["mention"]), visit.given("text"))
    return visit.back(visit.way_back("/inbox"), Said("The reply is queued; it is sent once."))


def resolve(visit: Visit) -> Response:
    was_sent = visit.given("was_sent") == "1"
    mentions.resolve(visit.ctx, visit.asker, int(visit.request.path_params["mention"]), was_sent=was_sent)
    return visit.back(visit.way_back("/inbox"), Said("Decided."))

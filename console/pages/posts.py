"""`/posts`: all of them, found by words and filters."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.accounts_of import hues_of, zone_of
from console.pages.house import House, Visit
from operations import accounts, searching


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/posts", show)
    return made


def show(visit: Visit) -> Response:
    states = [one for one in visit.request.query_params.getlist("state") if one]
    found = searching.search(
        visit.ctx,
        visit.asker,
        words=visit.asked("q"),
        account=visit.asked("account"),
        states=states,
        type_=visit.asked("type"),
        after=visit.asked("after"),
    )
    known = [one for one in accounts.list_accounts(visit.ctx, visit.asker) if one.state != "removed"]
    names = [one.name for one in known]
    of_them = [one for one in known if visit.asked("account") in (None, one.name)]
    return visit.render(
        "posts.html",
        here="posts",
        found=found,
        states=states,
        names=names,
        hues=hues_of(names),
        zone=zone_of(of_them),
    )

"""`/posts`: all of them, found by words and filters."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.accounts_of import hues_of, zone_of
from console.pages.house import House, Visit
from operations.accounts import accounts
from operations.posts import cards, post_search
from operations.posts.post_search import PostQuery


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/posts", show)
    return made


def show(visit: Visit) -> Response:
    states = tuple(one for one in visit.request.query_params.getlist("state") if one)
    query = PostQuery(
        account=visit.asked("account"),
        state=states,
        type=tuple(one for one in [visit.asked("type")] if one),
        q=visit.asked("q"),
        sort="-publish_at",
    )
    page = post_search.search(visit.ctx, visit.asker, query, cursor=visit.asked("after"))
    found = cards.show(visit.ctx, visit.asker, [one.id for one in page.items])
    known = accounts.names(visit.ctx, visit.asker)
    names = [one.name for one in known]
    of_them = [one for one in known if visit.asked("account") in (None, one.name)]
    return visit.render(
        "posts.html",
        here="posts",
        found=found,
        after=page.next_cursor,
        states=states,
        names=names,
        hues=hues_of(names),
        zone=zone_of(of_them),
    )

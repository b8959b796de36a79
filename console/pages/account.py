"""`/accounts/{account}`: how one account stands: its tokens and what they may, its windows, what is read of it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.accounts_of import hues_of
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, standing


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/accounts/{account}", show)
    house.action(made, "/accounts/{account}/check", check)
    return made


def show(visit: Visit) -> Response:
    found = standing.show(visit.ctx, visit.asker, visit.request.path_params["account"])
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    return visit.render("account.html", here="accounts", one=found, hues=hues_of(names), zone=found.timezone)


def check(visit: Visit) -> Response:
    """A worker asks Instagram; the page says what came of it once it has."""
    name = visit.request.path_params["account"]
    standing.check(visit.ctx, visit.asker, name)
    return visit.back(f"/accounts/{name}", Said("Instagram is being asked; look again in a moment."))

"""`/notices`: endpoints, their rules, and what was sent to them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations.accounts import accounts
from operations.upkeep import notices

_MOST = 50


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/notices", show)
    for name, act in (("add", add), ("rule", rule), ("test", test), ("replay", replay), ("remove", remove)):
        house.action(made, f"/notices/{name}", act)
    return made


def show(visit: Visit) -> Response:
    return visit.render(
        "notices.html",
        here="notices",
        endpoints=notices.list_endpoints(visit.ctx, visit.asker),
        rules=notices.list_rules(visit.ctx, visit.asker),
        log=notices.log(visit.ctx, visit.asker, limit=_MOST),
        names=[one.name for one in accounts.names(visit.ctx, visit.asker)],
        kinds=notices.RULED,
    )


def add(visit: Visit) -> Response:
    is_webhook = visit.given("way") != "apprise"
    address = visit.given("address")
    added = notices.add(
        visit.ctx,
        visit.asker,
        webhook_url=address if is_webhook else None,
        apprise=None if is_webhook else address,
        name=visit.given("name").strip() or None,
    )
    if added.secret:
        title = f"What deliveries to {added.name} are signed with"
        return visit.render("once.html", here="notices", title=title, secret=added.secret, back="/notices")
    return visit.back("/notices", Said(f"{added.name} hears of everything from now on."))


def rule(visit: Visit) -> Response:
    notices.rule(
        visit.ctx,
        visit.asker,
        visit.given("name"),
        how=visit.given("how"),
        account=visit.given("account") or None,
        kind=visit.given("kind") or None,
    )
    return visit.back("/notices", Said("The rule counts from now on."))


def test(visit: Visit) -> Response:
    notices.send_test(visit.ctx, visit.asker, visit.given("name"))
    return visit.back("/notices", Said("A test is on its way; the log says what becomes of it."))


def replay(visit: Visit) -> Response:
    count = notices.replay(visit.ctx, visit.asker, visit.given("name"), delivery=visit.given_number("delivery"))
    return visit.back("/notices", Said(f"{words.plural(count, 'delivery', 'deliveries')} will be sent again."))


def remove(visit: Visit) -> Response:
    notices.remove(visit.ctx, visit.asker, visit.given("name"))
    return visit.back("/notices", Said(f"{visit.given('name')} is told nothing more."))

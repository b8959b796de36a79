"""`/accounts`: how each stands, its slots, what its posts inherit, pausing and resuming; and of one its tokens."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, slots, standing, subscriptions
from operations.accounts import TermChanges
from operations.slots import SlotShown


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/accounts", show)
    house.page(made, "/accounts/{account}", show_one)
    house.action(made, "/accounts/slots/{slot}/remove", remove_slot)
    house.action(made, "/accounts/{account}/slots", add_slots)
    house.action(made, "/accounts/{account}/pause", pause)
    house.action(made, "/accounts/{account}/resume", resume)
    house.action(made, "/accounts/{account}/edit", edit)
    house.action(made, "/accounts/{account}/rename", rename)
    house.action(made, "/accounts/{account}/check", check)
    house.action(made, "/accounts/{account}/webhooks", renew_webhooks)
    return made


def show(visit: Visit) -> Response:
    found = accounts.list_accounts(visit.ctx, visit.asker)
    by_account: dict[str, list[SlotShown]] = {}
    for slot in slots.list_slots(visit.ctx, visit.asker):
        by_account.setdefault(slot.account, []).append(slot)
    names = [one.name for one in found if one.state != "removed"]
    return visit.render(
        "accounts.html",
        here="accounts",
        accounts=found,
        slots=by_account,
        hues=hues_of(names),
        connect_path=visit.house.connect_path,
    )


def show_one(visit: Visit) -> Response:
    """How it stands: its tokens with their ends, what was granted, what Instagram tells of, and its readings."""
    found = standing.show(visit.ctx, visit.asker, _of(visit))
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    return visit.render(
        "account.html",
        here="accounts",
        account_=found,
        hooks=subscriptions.show(visit.ctx, visit.asker, _of(visit)),
        hues=hues_of(names),
        at=f"/accounts/{found.ig_id}",
        connect_path=visit.house.connect_path,
    )


def rename(visit: Visit) -> Response:
    done = accounts.rename(visit.ctx, visit.asker, _of(visit), visit.given("name").strip())
    back = visit.way_back("/accounts")
    undo = f"/accounts/{_of(visit)}/rename"
    return visit.back(
        back, Said(f"{done.old} is called {done.name}.", undo=undo, fields={"name": done.old, "back": back})
    )


def check(visit: Visit) -> Response:
    standing.check(visit.ctx, visit.asker, _of(visit))
    return visit.back(
        visit.way_back("/accounts"), Said("Instagram is being asked; what it says stands here in a moment.")
    )


def renew_webhooks(visit: Visit) -> Response:
    subscriptions.renew(visit.ctx, visit.asker, _of(visit))
    return visit.back(visit.way_back("/accounts"), Said("A worker looks, and subscribes what is lacking."))


def pause(visit: Visit) -> Response:
    held = accounts.pause(visit.ctx, visit.asker, _of(visit))
    undo = f"/accounts/{_of(visit)}/resume"
    return visit.back("/accounts", Said(f"{held.account} is paused: nothing of it goes out.", undo=undo))


def resume(visit: Visit) -> Response:
    held = accounts.resume(visit.ctx, visit.asker, _of(visit))
    told = f"{held.account} is {held.state}; {words.plural(held.posts_released, 'post')} go on."
    return visit.back("/accounts", Said(told, undo=f"/accounts/{_of(visit)}/pause"))


def add_slots(visit: Visit) -> Response:
    added = slots.add(visit.ctx, visit.asker, _of(visit), days=visit.given("days"), at=[visit.given("at")])
    told = f"{words.plural(added.added, 'slot')} added, in {added.timezone}."
    return visit.back("/accounts", Said(told))


def remove_slot(visit: Visit) -> Response:
    slots.remove(visit.ctx, visit.asker, int(visit.request.path_params["slot"]))
    fields = {name: visit.given(name) for name in ("days", "at")}
    told = f"{fields['days'].capitalize()} {fields['at']} is no slot any more; posts that are due at it stay."
    return visit.back("/accounts", Said(told, undo=f"/accounts/{visit.given('account')}/slots", fields=fields))


def edit(visit: Visit) -> Response:
    said = {name: visit.given(name).strip() or None for name in ("timezone", "max_lateness", "if_late", "min_spacing")}
    terms = accounts.edit(visit.ctx, visit.asker, _of(visit), TermChanges(**said))
    told = " ".join([f"{terms.name} has new defaults; queued posts stay as they are.", *terms.warnings])
    return visit.back("/accounts", Said(told))


def _of(visit: Visit) -> str:
    return str(visit.request.path_params["account"])

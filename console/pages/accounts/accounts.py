"""`/accounts`: how each stands, its slots, what its posts inherit, pausing and resuming; and of one its tokens."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.house import House, Visit
from console.pages.leafing import Sheaf
from console.pages.saying import Said
from operations.accounts import accounts, removals, standing, subscriptions
from operations.accounts.accounts import TermChanges
from operations.posts import slots
from operations.posts.slots import SlotShown
from pressrun.errors import Invalid

_AT_ONCE = 50


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
    house.action(made, "/accounts/{account}/remove", remove)
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
        count=len(found),
        accounts=Sheaf.of(found, visit, _AT_ONCE),
        slots=by_account,
        hues=hues_of(names),
        connect_path=visit.house.connect_path,
    )


def show_one(visit: Visit) -> Response:
    """How it stands: its tokens, what was granted, what Instagram tells of, its slots, defaults and readings."""
    found = standing.show(visit.ctx, visit.asker, _of(visit))
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    return visit.render(
        "account.html",
        here="accounts",
        account_=found,
        hooks=subscriptions.show(visit.ctx, visit.asker, _of(visit)),
        slots=slots.list_slots(visit.ctx, visit.asker, account=_of(visit)),
        plan=removals.look_at_removal(visit.ctx, visit.asker, _of(visit)) if visit.asked("remove") else None,
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


def remove(visit: Visit) -> Response:
    """For good: with `keep` its history stays; without, its name has to be written out."""
    plan = removals.look_at_removal(visit.ctx, visit.asker, _of(visit))
    keep = visit.given("keep") == "1"
    if not keep and visit.given("named").strip() != plan.account:
        said = f"write the name of the account to erase it: {plan.account}"
        raise Invalid(said, type="account.not_named", field="named")
    done = removals.remove(visit.ctx, visit.asker, _of(visit), keep_history=keep)
    told = f"{done.account} is removed; {words.plural(done.posts_canceled, 'post')} canceled. "
    told += "Its history is kept." if keep else "Its history is being erased."
    return visit.back("/accounts", Said(told))


def pause(visit: Visit) -> Response:
    held = accounts.pause(visit.ctx, visit.asker, _of(visit))
    back, undo = visit.way_back("/accounts"), f"/accounts/{_of(visit)}/resume"
    return visit.back(
        back, Said(f"{held.account} is paused: nothing of it goes out.", undo=undo, fields={"back": back})
    )


def resume(visit: Visit) -> Response:
    held = accounts.resume(visit.ctx, visit.asker, _of(visit))
    told = f"{held.account} is {held.state}; {words.plural(held.posts_released, 'post')} go on."
    back = visit.way_back("/accounts")
    return visit.back(back, Said(told, undo=f"/accounts/{_of(visit)}/pause", fields={"back": back}))


def add_slots(visit: Visit) -> Response:
    added = slots.add(visit.ctx, visit.asker, _of(visit), days=visit.given("days"), at=[visit.given("at")])
    told = f"{words.plural(added.added, 'slot')} added, in {added.timezone}."
    return visit.back(visit.way_back("/accounts"), Said(told))


def remove_slot(visit: Visit) -> Response:
    slots.remove(visit.ctx, visit.asker, visit.number("slot"))
    fields = {name: visit.given(name) for name in ("days", "at")}
    told = f"{fields['days'].capitalize()} {fields['at']} is no slot any more; posts that are due at it stay."
    undo = f"/accounts/{quote(visit.given('account'), safe='')}/slots"
    return visit.back(visit.way_back("/accounts"), Said(told, undo=undo, fields=fields))


def edit(visit: Visit) -> Response:
    said = {name: visit.given(name).strip() or None for name in ("timezone", "max_lateness", "if_late", "min_spacing")}
    terms = accounts.edit(visit.ctx, visit.asker, _of(visit), TermChanges(**said))
    told = " ".join([f"{terms.name} has new defaults; queued posts stay as they are.", *terms.warnings])
    return visit.back(visit.way_back("/accounts"), Said(told))


def _of(visit: Visit) -> str:
    return str(visit.request.path_params["account"])

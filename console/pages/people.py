"""`/system/people`: users, keys, sessions, and the audit of what everybody changed."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.house import House, Visit
from console.pages.saying import Said
from console.pages.system import TABS
from operations.access import audits, keys, users
from operations.access.audits import Wish
from operations.access.rights import OF_ROLE

_MOST = 100


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/system/people", show)
    for name, act in (
        ("invite", invite),
        ("disable", disable),
        ("reset", reset),
        ("end", end_session),
        ("add-key", add_key),
        ("revoke-key", revoke_key),
    ):
        house.action(made, f"/system/people/{name}", act)
    return made


def show(visit: Visit) -> Response:
    return visit.render(
        "system_people.html",
        here="system",
        tab="people",
        tabs=TABS,
        users=users.list_users(visit.ctx, visit.asker),
        keys=keys.list_keys(visit.ctx, visit.asker),
        sessions=users.list_sessions(visit.ctx, visit.asker),
        entries=audits.list_entries(visit.ctx, visit.asker, Wish(), limit=_MOST),
        roles=[role.value for role in OF_ROLE],
    )


def invite(visit: Visit) -> Response:
    invited = users.invite(visit.ctx, visit.asker, visit.given("name"), role=visit.given("role") or None)
    return _shown_once(visit, f"The way in of {invited.user.name}", _link(visit, invited.link.path))


def reset(visit: Visit) -> Response:
    invited = users.reset(visit.ctx, visit.asker, visit.given("name"))
    return _shown_once(visit, f"The new way in of {invited.user.name}", _link(visit, invited.link.path))


def _link(visit: Visit, path: str) -> str:
    return f"{str(visit.request.base_url).rstrip('/')}{path}"


def _shown_once(visit: Visit, title: str, secret: str) -> Response:
    """In the answer itself: what is shown once is kept in no cookie."""
    return visit.render("once.html", here="system", title=title, secret=secret, back="/system/people")


def disable(visit: Visit) -> Response:
    user = users.disable(visit.ctx, visit.asker, visit.given("name"))
    return visit.back("/system/people", Said(f"{user.name} comes in no more."))


def end_session(visit: Visit) -> Response:
    users.end_sessions(visit.ctx, visit.asker, session=int(visit.given("session") or 0))
    return visit.back("/system/people", Said("That session is over."))


def add_key(visit: Visit) -> Response:
    scopes = [str(one) for one in visit.form.getlist("scope")]
    made = keys.add(visit.ctx, visit.asker, visit.given("name"), scopes=scopes)
    return _shown_once(visit, f"The key of {made.name}", made.key)


def revoke_key(visit: Visit) -> Response:
    keys.revoke(visit.ctx, visit.asker, visit.given("name"))
    return visit.back("/system/people", Said(f"The key of {visit.given('name')} is honoured no more."))

"""`/system/people`: users, keys and sessions; `/system/audit`: what everybody changed."""

from __future__ import annotations

import io

from fastapi import APIRouter, Response

from console.pages.house import House, Visit
from console.pages.leafing import Sheaf
from console.pages.saying import Said
from console.pages.upkeep.system import TABS
from operations.access import audits, keys, users
from operations.access.audits import Wish
from operations.access.rights import OF_ROLE
from operations.operation import OPERATIONS, Effect
from pressrun.paging import page, place_of

_MOST = 50
_AT_ONCE = 30


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/system/people", show)
    house.page(made, "/system/audit", audit)
    house.page(made, "/system/audit/export", export)
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
        users=Sheaf.of(users.list_users(visit.ctx, visit.asker), visit, _AT_ONCE, by="users"),
        keys=Sheaf.of(keys.list_keys(visit.ctx, visit.asker), visit, _AT_ONCE, by="keys"),
        sessions=Sheaf.of(users.list_sessions(visit.ctx, visit.asker), visit, _AT_ONCE, by="sessions"),
        roles=[role.value for role in OF_ROLE],
    )


def audit(visit: Visit) -> Response:
    found = audits.list_entries(visit.ctx, visit.asker, _wish(visit), limit=_MOST + 1)
    shown = page("audit", found, lambda one: (one.id,), limit=_MOST)
    return visit.render(
        "system_audit.html",
        here="system",
        tab="audit",
        tabs=TABS,
        entries=shown.items,
        before=shown.next_cursor,
        changes=sorted(one.name for one in OPERATIONS.values() if one.effect is not Effect.READS),
    )


def export(visit: Visit) -> Response:
    """What fits, as JSON Lines, oldest first."""
    out = io.StringIO()
    audits.export(visit.ctx, visit.asker, _wish(visit), out)
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type="application/x-ndjson", headers=headers)


def _wish(visit: Visit) -> Wish:
    place = place_of("audit", visit.asked("before"), int)
    return Wish.parse(
        by=visit.asked("by"),
        operation=visit.asked("operation"),
        since=visit.asked("since"),
        until=visit.asked("until"),
        before_id=None if place is None else place[0],
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
    users.end_sessions(visit.ctx, visit.asker, session=visit.given_number("session"))
    return visit.back("/system/people", Said("That session is over."))


def add_key(visit: Visit) -> Response:
    scopes = [str(one) for one in visit.form.getlist("scope")]
    made = keys.add(visit.ctx, visit.asker, visit.given("name"), scopes=scopes)
    return _shown_once(visit, f"The key of {made.name}", made.key)


def revoke_key(visit: Visit) -> Response:
    keys.revoke(visit.ctx, visit.asker, visit.given("name"))
    return visit.back("/system/people", Said(f"The key of {visit.given('name')} is honoured no more."))

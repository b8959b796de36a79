"""`/accounts/connect`: an account by its token; a worker asks Instagram whose it is, the page waits for the answer."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import connections, consents, standing
from operations.connections import Login, NewAccount
from operations.consents import Wish
from pressrun.errors import PressrunError
from pressrun.zones import choose_zone

PATH = "/accounts/connect"


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.connect_path = PATH
    house.page(made, PATH, show)
    house.page(made, f"{PATH}/{{connection}}", wait)
    house.action(made, PATH, connect)
    house.action(made, f"{PATH}/consent", ask)
    house.action(made, f"{PATH}/{{connection}}/choose", choose)
    return made


def show(visit: Visit) -> Response:
    return visit.render("connect.html", here="accounts", logins=list(Login), problem=None, given=_known(visit))


def _known(visit: Visit) -> dict[str, str]:
    """Of an account whose token is to be renewed, what is known of it."""
    if not visit.asked("name"):
        return {}
    one = standing.show(visit.ctx, visit.asker, visit.asked("name") or "")
    return {"login": one.login, "ig_id": one.ig_id, "name": one.name, "timezone": one.timezone}


def connect(visit: Visit) -> Response:
    """The token goes into the row sealed, and into no answer."""
    given = {name: visit.given(name).strip() for name in ("login", "ig_id", "name", "timezone")}
    try:
        zone = choose_zone(given["timezone"]).key if given["timezone"] else None
        new = NewAccount(
            Login(given["login"]), given["ig_id"], given["name"], visit.given("token").strip(), timezone=zone
        )
        number = connections.connect(visit.ctx, visit.asker, new)
    except PressrunError as problem:
        told = {"logins": list(Login), "problem": str(problem), "given": given}
        return visit.render("connect.html", 400, here="accounts", **told)
    return visit.back(f"{PATH}/{number}")


def ask(visit: Visit) -> Response:
    """The way over Instagram's own page. Browsers do not follow a form to another site: it is a link."""
    wish = Wish(
        Login(visit.given("login")), visit.given("name").strip() or None, visit.given("timezone").strip() or None
    )
    begun = consents.begin(visit.ctx, visit.asker, wish)
    return visit.render("consent.html", here="accounts", begun=begun)


def choose(visit: Visit) -> Response:
    """Those of the accounts that a token leads to which are wanted."""
    number = int(visit.request.path_params["connection"])
    wanted = [str(one) for one in visit.form.getlist("account")]
    [first, *_] = consents.choose(visit.ctx, visit.asker, number, wanted)
    return visit.back(f"{PATH}/{first}")


def wait(visit: Visit) -> Response:
    """What came of it; asked again by the page until there is something to say."""
    number = int(visit.request.path_params["connection"])
    shown = consents.show(visit.ctx, visit.asker, number)
    if shown.awaits_choice:
        return visit.render("choosing.html", here="accounts", shown=shown)
    try:
        done = connections.outcome(visit.ctx, visit.asker, number)
    except PressrunError as problem:
        is_pending = problem.type == "connection.pending"
        return visit.render("connecting.html", here="accounts", is_pending=is_pending, problem=str(problem))
    told = f"{done.name} is connected as {done.username or done.ig_id}."
    if done.posts_woken:
        told += f" {words.plural(done.posts_woken, 'waiting post')} go on."
    return visit.back("/accounts", Said(" ".join([told, *done.warnings])))

"""`/accounts/connect`: an account by its owner's consent, or by a token. A worker asks Instagram, the page waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations.accounts import connections, consents, standing
from operations.accounts.connections import Connected, Login, NewAccount
from operations.accounts.consents import BROWSER, Wish
from pressrun.errors import Invalid, PressrunError

PATH = "/accounts/connect"
_ASKED = ("login", "ig_id", "name", "timezone")


@dataclass
class _Came:
    """What came of connections so far."""

    done: list[Connected] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_pending: bool = False


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.connect_path = PATH
    house.page(made, PATH, show)
    house.page(made, f"{PATH}/{{connection:int}}", wait)
    house.action(made, PATH, connect)
    house.action(made, f"{PATH}/consent", begin)
    house.action(made, f"{PATH}/{{connection:int}}/answer", answer)
    house.action(made, f"{PATH}/{{connection:int}}/choose", choose)
    house.action(made, f"{PATH}/{{connection:int}}/abandon", abandon)
    return made


def show(visit: Visit) -> Response:
    """Of an account that is to be connected anew, what is known of it stands there."""
    return _form(visit, given=_known(visit))


def _known(visit: Visit) -> dict[str, str] | None:
    if not (name := visit.asked("name")):
        return None
    one = standing.show(visit.ctx, visit.asker, name)
    return {"login": one.login, "ig_id": one.ig_id, "name": one.name, "timezone": one.timezone}


def begin(visit: Visit) -> Response:
    """The page with the way to the consent page: only now is its address known, since it is kept nowhere."""
    try:
        begun = consents.begin(visit.ctx, visit.asker, _wish(visit))
    except PressrunError as problem:
        return _form(visit, problem=problem)
    return visit.render("consent.html", here="accounts", begun=begun, login=visit.given("login"))


def connect(visit: Visit) -> Response:
    """With a token, which goes into the row sealed, and into no answer. Without an id its accounts are found."""
    token, ig_id = visit.given("token").strip(), visit.given("ig_id").strip()
    try:
        wish = _wish(visit)
        if ig_id:
            new = NewAccount(wish.login, ig_id, wish.name or "", token, timezone=wish.timezone)
            number = connections.connect(visit.ctx, visit.asker, new)
        else:
            number = consents.discover(visit.ctx, visit.asker, wish, token)
    except PressrunError as problem:
        return _form(visit, problem=problem)
    return visit.back(f"{PATH}/{number}")


def wait(visit: Visit) -> Response:
    """How far it is; asked again by the page until there is something to say."""
    shown = consents.show(visit.ctx, visit.asker, _number(visit))
    if shown.awaits_answer or shown.awaits_choice:
        pastes = visit.asked("paste") is not None
        return visit.render("connecting.html", here="accounts", shown=shown, came=_Came(), pastes=pastes)
    came = _came(visit, [shown.id, *shown.others])
    if came.is_pending or came.problems:
        return visit.render("connecting.html", here="accounts", shown=shown, came=came, pastes=False)
    return visit.back("/accounts", Said(" ".join(_told(one) for one in came.done)))


def answer(visit: Visit) -> Response:
    """The address that the browser ended on, where it led to no console."""
    consents.answer(visit.ctx, BROWSER, visit.given("address"))
    return visit.back(f"{PATH}/{_number(visit)}")


def choose(visit: Visit) -> Response:
    chosen = [one for one in visit.form.getlist("account") if isinstance(one, str)]
    consents.choose(visit.ctx, visit.asker, _number(visit), chosen)
    return visit.back(f"{PATH}/{_number(visit)}")


def abandon(visit: Visit) -> Response:
    consents.abandon(visit.ctx, visit.asker, _number(visit))
    return visit.back("/accounts", Said("Given up: nothing was connected, and nothing of it is kept."))


def _form(visit: Visit, *, problem: PressrunError | None = None, given: Mapping[str, str] | None = None) -> Response:
    given = given or {name: visit.given(name).strip() for name in _ASKED}
    told = {"logins": list(Login), "problem": str(problem) if problem else None, "given": given}
    return visit.render("connect.html", 200 if problem is None else 400, here="accounts", **told)


def _wish(visit: Visit) -> Wish:
    """Raises Invalid for a login that the page does not offer."""
    if visit.given("login") not in list(Login):
        raise Invalid("say by which login: facebook or instagram", type="login.invalid", field="login")
    name, zone = visit.given("name").strip() or None, visit.given("timezone").strip() or None
    return Wish(Login(visit.given("login")), name, zone)


def _came(visit: Visit, numbers: Sequence[int]) -> _Came:
    came = _Came()
    for number in numbers:
        try:
            came.done.append(connections.outcome(visit.ctx, visit.asker, number))
        except PressrunError as problem:
            if problem.type == "connection.pending":
                came.is_pending = True
            else:
                came.problems.append(str(problem))
    return came


def _told(done: Connected) -> str:
    told = f"{done.name} is connected as {done.username or done.ig_id}."
    if done.posts_woken:
        told += f" {words.plural(done.posts_woken, 'waiting post')} go on."
    return " ".join([told, *(f"{one[:1].upper()}{one[1:]}." for one in done.warnings)])


def _number(visit: Visit) -> int:
    return visit.number("connection")

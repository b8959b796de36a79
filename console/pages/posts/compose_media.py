"""What Compose asks about media while a post is written: is it right, have it made right, what has the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.pages.house import STATUS, House, Visit
from operations.posts import fixing, library
from operations.posts.fixing import Said
from pressrun.errors import PressrunError


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/compose/look", _told(look))
    house.page(made, "/compose/fixed", _told(fixed))
    house.action(made, "/compose/fix", _told(fix))
    house.page(made, "/compose/library", pick)
    return made


def look(visit: Visit) -> Response:
    """A kept file held to the rules of what it is to be."""
    media, use, first = (visit.asked(name) for name in ("media", "use", "first"))
    return JSONResponse(asdict(fixing.check(visit.ctx, visit.asker, media or "", use=use, first=first)))


def fix(visit: Visit) -> Response:
    """Have it made right, as the dialog says."""
    said = Said(
        use=visit.given("use") or None,
        ratio=visit.given("ratio") or None,
        pad_color=visit.given("pad_color", "white"),
        focus=visit.given("focus", "0.5,0.5"),
        trim_to_limit=bool(visit.given("trim")),
    )
    media, first, account = (visit.given(name) for name in ("media", "first", "account"))
    made = fixing.fix(visit.ctx, visit.asker, media, said, first=first or None, account=account or None)
    return JSONResponse(asdict(made))


def fixed(visit: Visit) -> Response:
    """How far it is."""
    return JSONResponse(
        asdict(fixing.fixed(visit.ctx, visit.asker, visit.asked("media") or "", visit.asked("key") or ""))
    )


def pick(visit: Visit) -> Response:
    """Items of the library by words and tag, as a piece of the page."""
    items = library.list_items(visit.ctx, visit.asker, tag=visit.asked("tag"), q=visit.asked("q"))
    return visit.render("compose_library.html", here="compose", items=items)


def _told(act: Callable[[Visit], Response]) -> Callable[[Visit], Response]:
    """What is raised comes to the script as words."""

    def answer(visit: Visit) -> Response:
        try:
            return act(visit)
        except PressrunError as problem:
            return JSONResponse({"message": str(problem), "type": problem.type}, STATUS[problem.kind])

    return answer

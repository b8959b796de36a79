"""`/pictures/{post}`: the small pictures that lists and previews show."""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.house import House, Visit
from operations.posts import pictures
from operations.posts.pictures import Picture

_KEPT_FOR_S = 86_400


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/pictures/{post}", show)
    house.page(made, "/pictures/kept/{sha256}", show_kept)
    return made


def show(visit: Visit) -> Response:
    found = pictures.picture(
        visit.ctx,
        visit.asker,
        visit.request.path_params["post"],
        number=visit.whole("n", 1),
        width=visit.whole("w", 80),
    )
    return answer(visit, found)


def show_kept(visit: Visit) -> Response:
    sha256 = visit.request.path_params["sha256"]
    found = pictures.kept(visit.ctx, visit.asker, sha256, width=visit.whole("w", 80), at_ms=visit.whole("at", 0))
    return answer(visit, found)


def answer(visit: Visit, found: Picture) -> Response:
    headers = {
        "Cache-Control": f"private, max-age={_KEPT_FOR_S}",
        "ETag": f'"{found.tag}"',
        "X-Content-Type-Options": "nosniff",
    }
    if visit.request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type="image/webp", headers=headers)

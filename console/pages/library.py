"""`/library`: media under a name, for posts to refer to as `lib:NAME`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import library, uploads
from operations.uploads import LARGEST_BYTES
from pressrun.errors import Invalid

PATH = "/library"


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, PATH, show)
    house.page(made, f"{PATH}/{{name}}", show_one)
    house.action(made, PATH, add)
    house.action(made, f"{PATH}/{{name}}/tags", tag)
    house.action(made, f"{PATH}/{{name}}/remove", remove)
    return made


def show(visit: Visit) -> Response:
    tag = visit.asked("tag")
    found = library.list_items(visit.ctx, visit.asker)
    tags = sorted({one for item in found for one in item.tags})
    shown = [item for item in found if tag is None or tag in item.tags]
    return visit.render("library.html", here="library", items=shown, tags=tags, chosen=tag)


def show_one(visit: Visit) -> Response:
    page = library.show(visit.ctx, visit.asker, _of(visit))
    return visit.render("library_item.html", here="library", page=page, item=page.item, at=f"{PATH}/{page.item.name}")


def add(visit: Visit) -> Response:
    """Take in one file, under the name that it was given."""
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("choose a file first", type="media.none", field="file")
    name = visit.given("name").strip() or library.name_for(file.filename)
    visit.ctx.settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=visit.ctx.settings.home) as folder:
        path = Path(folder) / "file"
        with path.open("wb") as copy:
            while chunk := file.file.read(1024 * 1024):
                copy.write(chunk)
                if copy.tell() > LARGEST_BYTES:
                    raise Invalid("the file is larger than anything Instagram takes", type="upload.size", field="file")
        kept = uploads.hand_in(visit.ctx, visit.asker, path)
    page = library.add_kept(visit.ctx, visit.asker, kept.reference, name=name, tags=_tags(visit, "tags"))
    return visit.back(PATH, Said(f"It is in the library: {page.reference}"))


def tag(visit: Visit) -> Response:
    page = library.tag(visit.ctx, visit.asker, _of(visit), add=_tags(visit, "add"), take=_tags(visit, "take"))
    return visit.back(f"{PATH}/{page.item.name}")


def remove(visit: Visit) -> Response:
    page = library.remove(visit.ctx, visit.asker, _of(visit))
    return visit.back(PATH, Said(f"{page.item.name} is in the library no more."))


def _tags(visit: Visit, name: str) -> list[str]:
    return visit.given(name).replace(",", " ").split()


def _of(visit: Visit) -> str:
    return str(visit.request.path_params["name"])

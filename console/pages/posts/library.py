"""`/library`: media under a name, for rows and posts to refer to as `lib:NAME`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from console.pages import words
from console.pages.house import House, Visit
from console.pages.leafing import Sheaf
from console.pages.posts.compose import LARGEST_BYTES
from console.pages.posts.pictures import answer
from console.pages.saying import Said
from operations.posts import library, pictures
from pressrun.errors import Invalid

_AT_ONCE, _MOST_TAGS = 120, 60


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/library", show)
    house.page(made, "/pictures/library/{name}", picture)
    house.action(made, "/library/add", add)
    house.action(made, "/library/{name}/remove", remove)
    house.action(made, "/library/{name}/tag", tag)
    return made


def show(visit: Visit) -> Response:
    """All of it, or what has a tag, or one item with what needs it."""
    items = library.list_items(visit.ctx, visit.asker, tag=visit.asked("tag"))
    chosen = library.show(visit.ctx, visit.asker, visit.asked("item") or "") if visit.asked("item") else None
    tags = sorted({tag for one in items for tag in one.tags})
    shown = Sheaf.of(items, visit, _AT_ONCE)
    return visit.render("library.html", here="library", items=shown, chosen=chosen, tags=tags[:_MOST_TAGS])


def picture(visit: Visit) -> Response:
    item = library.show(visit.ctx, visit.asker, visit.request.path_params["name"])
    return answer(visit, pictures.kept(visit.ctx, visit.asker, item.sha256, width=visit.whole("w", 160)))


def add(visit: Visit) -> Response:
    """Files that were chosen or dropped; each keeps its own name, which the library may fit."""
    files = [one for one in visit.form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    if not files:
        raise Invalid("choose at least one file", type="library.no_file", field="files")
    tags = visit.given("tags").replace(",", " ").split()
    with tempfile.TemporaryDirectory(dir=visit.ctx.settings.home) as folder:
        paths = [_taken(Path(folder) / str(number), one) for number, one in enumerate(files)]
        added = library.add(visit.ctx, visit.asker, paths, tags=tags)
    told = f"{words.plural(len(added.added), 'file')} added."
    if added.unchanged:
        told += f" Here already: {', '.join(one.name for one in added.unchanged)}."
    return visit.back("/library", Said(told))


def _taken(folder: Path, file: UploadFile) -> Path:
    folder.mkdir()
    path = folder / (Path((file.filename or "").replace("\\", "/")).name[:120] or "file")
    with path.open("wb") as copy:
        while chunk := file.file.read(1024 * 1024):
            copy.write(chunk)
            if copy.tell() > LARGEST_BYTES:
                raise Invalid(f"{path.name} is larger than anything Instagram takes", type="upload.size", field="files")
    return path


def remove(visit: Visit) -> Response:
    gone = library.remove(visit.ctx, visit.asker, visit.request.path_params["name"])
    return visit.back("/library", Said(f"{gone.item.name} is out of the library."))


def tag(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    given, taken = (visit.given(field).replace(",", " ").split() for field in ("add", "take"))
    page = library.tag(visit.ctx, visit.asker, name, add=given, take=taken)
    fields = {"add": " ".join(taken), "take": " ".join(given)}
    told = f"{page.item.name} has the tags {', '.join(page.item.tags) or 'none'}."
    return visit.back(f"/library?item={name}", Said(told, undo=f"/library/{name}/tag", fields=fields))

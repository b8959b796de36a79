"""`/library`: media under a name, for posts to refer to as `lib:NAME`."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.posts import library
from operations.posts.library import ItemPage, ItemShown
from pressrun.paging import Page, cut

router = Router("library")

Name = Annotated[str, Path(max_length=104, description="With or without `lib:` before it.")]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[list[Tag], Field(max_length=100)]


class NewItem(Body):
    """A file that was uploaded, as `/media` and `/uploads` name it, and what it is to be called."""

    model_config = example(media="https://media.example.com/bread.jpg", name="bread", tags=["autumn"])

    media: Annotated[str, Field(max_length=200, description="`kept:` and the SHA-256 of a file that was uploaded.")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    tags: Tags = Field(default_factory=list)


class TagChanges(Body):
    """Tags that it is given, and those that are taken from it."""

    model_config = example(add=["winter"])

    add: Tags = Field(default_factory=list)
    remove: Tags = Field(default_factory=list)


@router.get("/library", summary="List the library", **asks("media.list"))
def list_items(
    ctx: Ctx,
    asker: Asked,
    tag: Annotated[str | None, Query(max_length=100, description="Those with this tag only.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of names and tags.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ItemShown]:
    """The items of the library by name. It is one for all accounts."""
    found = library.list_items(ctx, asker, tag=tag, q=q)
    return cut("library", found, lambda one: one.name, cursor=cursor, limit=limit)


@router.post("/library", summary="Add to the library", status_code=201, **asks("media.add_kept"))
def add_item(body: NewItem, response: Response, ctx: Acting, asker: Asked) -> ItemPage:
    """Put a file that was uploaded into the library. The same content again adds nothing but tags."""
    page = library.add_kept(ctx, asker, body.media, name=body.name, tags=body.tags)
    response.headers["Location"] = f"/api/v1/library/{page.item.name}"
    return page


@router.get("/library/{name}", summary="Show an item", **asks("media.show"))
def show_item(name: Name, ctx: Ctx, asker: Asked) -> ItemPage:
    """One item, and the posts that have not gone out and need it."""
    return library.show(ctx, asker, name)


@router.post("/library/{name}/tags", summary="Tag an item", **asks("media.tag"))
def tag_item(name: Name, body: TagChanges, ctx: Acting, asker: Asked) -> ItemPage:
    """Give an item tags, or take some from it."""
    return library.tag(ctx, asker, name, add=body.add, take=body.remove)


@router.delete("/library/{name}", summary="Remove an item", status_code=204, **asks("media.remove"))
def remove_item(name: Name, ctx: Acting, asker: Asked) -> None:
    """Take an item out of the library, unless a queued post needs it; its file goes with the next upkeep."""
    library.remove(ctx, asker, name)

"""The library: media under a name, for posts to refer to as `lib:NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.library.item import LibraryItem, find_item, items, posts_needing, remove_item, tags_of
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.kept import store_of
from pressrun import clock
from pressrun.errors import Invalid
from scheduler import library as rules

__all__ = ["Added", "ItemPage", "ItemShown"]


@dataclass(frozen=True)
class ItemShown:
    """An item in a list. Width and height in pixels, as stored."""

    name: str
    kind: str
    width: int | None
    height: int | None
    duration_s: float | None
    size_bytes: int
    tags: tuple[str, ...]
    added_at: datetime
    sha256: str


@dataclass(frozen=True)
class ItemPage:
    """One item: what it is, and the posts that have not gone out yet and need it."""

    item: ItemShown
    reference: str
    """How rows name it."""
    sha256: str
    source: str
    needed_by: tuple[int, ...]


@dataclass(frozen=True)
class Added:
    """Items that were added, and those that the library had already, each under the name that it has."""

    added: tuple[ItemShown, ...]
    unchanged: tuple[ItemShown, ...]


@operation("media.add", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def add(
    ctx: Context, asker: Asker, files: Sequence[Path], *, name: str | None = None, tags: Sequence[str] = ()
) -> Added:
    """Put files into the library: all, or none if one cannot be read. The same content again adds nothing but tags.

    Args:
        name: of the one file that is given; by default its own name without the ending.

    Raises Invalid for name and tags; MediaUnreadable; Conflict when other media have the name.
    """
    if name is not None and len(files) != 1:
        raise Invalid("a name is for one file: leave it out where there are several", type="library.name", field="name")
    given = rules.parse_name(name) if name is not None else None
    wanted = sorted({rules.parse_name(tag, field="tag") for tag in tags})
    store = store_of(ctx.settings)
    new = [rules.new_item(store, file, given or rules.name_of(file)) for file in files]
    with ctx.database.transaction() as tx:
        placed = [rules.place(tx, one, is_named=given is not None, tags=wanted) for one in new]
        shown = _shown(tx, [one.item for one in placed])
    return Added(
        tuple(item for item, one in zip(shown, placed, strict=True) if one.is_new),
        tuple(item for item, one in zip(shown, placed, strict=True) if not one.is_new),
    )


@operation("media.add_kept", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def add_kept(ctx: Context, asker: Asker, reference: str, *, name: str, tags: Sequence[str] = ()) -> ItemPage:
    """Put a file that was handed in (`kept:` and its SHA-256) into the library; the same again adds nothing but tags.

    Raises Invalid for name and tags; Unknown for what is not kept; Conflict when other media have the name.
    """
    given = rules.parse_name(name)
    wanted = sorted({rules.parse_name(tag, field="tag") for tag in tags})
    new = rules.kept_item(store_of(ctx.settings), reference, given)
    with ctx.database.transaction() as tx:
        return _page(tx, rules.place(tx, new, is_named=True, tags=wanted).item)


@operation("media.list", effect=Effect.READS, scope=Scope.READ)
def list_items(ctx: Context, asker: Asker, *, tag: str | None = None, q: str | None = None) -> list[ItemShown]:
    """The items of the library by name, all or those with a tag; `q`: words of their names and tags."""
    with ctx.database.transaction() as tx:
        return _shown(tx, items(tx, tag=tag, words=(q or "").split()[:10]))


@operation("media.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, name: str) -> ItemPage:
    """One item of the library, and what needs it. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return _page(tx, find_item(tx, name))


@operation("media.remove", effect=Effect.DESTROYS, scope=Scope.PUBLISH)
def remove(ctx: Context, asker: Asker, name: str) -> ItemPage:
    """Take an item out of the library; its file goes with it. Raises Unknown; Conflict while a queued post needs it."""
    with ctx.database.transaction() as tx:
        item = find_item(tx, name)
        page = _page(tx, item)
        remove_item(tx, item, now=clock.now())
        return page


@operation("media.tag", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def tag(ctx: Context, asker: Asker, name: str, *, add: Sequence[str] = (), take: Sequence[str] = ()) -> ItemPage:
    """Give an item tags, or take some from it. Raises Unknown; Invalid for the tags, and when there are none."""
    if not add and not take:
        raise Invalid("name at least one tag", type="library.tag", field="tag")
    given, taken = ([rules.parse_name(one, field="tag") for one in some] for some in (add, take))
    with ctx.database.transaction() as tx:
        return _page(tx, rules.retag(tx, name, add=given, take=taken))


def name_for(file_name: str) -> str:
    """The name that a file gets unless somebody gives it one."""
    return rules.name_of(Path(file_name))


def _page(tx: Session, item: LibraryItem) -> ItemPage:
    [shown] = _shown(tx, [item])
    return ItemPage(shown, f"lib:{item.name}", item.sha256, item.source, tuple(posts_needing(tx, item.sha256)))


def _shown(tx: Session, found: Sequence[LibraryItem]) -> list[ItemShown]:
    tags = tags_of(tx, [item.id for item in found])
    return [
        ItemShown(
            name=item.name,
            kind=item.kind,
            width=item.probe.get("width"),
            height=item.probe.get("height"),
            duration_s=item.probe.get("duration_s"),
            size_bytes=item.size_bytes,
            tags=tags.get(item.id, ()),
            added_at=item.added_at,
            sha256=item.sha256,
        )
        for item in found
    ]

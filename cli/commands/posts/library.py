"""`pressrun media add|list|show|remove|tag`: media kept under a name, for rows to refer to as `lib:NAME`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import asking
from cli.output import AsJson, cell, say, show_json, show_record, show_rows

if TYPE_CHECKING:
    from operations.posts.library import ItemPage

app = typer.Typer(help="Media under a name, that rows refer to as lib:NAME.", no_args_is_help=True)

COLUMNS = ("name", "kind", "width", "height", "duration_s", "size_bytes", "tags", "added_at")

Name = Annotated[str, typer.Argument(help="Name of it in the library, with or without lib:.")]


@app.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="JPEG, PNG, MP4 or MOV.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the one file. Default: its own, without the ending.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A word to find it by; several times for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put files into the library; the same content again adds nothing."""
    from operations.posts import library

    with asking() as (ctx, owner):
        done = library.add(ctx, owner, files, name=name, tags=tag or ())
    if as_json:
        show_json({"added": [asdict(one) for one in done.added], "unchanged": [asdict(one) for one in done.unchanged]})
        return
    for one in done.added:
        say(f"added lib:{one.name}")
    for one in done.unchanged:
        say(f"already there as lib:{one.name}")


@app.command("list")
def list_(
    tag: Annotated[str | None, typer.Option(help="Only what has this tag.")] = None,
    find: Annotated[str | None, typer.Option(help="Only what has these words in its name or tags.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in the library, by name."""
    from operations.posts.library import list_items

    with asking() as (ctx, owner):
        rows = [asdict(one) for one in list_items(ctx, owner, tag=tag, q=find)]
    nothing = "nothing in the library; add some with `pressrun media add FILE`"
    if find is not None:
        nothing = f"nothing is found by {cell(find)!r}"
    elif tag is not None:
        nothing = f"nothing has the tag {cell(tag)!r}"
    show_rows(COLUMNS, rows, as_json=as_json, empty=nothing)


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one of it: what it is, and which posts that have not gone out need it."""
    from operations.posts import library

    with asking() as (ctx, owner):
        page = library.show(ctx, owner, name)
    show_record(_record(page), as_json=as_json)


@app.command("remove")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Take it out of the library, and its file with it. Refused while a post that has not gone out needs it."""
    from operations.posts import library

    with asking() as (ctx, owner):
        page = library.remove(ctx, owner, name)
    if as_json:
        show_json({"removed": page.item.name})
    else:
        say(f"removed {page.reference}")


@app.command("tag")
def tag(
    name: Name,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG…", help="Words to find it by.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A tag that it is to lose.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give it tags, or take some from it."""
    from operations.posts import library

    with asking() as (ctx, owner):
        page = library.tag(ctx, owner, name, add=tags or (), take=remove or ())
    show_record(_record(page), as_json=as_json)


def _record(page: ItemPage) -> dict[str, Any]:
    held = {"reference": page.reference, "source": page.source, "sha256": page.sha256, "needed_by": page.needed_by}
    return asdict(page.item) | held

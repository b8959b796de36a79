"""`pressrun media check|fix`: is a file what Instagram takes, and make it so. Needs no account and no server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, note, say, show_json

if TYPE_CHECKING:
    from pressrun.media.checking import Judged
    from pressrun.media.fixing.folder import Fixed, Order

app = typer.Typer(help="Check media files, and make them what Instagram takes.", no_args_is_help=True)


def _folder(said: str) -> Path:
    from pressrun.errors import Invalid

    if not said:  # as a path it would be the folder that somebody happens to be in
        raise Invalid("it is empty: name a folder, . is this one", type="media.folder", field="output")
    return Path(said)


# Not `readable`: that check would refuse all files for one; each file says itself what is wrong with it.
Files = Annotated[
    list[Path],
    typer.Argument(help="Pictures and videos.", metavar="FILE…", show_default=False, readable=False),
]
Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", parser=_folder, metavar="PATH", help="Folder for the fixed files, and nothing else."
    ),
]
For = Annotated[
    str | None, typer.Option("--for", help="feed, reel, story, cover or carousel; else what the file can be.")
]


@app.command("check")
def check(
    files: Files,
    for_: For = None,
    grid: Annotated[
        Path | None,
        typer.Option("--grid", metavar="OUT.jpg", help="Draw them as the 3:4 grid of a profile shows them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether Instagram takes the files, and for what. Exits 1 if it takes one of them for nothing."""
    from pressrun.media.checking import judge

    judged = [judge(file, for_) for file in files]
    if grid is not None:
        _draw(judged, grid)
    if as_json:
        show_json([_judged(one) for one in judged])
    else:
        for one in judged:
            _show_judged(one)
    if not all(one.fits for one in judged):
        raise typer.Exit(1)


@app.command("fix")
def fix(
    files: Files,
    output: Folder,
    for_: For = None,
    ratio: Annotated[
        str | None, typer.Option(help="How to bring a picture into shape: pad (the default) or crop.")
    ] = None,
    pad_color: Annotated[str, typer.Option(help="Colour around it and below what is transparent, or blur.")] = "white",
    focus: Annotated[
        str, typer.Option(help="What a crop keeps in its middle: 0,0 is the top left, 1,1 the other end.")
    ] = ("0.5,0.5"),
    trim_to_limit: Annotated[bool, typer.Option("--trim-to-limit", help="Cut a video that is too long.")] = False,
    silent_track: Annotated[
        bool, typer.Option("--silent-track", help="Give a video without sound a silent track, for attached audio.")
    ] = False,
    cover_at: Annotated[
        str | None, typer.Option(help="Make the cover of a reel from the frame shown then: 2.5s.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the files right, into a folder; the originals stay. Exits 1 if one could not be made right.

    Without --for a picture is made for the feed, where it fits everywhere, and a video for a reel. The items of a
    carousel are brought to the shape of the first where --ratio says how.
    """
    from pressrun.media.fixing.folder import fix_into

    order = _order(for_, ratio, pad_color, focus, trim_to_limit, silent_track, cover_at)
    done = []
    for one in fix_into(output, files, order):
        done.append(one)
        if not as_json:
            _show_fixed(one)
    if as_json:
        show_json([_fixed(one) for one in done])
    if any(one.output is None for one in done):
        raise typer.Exit(1)


@app.command("seal")
def seal(as_json: AsJson = False) -> None:
    """Seal the keys of the bucket in the settings like tokens: what is printed is to stand there in their place.

    They are sealed under the first key of PRESSRUN_SECRET_KEYS; once another one stands there, seal them again.
    """
    from machine.runtime import read_settings, runtime
    from pressrun.media.bucket_keys import sealed

    with runtime(read_settings(), upgraded=False, reachable=False) as here:
        told = sealed(here.settings)
    if as_json:
        show_json(told)
    else:
        for name, value in told.items():
            say(f"{name}={value}")


def _order(
    for_: str | None,
    ratio: str | None,
    pad_color: str,
    focus: str,
    trim_to_limit: bool,
    silent_track: bool,
    cover_at: str | None,
) -> Order:
    from pressrun.media.fixing.folder import Order
    from pressrun.media.fixing.said import Said

    said = Said(for_, ratio, pad_color, focus, trim_to_limit, silent_track, cover_at)
    return Order(for_, said.recipe("image"), is_one_shape=ratio is not None)


def _draw(judged: Sequence[Judged], out: Path) -> None:
    from pressrun.errors import Invalid
    from pressrun.media.grid import draw_grid

    if any(os.path.realpath(out) == os.path.realpath(one.source) for one in judged):
        raise Invalid(f"{out} is one of the files: give the drawing another name", type="media.grid", field="grid")
    drawn = [one.source for one in judged if one.facts is not None]
    if not drawn:
        note("none of the files can be drawn: there is no grid")
        return
    try:
        draw_grid(drawn, out)
    except OSError as problem:
        said = f"{out} cannot be written: {problem.strerror or problem}"
        raise Invalid(said, type="media.grid", field="grid") from None
    note(f"the grid is drawn in {out}")


def _hidden_percent(one: Judged) -> int | None:
    """How much of it the grid of a profile does not show."""
    from pressrun.media.grid import hidden_part

    return round(100 * hidden_part(one.facts.width, one.facts.height)) if one.facts is not None else None


def _judged(one: Judged) -> dict[str, Any]:
    from pressrun.media.rules import section_of

    problems = [
        {
            "for": word,
            "field": problem.field,
            "severity": problem.severity,
            "message": problem.message,
            "section": section_of(problem.field),
        }
        for word, found in one.found.items()
        for problem in found
    ]
    facts = one.facts.as_json() if one.facts is not None else None
    ok = bool(one.fits)
    return {
        "file": str(one.source),
        "ok": ok,
        "fits": one.fits,
        "facts": facts,
        "problems": problems,
        "grid_hides_percent": _hidden_percent(one),
        "error": one.problem,
    }


def _show_judged(one: Judged) -> None:
    from pressrun.media.rules import section_of

    if one.facts is None:
        say(f"{_name(one.source)}: {one.problem}")
        return
    verdict = f"fit for {', '.join(one.fits)}" if one.fits else "not fit: `pressrun media fix` may mend it"
    say(f"{_name(one.source)}: {one.facts}: {verdict}")
    if hidden := _hidden_percent(one):
        say(f"  the profile's grid shows the middle of it at 3:4, without {hidden} % of the picture")
    words: dict[tuple[str, str, str], list[str]] = {}
    for word, found in one.found.items():
        for problem in found:
            words.setdefault((problem.severity, problem.field, problem.message), []).append(word)
    for (severity, field, message), uses in words.items():
        say(f"  {', '.join(uses)}: {severity}: {message} ({section_of(field)})")


def _name(path: Path) -> str:
    """A name may hold what a terminal would obey."""
    from pressrun.errors import printable

    return printable(str(path))


def _fixed(one: Fixed) -> dict[str, Any]:
    said: dict[str, Any] = {
        "file": str(one.source),
        "ok": one.output is not None,
        "use": one.use.value if one.use is not None else None,
        "output": str(one.output) if one.output is not None else None,
        "error": one.problem,
        "field": one.field,
    }
    made = one.made.as_json() if one.made is not None else {"before": None, "after": None, "changes": [], "notes": []}
    return said | made


def _show_fixed(one: Fixed) -> None:
    if one.output is None or one.made is None:
        say(f"{_name(one.source)}: not made right: {one.problem}")
        if one.field == "duration" and "longer" in (one.problem or ""):
            note("--trim-to-limit cuts it")
        return
    say(f"{_name(one.source)} → {_name(one.output)}, for a {one.use}")
    say(f"  before  {one.made.before}")
    say(f"  after   {one.made.after}")
    if not one.made.changes:
        say("  nothing to change")
    for change in one.made.changes:
        say(f"  {change}")
    for told in one.made.notes:
        say(f"  note: {told}")

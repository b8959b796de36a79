"""One file made right, in this process; `converter` has it run in one that is bounded."""

from __future__ import annotations

from pathlib import Path

from pressrun.media import magic
from pressrun.media.fixing.picture import fix_picture
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix, Made, megabytes
from pressrun.media.probe import MediaUnreadable, open_media, probe
from pressrun.media.rules import LIMITS, check

MOST_SOURCE_BYTES = 4 * 1024**3


def fix_file(source: Path, target: Path, recipe: Recipe, *, threads: int = 1) -> Made:
    """Write to `target` what the recipe makes of the source, which stays as it is.

    Raises MediaUnreadable, and CannotFix when the file cannot be made right; then nothing is left at `target`.
    """
    try:
        made = _fix(source, target, recipe, threads)
        _require_right(target, recipe)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return made


def kind_of(source: Path) -> magic.Kind:
    """What a file is, by its first bytes. Raises MediaUnreadable."""
    with open_media(source) as file:
        signature = magic.sniff(file.read(magic.HEAD_BYTES))
    if signature is None:
        raise MediaUnreadable(source, "this is not an image or a video")
    return signature.kind


def _require_right(target: Path, recipe: Recipe) -> None:
    for problem in check(probe(target), recipe.use):
        if problem.severity == "error":
            raise CannotFix(problem.message, field=problem.field)


def _fix(source: Path, target: Path, recipe: Recipe, threads: int) -> Made:
    kind, wanted = kind_of(source), LIMITS[recipe.use].kind
    size = source.stat().st_size
    if size > MOST_SOURCE_BYTES:
        raise CannotFix(f"{megabytes(size)} is more than is converted: export it smaller", field="size")
    if kind == "image":
        if wanted == "video":
            raise CannotFix(f"a {recipe.use} is a video, this is a picture", field="kind")
        return fix_picture(source, target, recipe)
    from pressrun.media.fixing import video  # PyAV is slow to import, and pictures need none of it

    if wanted == "image":
        return video.cover_of(source, target, recipe)
    return video.fix_video(source, target, recipe, threads=threads)

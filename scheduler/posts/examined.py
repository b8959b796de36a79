"""One media as preflight found it: a kept file, perhaps to be made right, or an address."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.posts.part import PartKind
from pressrun.media.fixing.outlook import outlook
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.likeness import likeness
from pressrun.media.probe import Probe
from pressrun.media.rules import Problem, check
from pressrun.media.store import Kept, MediaStore


@dataclass(frozen=True)
class Examined:
    """One media as it was found: a kept file (`sha256`) or an address."""

    source: str
    kind: PartKind
    sha256: str | None
    extension: str | None
    probe: dict[str, Any]
    recipe: Recipe | None = None
    """How the kept file is to be made right; None: it is."""
    conversion_id: int | None = None
    """What makes it right, once that has been asked for (`scheduler/posts/fixing.py`)."""


Look = tuple[Examined | None, Probe | None, list[Problem]]


def known_of(probed: Probe | None) -> dict[str, Any]:
    """What of a probe is kept with a part."""
    return {} if probed is None else {name: one for name, one in asdict(probed).items() if one is not None}


def examined_file(source: str, probed: Probe, kept: Kept | None, recipe: Recipe | None = None) -> Examined:
    """A file that was read; not kept where it has no use."""
    known = known_of(probed)
    if kept is None:
        return Examined(source, PartKind(probed.kind), None, None, known, recipe)
    looks = _looks_kept(kept.path) if probed.kind == "image" else None
    if looks is not None:
        known["likeness"] = looks
    return Examined(source, PartKind(probed.kind), kept.sha256, kept.extension, known, recipe)


@lru_cache(maxsize=2048)
def _looks_kept(path: Path) -> str | None:
    """A kept file never changes: it is looked at once, though a hundred posts are to have it."""
    return likeness(path)


def fixing_look(source: str, path: Path, probed: Probe, recipe: Recipe, store: MediaStore) -> Look:
    """A file that may be made right: only what can never come right is a problem of it. Raises MediaUnreadable."""
    seen = outlook(path, probed, recipe)
    if seen.problems:
        return examined_file(source, probed, None), probed, list(seen.problems)
    if not seen.needs_fixing:
        return examined_file(source, probed, store.keep(path)), probed, list(check(probed, recipe.use))
    return examined_file(source, probed, store.keep(path), recipe), probed, []

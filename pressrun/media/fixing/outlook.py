"""What a look at a file tells before it is converted: whether that is needed, and what can never come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pressrun.media.fixing.look import require_bearable
from pressrun.media.fixing.picture import is_right
from pressrun.media.fixing.plan import end_of
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import Probe
from pressrun.media.rules import LIMITS, Problem, Use, check


@dataclass(frozen=True)
class Outlook:
    """Without problems the file can be made right, as far as a look at it tells."""

    needs_fixing: bool
    problems: tuple[Problem, ...] = ()


def outlook(path: Path, found: Probe, recipe: Recipe) -> Outlook:
    """Only the beginning of the file is read. Raises MediaUnreadable."""
    limits = LIMITS[recipe.use]
    if found.kind != limits.kind:
        return Outlook(needs_fixing=False, problems=check(found, recipe.use))
    try:
        if found.kind == "image":
            return Outlook(needs_fixing=not is_right(path, recipe))
        require_bearable(found.width, found.height)
        if found.duration_s is not None:
            end_of(found.duration_s, recipe)
    except CannotFix as problem:
        return Outlook(needs_fixing=False, problems=(Problem(problem.field or "media", str(problem), "error"),))
    return Outlook(needs_fixing=True)  # whether a video is right its packets tell, and they are many


def offered(problems: Sequence[Problem], found: Probe | None, use: Use) -> list[Problem]:
    """The problems of a file that is to go out as it is, those marked that would end if it were made right."""
    if found is None or not _can_come_right(found, use):
        return list(problems)
    return [replace(one, can_be_fixed=True) if one.severity == "error" else one for one in problems]


def _can_come_right(found: Probe, use: Use) -> bool:
    if found.kind != LIMITS[use].kind:
        return False
    try:
        if found.kind == "video":
            require_bearable(found.width, found.height)
        if found.duration_s is not None:
            end_of(found.duration_s, Recipe(use))
    except CannotFix:
        return False
    return True

"""A file held to all that Instagram could take it for: what `pressrun media check` tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pressrun.media.fixing.recipe import FOR, use_of
from pressrun.media.fixing.told import Facts, facts_of
from pressrun.media.probe import MediaUnreadable, probe
from pressrun.media.rules import Problem, Use, check

_CAN_BE = {"image": ("feed", "story", "cover", "carousel"), "video": ("reel", "story", "carousel")}


@dataclass(frozen=True)
class Judged:
    """What is wrong with a file, by what it could serve as. An unreadable one (`problem`) can serve as nothing."""

    source: Path
    facts: Facts | None
    found: dict[str, tuple[Problem, ...]]
    """By the word for the use."""
    problem: str | None = None

    @property
    def fits(self) -> tuple[str, ...]:
        """What Instagram takes it for as it is."""
        return tuple(said for said, problems in self.found.items() if all(one.severity != "error" for one in problems))


def judge(source: Path, said: str | None) -> Judged:
    """Hold the file to the rules of that use, or of all that its kind can be. Raises Invalid for an unknown use."""
    if said is not None:
        use_of(said, "image")
    try:
        found = probe(source)
    except MediaUnreadable as problem:
        return Judged(source, None, {}, problem.reason)
    words = _CAN_BE[found.kind] if said is None else (said,)
    return Judged(source, facts_of(found), {word: check(found, _use(word, found.kind)) for word in words})


def _use(word: str, kind: str) -> Use:
    return FOR[word]["image" if kind == "image" else "video"]

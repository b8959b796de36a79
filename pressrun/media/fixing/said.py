"""How one file is to be made right, as people say it: by options, by fields of a request, in a form."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.clock import parse_duration
from pressrun.errors import Invalid
from pressrun.media.fixing.recipe import Recipe, read_colour, read_focus, read_way, use_of
from pressrun.media.magic import Kind


@dataclass(frozen=True)
class Said:
    """Words and numbers as they were written. `use` is the word for what the file is to serve as; None: what it can."""

    use: str | None = None
    ratio: str | None = None
    pad_color: str = "white"
    focus: str = "0.5,0.5"
    trim_to_limit: bool = False
    silent_track: bool = False
    cover_at: str | None = None

    def recipe(self, kind: Kind, shape: float | None = None) -> Recipe:
        """What is done to a file of that kind. Raises Invalid."""
        if self.cover_at is not None and self.use not in (None, "cover"):
            raise Invalid("a frame makes a cover and nothing else", type="media.cover_at", field="cover_at")
        use = "cover" if self.use is None and self.cover_at is not None else self.use
        return Recipe(
            use=use_of(use, kind),
            way=read_way(self.ratio or "pad"),
            pad_color=read_colour(self.pad_color),
            focus=read_focus(self.focus),
            shape=shape,
            trim=self.trim_to_limit,
            silence=self.silent_track,
            cover_at_s=None if self.cover_at is None else _moment(self.cover_at),
        )


def _moment(said: str) -> float:
    try:
        return parse_duration(said).total_seconds()
    except Invalid as problem:
        raise Invalid(str(problem), type=problem.type, field="cover_at") from None

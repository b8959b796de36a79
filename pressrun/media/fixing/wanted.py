"""Whether files are to be made right, and how, as people write it in a setting or a column.

no · yes · pad · pad:#ff8800 · pad:blur · crop · crop:0.5,0.3 · and `trim` beside any of them
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.errors import Invalid
from pressrun.media.fixing.recipe import WHITE, Recipe, Way, read_colour, read_focus, read_way
from pressrun.media.rules import Use

_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
_HOW = "say yes or no, pad or crop (pad:blur, pad:#ff8800, crop:0.5,0.3), and trim to cut what is too long"


@dataclass(frozen=True)
class Fixing:
    """How files are made right. `way` is None where nobody has said one: then a carousel keeps its shapes."""

    way: Way | None = None
    pad_color: str = WHITE
    focus: tuple[float, float] = (0.5, 0.5)
    trim: bool = False

    def recipe(self, use: Use, shape: float | None = None) -> Recipe:
        """What is done to a file that serves as that."""
        return Recipe(use, self.way or "pad", self.pad_color, self.focus, shape, self.trim)


def read_fixing(text: str | None) -> Fixing | None:
    """None: files are left as they are. Raises Invalid."""
    words = (text or "").lower().split()
    if not words or (len(words) == 1 and words[0] in _NO):
        return None
    fixing = Fixing()
    for word in words:
        fixing = _with(fixing, word, text or "")
    return fixing


def _with(fixing: Fixing, word: str, text: str) -> Fixing:
    name, colon, value = word.partition(":")
    if name in _YES and not colon:
        return fixing
    if name == "trim" and not colon:
        return Fixing(fixing.way, fixing.pad_color, fixing.focus, trim=True)
    if name in {"pad", "crop"} and fixing.way is None and (value or not colon):
        way = read_way(name)
        colour = read_colour(value) if value and way == "pad" else fixing.pad_color
        focus = read_focus(value) if value and way == "crop" else fixing.focus
        return Fixing(way, colour, focus, fixing.trim)
    raise Invalid(f"{text!r} does not say how files are made right: {_HOW}", type="media.fix", field="fix")

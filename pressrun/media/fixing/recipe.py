"""A recipe: how one file is to be made right. The same file by the same recipe always gives the same file."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pressrun.errors import Invalid
from pressrun.media.magic import Kind
from pressrun.media.rules import Use

Way = Literal["pad", "crop"]

EDITION = 2
"""Raised when the same recipe gives another file than before: what was converted by an older one is converted anew."""
BLUR = "blur"
WHITE = "#ffffff"
_CAROUSEL = (4 / 5, 1.91)
_CAROUSEL_WITH_VIDEO = (4 / 5, 16 / 9)
_CENTRE = (0.5, 0.5)
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)

FOR: dict[str, dict[Kind, Use]] = {
    "feed": {"image": Use.FEED_IMAGE, "video": Use.REEL},
    "reel": {"image": Use.REEL, "video": Use.REEL},
    "story": {"image": Use.STORY_IMAGE, "video": Use.STORY_VIDEO},
    "cover": {"image": Use.REEL_COVER, "video": Use.REEL_COVER},
    "carousel": {"image": Use.CAROUSEL_IMAGE, "video": Use.CAROUSEL_VIDEO},
}
"""What a file of that kind serves as, by the word that people say."""


@dataclass(frozen=True)
class Recipe:
    """`shape` (width by height) is what the picture is brought to; None: only what the rules ask for."""

    use: Use
    way: Way = "pad"
    pad_color: str = WHITE
    """Six hexadecimal digits, or `blur`; what is transparent lies on it too, on white where it is `blur`."""
    focus: tuple[float, float] = _CENTRE
    """What a crop keeps in its middle, as parts of width and height from the top left."""
    shape: float | None = None
    trim: bool = False
    """Cut what is longer than the limit."""
    silence: bool = False
    """Give a video without sound a silent track, as attached audio needs one."""
    cover_at_s: float | None = None
    """Take the picture from the frame that a video shows then."""

    @property
    def background(self) -> str:
        """The colour on which what is transparent lies."""
        return WHITE if self.pad_color == BLUR else self.pad_color

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"use": self.use.value, "focus": list(self.focus)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Recipe:
        x, y = said["focus"]
        return cls(**(said | {"use": Use(said["use"]), "focus": (float(x), float(y))}))

    @property
    def key(self) -> str:
        """Names what the recipe does to a file; equal keys do the same."""
        said = json.dumps([EDITION, self.as_json()], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def use_of(said: str | None, kind: Kind) -> Use:
    """What a file of this kind is checked or made for; without a word what fits everywhere: the feed, or a reel."""
    if said is None:
        return Use.FEED_IMAGE if kind == "image" else Use.REEL
    if said not in FOR:
        raise Invalid(f"unknown use {said!r}: say {', '.join(FOR)}", type="media.use", field="for")
    return FOR[said][kind]


def shape_of_all(ratio: float, *, has_video: bool) -> float:
    """The shape of the items of a carousel whose first one has that ratio, as far as pictures and videos allow it."""
    least, most = _CAROUSEL_WITH_VIDEO if has_video else _CAROUSEL
    return min(max(ratio, least), most)


def read_colour(text: str) -> str:
    """`#rrggbb` of a colour's name or digits, or `blur`. Raises Invalid."""
    said = text.strip().lower()
    if said == BLUR:
        return BLUR
    if _COLOUR.fullmatch(said):
        return said if len(said) == 7 else "#" + "".join(2 * digit for digit in said[1:])
    from PIL.ImageColor import colormap, getrgb

    if said not in colormap:
        message = f"{text!r} is no colour: say one such as white or #ff8800, or {BLUR}"
        raise Invalid(message, type="media.colour", field="pad_color")
    red, green, blue = getrgb(said)[:3]  # the map itself holds tuples of those that were asked for before
    return f"#{red:02x}{green:02x}{blue:02x}"


def read_focus(text: str) -> tuple[float, float]:
    """Two numbers from 0 to 1. Raises Invalid."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        x = y = -1.0
    if not (0 <= x <= 1 and 0 <= y <= 1):
        message = f"{text!r} is no point of a picture: say two numbers from 0 to 1, such as 0.5,0.3"
        raise Invalid(message, type="media.focus", field="focus")
    return x, y


def read_way(text: str) -> Way:
    """Raises Invalid."""
    if text == "pad":
        return "pad"
    if text == "crop":
        return "crop"
    raise Invalid(
        f"unknown way {text!r} to bring a picture into shape: say pad or crop", type="media.ratio", field="ratio"
    )

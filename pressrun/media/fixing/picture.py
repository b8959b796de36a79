"""A picture made right: an upright sRGB JPEG of an allowed shape, width and size, which says nothing private."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pressrun.media import magic
from pressrun.media.fixing import colours, jpeg, private, profiles
from pressrun.media.fixing.opening import opened
from pressrun.media.fixing.private import About
from pressrun.media.fixing.recipe import BLUR, Recipe
from pressrun.media.fixing.shape import Frame, Wanted, frame_for
from pressrun.media.fixing.told import CannotFix, Change, Facts, Made, megabytes
from pressrun.media.rules import LIMITS, ratio_text

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LEAST_WIDTH, MOST_WIDTH = 320, 1440
_SMALLER = 0.85
_BLUR_PART = 30
_GAP = 3.0


@dataclass(frozen=True)
class _Seen:
    """A picture as it lies in its file, before anything is unpacked."""

    facts: Facts
    mode: str
    orientation: int
    frames: int
    profile: bytes | None
    is_transparent: bool
    about: About

    @property
    def is_plain_jpeg(self) -> bool:
        return self.facts.format == "JPEG" and self.mode == "RGB" and self.orientation == 1


def fix_picture(source: Path, target: Path, recipe: Recipe) -> Made:
    """Write the picture as it should be to `target`; its bytes are the source's where nothing had to be changed.

    Raises MediaUnreadable and CannotFix.
    """
    with opened(source) as (image, signature):
        seen = _look(image, signature, source.stat().st_size)
        frame = frame_for((seen.facts.width, seen.facts.height), wanted(recipe), recipe.way, recipe.focus)
        if _is_right(seen, frame, recipe):
            kept = _kept(source, seen)
            if kept is not None:
                target.write_bytes(kept[0])
                return replace(kept[1], after=replace(seen.facts, size_bytes=len(kept[0])))
        upright = _unpack(image, seen, frame)
    return _make(upright, seen, target, recipe)


def is_right(source: Path, recipe: Recipe) -> bool:
    """Whether the picture would stay as it is; nothing is unpacked. Raises MediaUnreadable and CannotFix."""
    with opened(source) as (image, signature):
        seen = _look(image, signature, source.stat().st_size)
        frame = frame_for((seen.facts.width, seen.facts.height), wanted(recipe), recipe.way, recipe.focus)
        return _is_right(seen, frame, recipe) and not seen.about.private


def from_frame(image: Picture, target: Path, recipe: Recipe, before: Facts, taken: Change) -> Made:
    """The same for one frame of a video, which is upright and in sRGB."""
    seen = _Seen(before, image.mode, 1, 1, None, is_transparent=False, about=About((), None, None))
    made = _make(image, seen, target, recipe, size=image.size)
    return replace(made, changes=(taken, *(one for one in made.changes if one.field != "format")))


def wanted(recipe: Recipe) -> Wanted:
    """What the rules and the recipe ask of the canvas."""
    limits = LIMITS[recipe.use]
    return Wanted(limits.ratio, recipe.shape, LEAST_WIDTH, MOST_WIDTH)


def _look(image: Picture, signature: magic.Signature, size_bytes: int) -> _Seen:
    found = private.about(image)
    orientation = _orientation(image)
    width, height = image.size
    if orientation >= 5:
        width, height = height, width
    format_ = image.format or signature.format
    profile = image.info.get("icc_profile") or _by_number(image)
    return _Seen(
        Facts(format_, size_bytes, width, height),
        image.mode,
        orientation,
        1 if format_ == "MPO" else int(getattr(image, "n_frames", 1)),
        profile if isinstance(profile, bytes) else None,
        colours.is_transparent(image),
        found,
    )


def _orientation(image: Picture) -> int:
    try:
        said = image.getexif().get(0x0112)
    except Exception:  # Pillow raises nearly anything for damaged directories
        return 1
    return said if isinstance(said, int) and said in range(1, 9) else 1


def _by_number(image: Picture) -> bytes | None:
    """The profile of colours that are named by number (HEIF)."""
    named = image.info.get("nclx_profile")
    if not isinstance(named, dict):
        return None
    return profiles.of_numbers(int(named.get("color_primaries", 1)), int(named.get("transfer_characteristics", 13)))


def _is_right(seen: _Seen, frame: Frame, recipe: Recipe) -> bool:
    size = (seen.facts.width, seen.facts.height)
    is_small_enough = seen.is_plain_jpeg and seen.facts.size_bytes <= LIMITS[recipe.use].max_bytes
    return frame.canvas == size and not frame.is_padded and is_small_enough and colours.is_srgb(seen.profile)


def _kept(source: Path, seen: _Seen) -> tuple[bytes, Made] | None:
    """The file as it is, or without what is private; None when it cannot be taken out without loss."""
    data = source.read_bytes()
    if not seen.about.private:
        return data, Made(seen.facts, seen.facts)
    stripped = jpeg.without_private(data, seen.about.exif())
    return None if stripped is None else (stripped, Made(seen.facts, seen.facts, (_private(seen.about),)))


def _unpack(image: Picture, seen: _Seen, frame: Frame) -> Picture:
    """The first picture of the file, upright. A JPEG is read no larger than is of use."""
    from PIL import ImageOps

    if seen.facts.format in {"JPEG", "MPO"}:
        turned = seen.orientation >= 5
        width, height = frame.inner if frame.is_padded else _whole(seen, frame)
        image.draft(None, (height, width) if turned else (width, height))
    image.load()
    plain = colours.plain_mode(image)
    if seen.orientation == 1:
        return plain
    plain.getexif()[0x0112] = seen.orientation
    return ImageOps.exif_transpose(plain)


def _whole(seen: _Seen, frame: Frame) -> tuple[int, int]:
    """The size of the whole picture when the part in the box has the size that it is scaled to."""
    left, top, right, bottom = frame.box
    across, down = frame.inner[0] / (right - left), frame.inner[1] / (bottom - top)
    return round(seen.facts.width * across), round(seen.facts.height * down)


def _make(image: Picture, seen: _Seen, target: Path, recipe: Recipe, *, size: tuple[int, int] | None = None) -> Made:
    """From an upright picture to the file. It may have been read smaller than it is."""
    full = size or (seen.facts.width, seen.facts.height)
    want, most_bytes = wanted(recipe), LIMITS[recipe.use].max_bytes
    name: str | None = None
    while True:
        frame = frame_for(full, want, recipe.way, recipe.focus)
        canvas, name = _paint(image, frame, full, seen, recipe)
        encoded = jpeg.encode(canvas, most_bytes=most_bytes, exif=seen.about.exif())
        if encoded is not None:
            break
        want = replace(want, most_width=int(frame.canvas[0] * _SMALLER), least_width=1)
        if want.most_width < LEAST_WIDTH:
            raise CannotFix(f"it stays over {megabytes(most_bytes)} as JPEG", field="size")
    target.write_bytes(encoded.data)
    after = Facts("JPEG", len(encoded.data), *frame.canvas)
    changes = tuple(_changes(seen, full, frame, recipe, name, encoded, most_bytes))
    return Made(seen.facts, after, changes, tuple(_notes(full, frame)))


def _paint(
    image: Picture, frame: Frame, full: tuple[int, int], seen: _Seen, recipe: Recipe
) -> tuple[Picture, str | None]:
    from PIL import Image

    across, down = image.width / full[0], image.height / full[1]
    left, top, right, bottom = frame.box
    box = (left * across, top * down, min(right * across, image.width), min(bottom * down, image.height))
    if image.size != frame.inner or box != (0, 0, *image.size):
        image = image.resize(frame.inner, Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP)
    converted, name = colours.to_srgb(image, seen.profile)
    inner = colours.on_colour(converted, recipe.background)
    if not frame.is_padded:
        return inner, name
    ground = _ground(inner, frame.canvas, recipe)
    ground.paste(inner, frame.at)
    return ground, name


def _ground(inner: Picture, canvas: tuple[int, int], recipe: Recipe) -> Picture:
    from PIL import Image, ImageFilter, ImageOps

    if recipe.pad_color != BLUR:
        return Image.new("RGB", canvas, recipe.pad_color)
    small = max(canvas[0] // 8, 1), max(canvas[1] // 8, 1)  # blurred anyway: an eighth is enough, and quick
    filled = ImageOps.fit(inner, small, Image.Resampling.BILINEAR)
    blurred = filled.filter(ImageFilter.GaussianBlur(max(small) / _BLUR_PART))
    return blurred.resize(canvas, Image.Resampling.BICUBIC)


def _changes(
    seen: _Seen,
    full: tuple[int, int],
    frame: Frame,
    recipe: Recipe,
    profile: str | None,
    encoded: jpeg.Encoded,
    most_bytes: int,
) -> list[Change]:
    found = []
    if seen.facts.format != "JPEG":
        found.append(Change("format", seen.facts.format, "JPEG", "Instagram takes JPEG pictures only"))
    if seen.frames > 1:
        found.append(Change("frames", f"{seen.frames} frames", "the first frame", "a picture does not move"))
    if seen.orientation != 1:
        turned = f"turned (EXIF orientation {seen.orientation})"
        found.append(Change("orientation", turned, "upright", "not every reader turns it"))
    if profile is not None:
        found.append(Change("colour", profile, "sRGB", "Instagram shows every picture as sRGB"))
    elif seen.mode not in {"RGB", "RGBA", "P", "L", "LA", "1"}:
        found.append(Change("colour", seen.mode, "sRGB", "Instagram shows every picture as sRGB"))
    if seen.is_transparent:
        found.append(Change("transparency", "transparent", f"on {recipe.background}", "JPEG knows no transparency"))
    found += _shape_changes(full, frame, recipe)
    if seen.facts.size_bytes > most_bytes:
        after = f"{megabytes(len(encoded.data))} (quality {encoded.quality})"
        found.append(Change("size", megabytes(seen.facts.size_bytes), after, f"the limit is {megabytes(most_bytes)}"))
    return [*found, _private(seen.about)] if seen.about.private else found


def _shape_changes(full: tuple[int, int], frame: Frame, recipe: Recipe) -> list[Change]:
    found = []
    before, after = full[0] / full[1], frame.canvas[0] / frame.canvas[1]
    if frame.is_padded or frame.box != (0.0, 0.0, float(full[0]), float(full[1])):
        how = "padded" if frame.is_padded else "cropped"
        with_ = f" with {recipe.pad_color}" if frame.is_padded else ""
        why = f"the limits of a {recipe.use} are {ratio_text(LIMITS[recipe.use].ratio)}"
        if recipe.shape is not None:
            why = "Instagram crops all items to the shape of the first"
        found.append(Change("ratio", f"{before:.3f}:1", f"{after:.3f}:1, {how}{with_}", why))
    width, taken = frame.canvas[0], frame.box[2] - frame.box[0]
    is_by_shape = abs(width - taken) < 1 or (frame.is_padded and width > full[0] > LEAST_WIDTH)
    if width != full[0] and not is_by_shape:
        why = f"Instagram shows {LEAST_WIDTH} to {MOST_WIDTH} px and rescales the rest"
        found.append(Change("width", f"{full[0]} px", f"{width} px", why))
    return found


def _notes(full: tuple[int, int], frame: Frame) -> list[str]:
    left, _, right, _ = frame.box
    if frame.inner[0] < right - left + 1:  # a part of a pixel is rounding
        return []
    return [f"enlarged from {full[0]}x{full[1]}: a larger original would look better"]


def _private(about: About) -> Change:
    kept = "removed; copyright and maker kept" if about.has_owner else "removed"
    return Change("metadata", ", ".join(about.private), kept, "everyone who gets the file could read it")

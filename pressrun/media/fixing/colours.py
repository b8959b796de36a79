"""Colours of a picture brought to sRGB: profiles, print inks, palettes, greys, 16 bits, and what is transparent."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pressrun.media.fixing import profiles
from pressrun.media.fixing.told import CannotFix

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_TRANSPARENT = {"RGBA", "LA", "PA", "La", "RGBa"}
_GREY_16 = {"I;16", "I;16L", "I;16B", "I;16N"}


def is_transparent(image: Picture) -> bool:
    """Whether the picture may have parts that nothing covers."""
    return image.mode in _TRANSPARENT or "transparency" in image.info


def plain_mode(image: Picture) -> Picture:
    """The same in a mode that can be scaled and converted: L, RGB, RGBA, CMYK or LAB. Raises CannotFix."""
    if image.mode in _GREY_16:
        return _grey(image)
    if image.mode in {"I", "F"}:
        return _deep(image)
    if is_transparent(image):
        return image.convert("RGBA")
    if image.mode in {"P", "HSV", "YCbCr"}:
        return image.convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    return image


def to_srgb(image: Picture, profile: bytes | None) -> tuple[Picture, str | None]:
    """RGB or RGBA in sRGB, and the name of the profile that it was in, if it was another one.

    A profile that does not fit the picture, or is damaged, is passed over.
    """
    from PIL import Image

    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    if image.mode == "LAB":
        profile = profiles.lab()
    converted, name = _by_profile(colours, profile) if profile else (None, None)
    if converted is None:
        converted = colours.convert("RGB")
    if alpha is not None:
        converted = Image.merge("RGBA", (*converted.split(), alpha))
    return converted, name


def on_colour(image: Picture, colour: str) -> Picture:
    """RGB: what was transparent shows the colour."""
    from PIL import Image

    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, colour)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def profile_name(profile: bytes) -> str | None:
    """What the profile calls itself; None for one that cannot be read."""
    from PIL import ImageCms

    try:
        said = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (OSError, ImageCms.PyCMSError, UnicodeError):
        return None
    return said.strip("\0 \r\n") or "an unnamed profile"


def is_srgb(profile: bytes | None) -> bool:
    """Whether colours under this profile mean what Instagram takes them for."""
    return not profile or (profile_name(profile) or "sRGB").lower().replace("-", "").startswith(("srgb", "c2"))


def _by_profile(image: Picture, profile: bytes) -> tuple[Picture | None, str | None]:
    from PIL import ImageCms

    name = profile_name(profile)
    if name is None or (image.mode == "RGB" and is_srgb(profile)):
        return None, None
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError, ValueError):
        return None, None
    return converted, name


def _grey(image: Picture) -> Picture:
    """16 bits of grey as 8. Pillow itself would cut off all that is above 255."""
    return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _deep(image: Picture) -> Picture:
    """32 bits, whose greatest value nothing says: 16 bits of grey are read so from some formats."""
    if image.mode == "I":
        low, high = (float(one) for one in image.getextrema())  # type: ignore[arg-type]
        if low >= 0 and 255 < high <= 65535:
            return _grey(image)
        if low >= 0 and high <= 255:
            return image.convert("L")
    raise CannotFix("the picture has 32 bits for a colour: export it with 8 or 16", field="format")

"""Opening pictures of every kind that is read, with their size looked at before anything is unpacked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pressrun.media import magic
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import DAMAGED, TOO_MANY_PIXELS, MediaUnreadable, open_media

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_PIXELS = 120_000_000
"""Of a picture that must be unpacked whole. Phones take 12 to 108 megapixels."""
MOST_PIXELS_OF_JPEG = 178_000_000
"""A JPEG is read at a fraction of its size; this is as far as Pillow goes."""
FORMATS = {
    magic.JPEG: ("JPEG",),  # its reader knows MPO too
    magic.PNG: ("PNG",),
    magic.GIF: ("GIF",),
    magic.WEBP: ("WEBP",),
    magic.TIFF: ("TIFF",),
    magic.BMP: ("BMP",),
    magic.HEIF: ("HEIF",),
    magic.AVIF: ("AVIF",),
}


@contextmanager
def opened(path: Path) -> Iterator[tuple[Picture, magic.Signature]]:
    """The picture, not unpacked yet. Raises MediaUnreadable, or CannotFix when it has more pixels than is bearable.

    Whatever Pillow raises for damage inside the block comes out as MediaUnreadable too.
    """
    from PIL import Image

    with open_media(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = magic.sniff(file.read(magic.HEAD_BYTES))
        file.seek(0)
        if signature not in FORMATS:
            raise MediaUnreadable(path, "this is not a picture")
        if signature is magic.HEIF:
            import pillow_heif

            pillow_heif.register_heif_opener()
        try:
            with Image.open(file, formats=FORMATS[signature]) as image:
                _bounded(image, signature)
                yield image, signature
        except Image.DecompressionBombError:
            raise CannotFix(TOO_MANY_PIXELS, field="width") from None
        except MemoryError:
            raise CannotFix("unpacking it takes more memory than a conversion may use") from None
        except DAMAGED:
            raise MediaUnreadable(path, f"the {signature.format} image is damaged or cut short") from None


def _bounded(image: Picture, signature: magic.Signature) -> None:
    width, height = image.size
    most = MOST_PIXELS_OF_JPEG if signature is magic.JPEG else MOST_PIXELS
    if width * height > most:
        said = f"{width}x{height} is {width * height / 1e6:.0f} megapixels"
        raise CannotFix(f"{said}, more than the {most / 1e6:.0f} that are unpacked: export it smaller", field="width")

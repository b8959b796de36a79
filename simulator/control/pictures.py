"""`/_sim/picture/…`: what stands for pictures that nobody ever took."""

from __future__ import annotations

import functools
import io

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from simulator.world.noise import whole


async def picture(request: Request) -> Response:
    """A plain coloured square stands for pictures that nobody ever took."""
    return Response(_square(request.path_params["name"]), media_type="image/jpeg")


@functools.lru_cache(maxsize=256)
def _square(name: str) -> bytes:
    colour = (whole(60, 220, name, "r"), whole(60, 220, name, "g"), whole(60, 220, name, "b"))
    buffer = io.BytesIO()
    Image.new("RGB", (320, 320), colour).save(buffer, "JPEG")
    return buffer.getvalue()

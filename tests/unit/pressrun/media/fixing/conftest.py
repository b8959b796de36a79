"""A maker of small videos, within and without Instagram's rules."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

Make = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path) -> Make:
    """A grey video, three seconds and a bit, in which the frame at `flash_s` is white and a click is heard."""

    def make(
        name: str = "clip.mp4",
        *,
        format: str = "mp4",
        codec: str = "libx264",
        size: tuple[int, int] = (144, 256),
        rate: Fraction = Fraction(24),
        seconds: float = 3.25,
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
        muxer: dict[str, str] | None = None,
        sound: str | None = "aac",
        sound_rate: int = 48_000,
        channels: str = "mono",
        flash_s: float = 1.5,
        times: Callable[[int], int] = lambda number: number,
        prepare: Callable[[Any], None] = lambda _stream: None,
    ) -> Path:
        path = tmp_path / name
        with av.open(path, "w", format=format, options=muxer or {"movflags": "+faststart"}) as container:
            stream: Any = container.add_stream(codec, rate=rate, options={"preset": "ultrafast", **(options or {})})
            stream.width, stream.height, stream.pix_fmt = *size, pixel_format
            prepare(stream)
            audio: Any = container.add_stream(sound, rate=sound_rate, layout=channels) if sound else None
            count = round(seconds * rate)
            for number in range(count):
                at = times(number)
                frame = av.VideoFrame(*size, pixel_format)
                is_white = at == int(flash_s * rate)
                for place, plane in enumerate(frame.planes):
                    level = b"\x80" if place else b"\xeb" if is_white else b"\x40"
                    level += b"\0" if pixel_format.endswith("10le") else b""
                    plane.update(level * (plane.buffer_size // len(level)))
                frame.pts, frame.time_base = at, 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            if audio:
                _click(container, audio, seconds, flash_s)
        return path

    return make


def _click(container: Any, stream: Any, seconds: float, at_s: float) -> None:
    rate, layout, size = stream.sample_rate, stream.layout, 1024
    for number in range(int(seconds * rate) // size):
        samples = bytearray(4 * size)
        begins = int(at_s * rate) - number * size
        for place in range(max(begins, 0), min(begins + 480, size)):
            samples[4 * place : 4 * place + 4] = b"\x00\x00\x00\x3f" if place // 24 % 2 else b"\x00\x00\x00\xbf"
        frame = av.AudioFrame(format="fltp", layout=layout, samples=size)
        for plane in frame.planes:
            plane.update(bytes(samples))
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), number * size
        container.mux(stream.encode(frame))
    container.mux(stream.encode())

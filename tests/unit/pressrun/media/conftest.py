"""Small real files, made once: one that Instagram takes of each kind, and a way to make odd ones."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from pressrun.media.samples import make_jpeg, make_mp4

MakeVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_jpeg(tmp_path_factory.mktemp("media") / "bread-01.jpg", 400, 500, label="bread-01")


@pytest.fixture(scope="session")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mp4(tmp_path_factory.mktemp("media") / "wheel-01.mp4", 144, 256, 3.0, label="wheel-01")


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """A grey video of one second. `muxer` are options of the container, `prepare` changes the video stream."""

    def make(
        name: str,
        *,
        format: str = "mp4",
        codec: str = "libx264",
        size: tuple[int, int] = (64, 64),
        fps: int = 24,
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
        muxer: dict[str, str] | None = None,
        sound: str | None = None,
        sound_rate: int = 48_000,
        layout: str = "stereo",
        title: str = "",
        prepare: Callable[[Any], None] = lambda _stream: None,
    ) -> Path:
        path = tmp_path / name
        with av.open(path, "w", format=format, options=muxer or {}) as container:
            container.metadata.update({"title": title} if title else {})
            stream: Any = container.add_stream(codec, rate=fps, options=options or {})
            stream.width, stream.height, stream.pix_fmt = *size, pixel_format
            prepare(stream)
            audio: Any = container.add_stream(sound, rate=sound_rate, layout=layout) if sound else None
            for number in range(fps):
                frame = av.VideoFrame(*size, pixel_format)
                for plane in frame.planes:
                    plane.update(b"\x80" * plane.buffer_size)
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            if audio:
                _silence(container, audio, sound_rate, layout)
        return path

    return make


def _silence(container: Any, stream: Any, rate: int, layout: str) -> None:
    for number in range(rate // 1024):
        frame = av.AudioFrame(format=stream.format.name, layout=layout, samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), number * 1024
        container.mux(stream.encode(frame))
    container.mux(stream.encode())

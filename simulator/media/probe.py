"""What a file really is, read with Pillow and PyAV. Blocking: call it in a worker thread."""

from __future__ import annotations

import io
from pathlib import Path

from simulator.media.checks import ImageFacts, VideoFacts


def probe_image(data: bytes) -> ImageFacts:
    """Format and size. MPO and other relatives of JPEG keep their own name."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
            return ImageFacts(image.format, image.width, image.height)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ImageFacts(None, 0, 0)


def probe_video(path: Path) -> VideoFacts:
    import av

    try:
        with av.open(str(path)) as media:
            if not media.streams.video:
                return VideoFacts(None)
            stream = media.streams.video[0]
            audio = media.streams.audio[0] if media.streams.audio else None
            duration = media.duration / 1_000_000 if media.duration else 0.0
            return VideoFacts(
                container=_container(path, media.format.name),
                codec=stream.codec_context.name,
                width=stream.codec_context.width,
                height=stream.codec_context.height,
                duration_s=duration,
                fps=float(stream.average_rate or 0),
                pixel_format=stream.codec_context.pix_fmt or "",
                audio_codec=audio.codec_context.name if audio else None,
                audio_rate=(audio.codec_context.sample_rate or 0) if audio else 0,
                audio_channels=audio.codec_context.layout.nb_channels if audio else 0,
                is_moov_first=_is_moov_first(path),
            )
    except (av.FFmpegError, OSError, ValueError):
        return VideoFacts(None)


def _container(path: Path, names: str) -> str | None:
    """FFmpeg reads MP4 and MOV with one demuxer; the brand in the first box tells them from their relatives."""
    if "mp4" not in names.split(","):
        return None
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp":
        return "mov"
    return "mov" if head[8:12] == b"qt  " else "mp4"


def _is_moov_first(path: Path) -> bool:
    """Whether the index stands before the pictures, as the specification asks."""
    with path.open("rb") as file:
        end = path.stat().st_size
        at = 0
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size, name = int.from_bytes(head[:4], "big"), head[4:8]
            if name in {b"moov", b"mdat"}:
                return name == b"moov"
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            if size < 8:
                return True
            at += size
    return True

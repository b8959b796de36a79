"""What a file really is, read with Pillow and PyAV. Blocking: call it in a worker thread."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.media.checks import ImageFacts, VideoFacts
from simulator.media.layout import Layout, read_layout

if TYPE_CHECKING:
    from av.container import InputContainer

_TURNED = 0x0112
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, struct.error)
_BEGINNINGS = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""Of films from before files told their brand."""
_ATTACHED = 0x0400
"""FFmpeg's word for a picture that stands for the file, as for a song."""


def probe_image(data: bytes) -> ImageFacts:
    """Format and size as shown. MPO and other relatives of JPEG keep their own name."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            name, (width, height) = image.format, image.size
            if name == "JPEG":
                if image.getexif().get(_TURNED, 1) in {5, 6, 7, 8}:
                    width, height = height, width
                image.draft(None, (1, 1))  # quickly through all of it: one that is cut short shows only so
                image.load()
            else:
                image.verify()
            return ImageFacts(name, width, height)
    except (UnidentifiedImageError, Image.DecompressionBombError, *_DAMAGED):
        return ImageFacts(None, 0, 0)


def probe_video(path: Path) -> VideoFacts:
    import av

    layout = read_layout(path)
    if layout.is_cut:
        return VideoFacts(None)
    try:
        # Until PyAV 19 a tag in an old encoding would keep a file from being opened.
        more: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}
        with av.open(str(path), **more) as media:
            return _facts(path, media, layout)
    except (av.FFmpegError, OSError, ValueError):
        return VideoFacts(None)


def _facts(path: Path, media: InputContainer, layout: Layout) -> VideoFacts:
    stream = next((one for one in media.streams.video if not int(one.disposition) & _ATTACHED), None)
    if stream is None or stream.codec_context is None:
        return VideoFacts(None)
    sounds = [one for one in media.streams.audio if one.codec_context is not None]
    audio = sounds[0] if sounds else None
    pictures = stream.codec_context
    width, height = pictures.width, pictures.height
    seconds = media.duration / 1_000_000 if media.duration else 0.0
    shown_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else seconds
    size, has_open_groups = _packets(media, stream)
    return VideoFacts(
        container=_container(path, media.format.name),
        codec=pictures.codec.canonical_name,
        width=height if layout.is_sideways else width,
        height=width if layout.is_sideways else height,
        columns=max(width, height) if layout.is_sideways else width,
        duration_s=seconds,
        fps=float(stream.average_rate or 0),
        bitrate=size * 8 / shown_s if shown_s else 0.0,
        pixel_format=pictures.pix_fmt or "",
        is_interlaced=pictures.field_order > 1,
        audio_codec=audio.codec_context.name if audio else "unknown" if media.streams.audio else None,
        audio_rate=(audio.codec_context.sample_rate or 0) if audio else 0,
        audio_channels=audio.codec_context.layout.nb_channels if audio else 0,
        is_moov_first=layout.is_moov_first,
        has_edit_list=layout.has_edit_list,
        has_open_groups=has_open_groups,
    )


def _packets(media: InputContainer, stream: Any) -> tuple[int, bool]:
    """Bytes of the pictures, and whether some are shown before the one that begins their group."""
    size, begins, has_open_groups = 0, None, False
    for packet in media.demux(stream):
        size += packet.size
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            begins = packet.pts
        elif begins is not None and packet.pts < begins:
            has_open_groups = True
    return size, has_open_groups


def _container(path: Path, names: str) -> str | None:
    """FFmpeg reads MP4 and MOV with one demuxer; the brand in the first box tells them from their relatives."""
    if "mp4" not in names.split(","):
        return None
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp":
        return "mov" if head[4:8] in _BEGINNINGS else None
    return "mov" if head[8:12] == b"qt  " else "mp4"

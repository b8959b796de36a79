"""What a media file holds, decided by its content alone; the rules that judge it are in `rules` (design.md §5).

Pillow and PyAV do the reading. They are imported on first use: most commands never look into a file. PyAV is only
shown files whose container format is already known, so that no playlist or subtitle demuxer follows what is written in
a file to another one.
"""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pressrun.errors import PressrunError, printable
from pressrun.media import boxes, magic

if TYPE_CHECKING:
    from av.codec import CodecContext
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream
    from PIL.Image import Image as Picture

TOO_MANY_PIXELS = "the image has too many pixels; make it smaller"
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, UserWarning, struct.error)
"""What Pillow raises."""
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of ITU-T H.273 by which a screen is driven beyond white."""
DEMUXERS = {"MP4": "mov", "MOV": "mov", "MATROSKA": "matroska", "AVI": "avi"}


class MediaUnreadable(PressrunError):
    """The file is not media that can be read."""

    type = "media.unreadable"

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path, self.reason = Path(path), reason
        super().__init__(f"{printable(str(path))}: {reason}")


@dataclass(frozen=True)
class Probe:
    """What one file holds. `width` and `height` are as stored; `orientation` (EXIF numbering) says how it is shown."""

    kind: magic.Kind
    format: str
    size_bytes: int
    width: int
    height: int
    duration_s: float | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_rate_hz: int | None = None
    audio_channels: int | None = None
    bitrate_bps: int | None = None
    moov_first: bool | None = None
    has_edit_list: bool | None = None
    orientation: int | None = None
    pixel_format: str | None = None
    is_interlaced: bool | None = None
    is_fragmented: bool | None = None
    hdr: str | None = None
    """PQ or HLG; None for an ordinary video."""

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height after turning the picture upright."""
        turned = self.orientation is not None and self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def ratio(self) -> float:
        """Width by height as shown."""
        width, height = self.shown_size
        return width / height


def probe(path: Path | str) -> Probe:
    """Read the file's properties. Raises MediaUnreadable with one line that says why not."""
    with open_media(path) as file:
        size = os.fstat(file.fileno()).st_size
        signature = magic.sniff(file.read(magic.HEAD_BYTES))
        file.seek(0)
        if signature is None:
            raise MediaUnreadable(path, "this is not an image or a video")
        if signature.kind == "image":
            return _image(file, path, size, signature)
        return _video(file, path, size, signature)


def probe_head(head: bytes, size_bytes: int | None) -> Probe | None:
    """What the first bytes of an image tell: all but whether the rest is whole. None where they are too few, and for
    videos. `size_bytes` is that of the whole file, None if unknown. Raises MediaUnreadable."""
    signature = magic.sniff(head)
    if signature is None or signature.kind != "image" or signature is magic.HEIF:
        return None
    from PIL import Image

    is_whole = size_bytes is not None and len(head) >= size_bytes
    try:
        with Image.open(io.BytesIO(head), formats=[signature.format]) as image:
            return _image_probe(image, signature, size_bytes or len(head))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaUnreadable("", TOO_MANY_PIXELS) from None
    except DAMAGED:
        if is_whole:
            raise MediaUnreadable("", f"the {signature.format} image is damaged") from None
        return None


@contextmanager
def open_media(path: Path | str) -> Iterator[BinaryIO]:
    """A regular, non-empty file, open for reading. Raises MediaUnreadable."""
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            raise MediaUnreadable(path, "this is a folder, not a file")
        if not stat.S_ISREG(state.st_mode):  # opening a pipe would wait for its writer
            raise MediaUnreadable(path, "this is not a regular file")
        if state.st_size == 0:
            raise MediaUnreadable(path, "the file is empty")
        file = open(path, "rb")  # noqa: SIM115 - closed below, outside the reach of these except clauses
    except FileNotFoundError:
        raise MediaUnreadable(path, "there is no such file") from None
    except PermissionError:
        raise MediaUnreadable(path, "no permission to read the file") from None
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise MediaUnreadable(path, f"the file cannot be opened: {reason}") from None
    with file:
        yield file


def _image(file: BinaryIO, path: Path | str, size: int, signature: magic.Signature) -> Probe:
    from PIL import Image

    if signature is magic.HEIF:
        import pillow_heif

        pillow_heif.register_heif_opener()
    try:
        image = Image.open(file, formats=[signature.format])
        found = _image_probe(image, signature, size)
        if signature is magic.JPEG:
            image.draft(
                "RGB", (max(found.width // 8, 1), max(found.height // 8, 1))
            )  # reads all the data at an eighth of the work
            image.load()
        elif signature is not magic.HEIF:  # that one is read through when it is opened
            image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaUnreadable(path, TOO_MANY_PIXELS) from None
    except DAMAGED:
        raise MediaUnreadable(path, f"the {signature.format} image is damaged or cut short") from None
    return found


def _image_probe(image: Picture, signature: magic.Signature, size: int) -> Probe:
    orientation = image.getexif().get(0x0112) if signature is magic.JPEG else None
    return Probe(
        kind="image",
        format=image.format or signature.format,
        size_bytes=size,
        width=image.size[0],
        height=image.size[1],
        orientation=orientation if orientation in range(1, 9) else None,
    )


def _video(file: BinaryIO, path: Path | str, size: int, signature: magic.Signature) -> Probe:
    layout = boxes.scan(file, size) if signature in (magic.MP4, magic.MOV) else None
    if layout is not None and not layout.has_moov:
        raise MediaUnreadable(path, "the video has no index (moov): the recording broke off or the file is cut short")
    if layout is not None and layout.is_cut:
        raise MediaUnreadable(path, "the video is cut short: the file ends before its data do")
    import av

    # Before PyAV 19 every tag is decoded when a file is opened, and one in an old encoding would refuse the file.
    lenient: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}
    file.seek(0)
    try:
        with av.open(file, "r", format=DEMUXERS[signature.format], **lenient) as container:
            return _streams(container, path, size, signature, layout)
    except (av.FFmpegError, OSError, ValueError):
        raise MediaUnreadable(path, f"the {signature.format} video is damaged or cut short") from None


def _streams(
    container: InputContainer, path: Path | str, size: int, signature: magic.Signature, layout: boxes.Layout | None
) -> Probe:
    video = video_of(container)
    if video is None:
        raise MediaUnreadable(path, "the file holds no video")
    if codec_name(video) is None or not video.width or not video.height:
        raise MediaUnreadable(path, "the picture size is unknown: the video is damaged or its codec is not known here")
    if video.pix_fmt is None:
        raise MediaUnreadable(path, "its pictures cannot be decoded: the video is damaged")
    # A phone may add a track for spatial sound in a codec of its own; the one that others play counts.
    audio = next((stream for stream in container.streams.audio if codec_name(stream)), None)
    has_sound = bool(container.streams.audio)
    duration_s = _duration_s(container, video)
    rate = video.average_rate or video.guessed_rate
    return Probe(
        kind="video",
        format=signature.format,
        size_bytes=size,
        width=video.width,
        height=video.height,
        duration_s=duration_s,
        fps=float(rate) if rate else None,
        video_codec=codec_name(video),
        audio_codec=codec_name(audio) if audio else "unknown" if has_sound else None,
        audio_rate_hz=audio.sample_rate if audio else None,
        audio_channels=audio.channels if audio else None,
        bitrate_bps=video.bit_rate or (round(size * 8 / duration_s) if duration_s else None),
        moov_first=layout.moov_first if layout else None,
        is_fragmented=layout.is_fragmented if layout else None,
        hdr=HDR_TRANSFERS.get(int(video.codec_context.color_trc or 0)),
        has_edit_list=layout.has_edit_list if layout else None,
        orientation=layout.orientation if layout else None,
        pixel_format=video.pix_fmt,
        is_interlaced=video.codec_context.field_order > 1,
    )


def video_of(container: InputContainer) -> VideoStream | None:
    """The first track of pictures that is no cover of the file."""
    from av.stream import Disposition

    return next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)


def _duration_s(container: InputContainer, video: VideoStream) -> float | None:
    """That of the longest track: sound may outlast the picture."""
    if container.duration:
        return container.duration / 1_000_000
    if video.duration is not None and video.time_base:
        return float(video.duration * video.time_base)
    return None


def codec_name(stream: Stream) -> str | None:
    """The format's name, not the decoder's (av1, not libdav1d); None when FFmpeg has no decoder for it."""
    context: CodecContext | None = stream.codec_context  # None in spite of its declaration
    return context.codec.canonical_name if context is not None else None

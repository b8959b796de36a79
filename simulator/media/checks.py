"""Media specifications (graph-api.md §2.2) applied to what was probed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.protocol import errors
from simulator.world.records import Kind

MIB = 1024 * 1024
IMAGE_BYTES = 8 * MIB
REEL_BYTES = 300 * MIB
STORY_BYTES = 100 * MIB
MOST_BITS_PER_S = 25_000_000
VIDEO_UNSUPPORTED = 2207026
VIDEO_NOT_FETCHED = 2207077
VIDEO_THUMB_OFFSET = 2207057
PROCESSING_FAILED = 2207082


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """`format` is None for what is no image at all."""

    format: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """`container` is None for what cannot be read as a video."""

    container: str | None
    codec: str = ""
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    fps: float = 0.0
    pixel_format: str = ""
    audio_codec: str | None = None
    audio_rate: int = 0
    audio_channels: int = 0
    is_moov_first: bool = True
    columns: int = 0
    """The wider of stored and shown; 0: as shown."""
    bitrate: float = 0.0
    is_interlaced: bool = False
    has_edit_list: bool = False
    has_open_groups: bool = False


@dataclass(frozen=True, slots=True)
class Strictness:
    """How the contract is read where it is not clear, or where people see that Instagram takes more than it says."""

    is_child_limited: bool = False
    """Children of carousels are held to limits that vendors name and Meta does not."""
    refuses_edit_lists: bool = False
    refuses_open_groups: bool = False


LENIENT = Strictness()
STRICT = Strictness(is_child_limited=True, refuses_edit_lists=True, refuses_open_groups=True)


def most_bytes(kind: Kind) -> int:
    """Beyond this size nothing needs to be read."""
    if not kind.is_video:
        return IMAGE_BYTES
    return STORY_BYTES if kind is Kind.STORY_VIDEO else REEL_BYTES


def image_problem(kind: Kind, facts: ImageFacts, size: int) -> errors.GraphError | None:
    if facts.format is None:
        return errors.not_fetchable()
    if size > IMAGE_BYTES:
        return errors.image_too_large()
    if facts.format != "JPEG":
        return errors.image_format()
    ratio = facts.width / facts.height
    if kind is not Kind.STORY_IMAGE and not 0.8 <= ratio <= 1.91:
        return errors.image_ratio()
    return None


def video_problem(
    kind: Kind, facts: VideoFacts, size: int, params: dict[str, Any], strictness: Strictness = LENIENT
) -> int | None:
    """Subcode for the container's status. One code for every breach: which of several applies is UNCONFIRMED."""
    is_within = (
        size <= most_bytes(kind)
        and _is_shape_within(kind, facts, strictness)
        and _is_coded_right(facts)
        and not (facts.has_edit_list and strictness.refuses_edit_lists)
        and not (facts.has_open_groups and strictness.refuses_open_groups)
    )
    if not is_within:
        return VIDEO_UNSUPPORTED
    if facts.audio_codec is None and _is_mixed(params.get("audio_configuration")):
        return PROCESSING_FAILED
    offset = params.get("thumb_offset")
    if offset is not None and offset > facts.duration_s * 1000:
        return VIDEO_THUMB_OFFSET
    return None


def _is_shape_within(kind: Kind, facts: VideoFacts, strictness: Strictness) -> bool:
    shortest, longest = (3.0, 60.0) if kind is Kind.STORY_VIDEO else (3.0, 900.0)
    narrowest, widest = (0.1, 10.0) if kind is Kind.STORY_VIDEO else (0.01, 10.0)
    if kind is Kind.CHILD_VIDEO and strictness.is_child_limited:
        longest, narrowest, widest = 60.0, 0.75, 16 / 9 + 0.001
    return (
        facts.width > 0
        and facts.height > 0
        and max(facts.width, facts.columns) <= 1920
        and narrowest <= facts.width / facts.height <= widest
        and shortest - 0.05 <= facts.duration_s <= longest + 0.05
    )


def _is_coded_right(facts: VideoFacts) -> bool:
    return (
        facts.container in {"mp4", "mov"}
        and facts.is_moov_first
        and facts.codec in {"h264", "hevc"}
        and "420" in facts.pixel_format
        and not facts.is_interlaced
        and 22.95 <= facts.fps <= 60.05
        and facts.bitrate <= MOST_BITS_PER_S
        and facts.audio_codec in {None, "aac"}
        and facts.audio_rate <= 48_000
        and facts.audio_channels <= 2
    )


def _is_mixed(audio: dict[str, Any] | None) -> bool:
    """Whether the video's own sound is to be heard beside the attached one."""
    return bool(audio) and (audio or {}).get("video_volume", 100) != 0

"""What Instagram takes: media specifications as checks (graph-api.md §2.2).

A limit that Meta documents is an error; advice, and what others report, is a warning. Meta states no limits of carousel
videos: the reel's apply, and what vendors say of them is a warning. Texts are judged in `captions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from pressrun.errors import Invalid
from pressrun.media.faults import fault_of
from pressrun.media.magic import Kind
from pressrun.media.probe import Probe

Severity = Literal["error", "warning"]

MEBIBYTE = 1024 * 1024
_MOOV_FIRST = "ffmpeg -i IN -c copy -movflags +faststart OUT.mp4"
_NO_EDIT_LIST = "ffmpeg -i IN -c copy -movflags +faststart -use_editlist 0 OUT.mp4"
_RATIO_TOLERANCE = 0.01  # by which shapes count as the same; no tolerance of a limit
_TIME_TOLERANCE_S = _FPS_TOLERANCE = 0.05
_PORTRAIT = 9 / 16
_A: dict[Kind, str] = {"image": "an image", "video": "a video"}


class Use(StrEnum):
    """What a file serves as; each has limits of its own."""

    FEED_IMAGE = "feed image"
    CAROUSEL_IMAGE = "carousel image"
    STORY_IMAGE = "story image"
    REEL = "reel"
    CAROUSEL_VIDEO = "carousel video"
    STORY_VIDEO = "story video"
    REEL_COVER = "reel cover"


@dataclass(frozen=True)
class Problem:
    """Something about an input that Instagram will refuse (error) or may mangle (warning)."""

    field: str
    message: str
    severity: Severity
    fault: str = ""
    can_be_fixed: bool = False  # set by `fixing.outlook`

    @property
    def type(self) -> str:
        """The stable type of it (`faults`)."""
        return self.fault or fault_of(self.field)


@dataclass(frozen=True)
class Limits:
    """One column of the specification. Sizes count 1024 bytes to the KB: the sources differ, this refuses less.

    `reported_…`: by vendors, of what Meta does not state.
    """

    kind: Kind
    formats: tuple[str, ...]
    max_bytes: int
    ratio: tuple[float, float] | None = None
    portrait_advised: bool = False
    min_width: int = 0
    max_width: int | None = None
    duration_s: tuple[float, float] | None = None
    reported_ratio: tuple[float, float] | None = None
    reported_most_s: float | None = None


SECTIONS = {
    "format": "Format",
    "frames": "Format",
    "transparency": "Format",
    "kind": "Format",
    "size": "Max size",
    "ratio": "Ratio",
    "width": "Width",
    "orientation": "Width",
    "duration": "Duration",
    "moov": "Format",
    "edit_list": "Format",
    "fragments": "Format",
    "metadata": "Private metadata",
}


def section_of(field: str) -> str:
    """The row of the rules (graph-api.md §2.2, docs/media.md) that a problem or a change comes from."""
    return f"§2.2 {SECTIONS.get(field, 'Codec')}"


_VIDEO = ("MP4", "MOV")
_FEED_IMAGE = Limits("image", ("JPEG",), 8 * MEBIBYTE, ratio=(4 / 5, 1.91), min_width=320)
_STORY_IMAGE = Limits("image", ("JPEG",), 8 * MEBIBYTE, portrait_advised=True)
_REEL = Limits(
    "video",
    _VIDEO,
    300 * MEBIBYTE,
    ratio=(0.01, 10),
    portrait_advised=True,
    max_width=1920,
    duration_s=(3, 15 * 60),
)

LIMITS: dict[Use, Limits] = {
    Use.FEED_IMAGE: _FEED_IMAGE,
    Use.CAROUSEL_IMAGE: _FEED_IMAGE,
    Use.STORY_IMAGE: _STORY_IMAGE,
    Use.REEL_COVER: _STORY_IMAGE,
    Use.REEL: _REEL,
    Use.CAROUSEL_VIDEO: replace(_REEL, portrait_advised=False, reported_ratio=(3 / 4, 16 / 9), reported_most_s=60),
    Use.STORY_VIDEO: replace(_REEL, max_bytes=100 * MEBIBYTE, ratio=(0.1, 10), duration_s=(3, 60)),
}

_USES: dict[str, dict[Kind, Use]] = {
    "image": {"image": Use.FEED_IMAGE, "video": Use.FEED_IMAGE},
    "reel": {"image": Use.REEL, "video": Use.REEL},
    "story": {"image": Use.STORY_IMAGE, "video": Use.STORY_VIDEO},
    "carousel": {"image": Use.CAROUSEL_IMAGE, "video": Use.CAROUSEL_VIDEO},
}


def use_for(post_type: str, kind: Kind) -> Use:
    """What media of this kind serve as in a post of this type; `check` tells when the kind does not fit the type."""
    if post_type not in _USES:
        raise Invalid(f"unknown post type {post_type!r}: use {', '.join(_USES)}", type="type.unknown", field="type")
    return _USES[post_type][kind]


def check(probe: Probe, use: Use) -> tuple[Problem, ...]:
    """All problems of this file in this use. No error among them: Instagram should take it."""
    limits = LIMITS[use]
    if probe.kind != limits.kind:
        advice = "post it as a reel, a story or in a carousel" if probe.kind == "video" else "choose a video file"
        message = f"a {use} must be {_A[limits.kind]}, this is {_A[probe.kind]} ({probe.format}): {advice}"
        return (Problem("kind", message, "error"),)
    problems = [*_format(probe, use, limits), *check_size(probe.size_bytes, use), *_picture(probe, use, limits)]
    if probe.kind == "video":
        problems += [*_duration(probe, use, limits), *_video_stream(probe), *_audio_stream(probe), *_container(probe)]
    return tuple(problems)


def check_together(post_type: str, probes: list[Probe]) -> tuple[Problem, ...]:
    """Problems of the set: how many files the type takes, and what a carousel does to differing shapes."""
    least, most = {"image": (1, 1), "reel": (1, 1), "carousel": (2, 10)}.get(post_type, (1, None))
    count = len(probes)
    if count < least or (most is not None and count > most):
        wanted = f"{least} to {most} files" if least != most else "exactly one file"
        message = f"a post of type {post_type} takes {wanted}, here are {count}"
        return (Problem("media", message, "error", "media.count"),)
    if post_type == "carousel" and any(not _close(probe.ratio, probes[0].ratio) for probe in probes):
        shape = f"{probes[0].ratio:.2f}:1"
        message = f"the items differ in shape: Instagram crops all of them to the first one's {shape}"
        return (Problem("media", message, "warning", "media.shapes"),)
    return ()


def check_size(size_bytes: int, use: Use) -> tuple[Problem, ...]:
    """The size limit alone, for files that have only been announced by a server."""
    limits = LIMITS[use]
    if size_bytes <= limits.max_bytes:
        return ()
    advice = "lower the JPEG quality or the size" if limits.kind == "image" else "lower the bitrate"
    message = f"{_megabytes(size_bytes)} is over the limit of {_megabytes(limits.max_bytes)} for a {use}: {advice}"
    return (Problem("size", message, "error"),)


def _format(probe: Probe, use: Use, limits: Limits) -> list[Problem]:
    if probe.format in limits.formats:
        return []
    wanted = " or ".join(limits.formats)
    return [Problem("format", f"a {use} must be {wanted}, this is {probe.format}: convert it", "error")]


def _picture(probe: Probe, use: Use, limits: Limits) -> list[Problem]:
    problems = _ratio(probe, use, limits)
    width, height = probe.shown_size
    if limits.portrait_advised and not _close(probe.ratio, _PORTRAIT):
        message = f"{width}x{height} is not 9:16: Instagram shows a {use} full screen and crops or pads it"
        problems.append(Problem("ratio", message, "warning"))
    if width < limits.min_width:
        message = f"width {width} px is below {limits.min_width} px: Instagram enlarges it; use a larger original"
        problems.append(Problem("width", message, "warning"))
    columns = max(width, probe.width)  # which way round those of a turned video are counted is not said
    if limits.max_width is not None and columns > limits.max_width:
        message = f"width {columns} px is over the limit of {limits.max_width} px for a {use}: scale it down"
        problems.append(Problem("width", message, "error"))
    if probe.kind == "image" and (probe.orientation or 1) != 1:
        message = f"the picture is stored turned (EXIF orientation {probe.orientation}): save it upright to be sure"
        problems.append(Problem("orientation", message, "warning"))
    return problems


def _ratio(probe: Probe, use: Use, limits: Limits) -> list[Problem]:
    shown = "{}x{} ({:.4g}:1)".format(*probe.shown_size, probe.ratio)
    if limits.ratio and not limits.ratio[0] <= probe.ratio <= limits.ratio[1]:
        is_tall = probe.ratio < limits.ratio[0]
        word, name = "taller" if is_tall else "wider", _ratio_name(limits.ratio[0 if is_tall else 1])
        return [Problem("ratio", f"{shown} is {word} than {name}, the limit for a {use}: crop it", "error")]
    reported = limits.reported_ratio
    if reported and not reported[0] <= probe.ratio <= reported[1]:
        message = f"{shown} is outside {ratio_text(reported)}, which vendors report as the limits of a {use}"
        return [Problem("ratio", message, "warning")]
    return []


def _duration(probe: Probe, use: Use, limits: Limits) -> list[Problem]:
    if limits.duration_s is None:
        return []
    lasts_s = probe.duration_s
    if lasts_s is None:
        return [Problem("duration", "the file does not say how long the video is: re-encode it", "error")]
    least, most = limits.duration_s
    if lasts_s < least - _TIME_TOLERANCE_S:
        message = f"{lasts_s:.1f} s is shorter than the least of {least:g} s for a {use}: make it longer"
        return [Problem("duration", message, "error")]
    if lasts_s > most + _TIME_TOLERANCE_S:
        message = f"{lasts_s:.1f} s is longer than the limit of {most:g} s for a {use}: cut it"
        return [Problem("duration", message, "error")]
    if lasts_s > (limits.reported_most_s or most) + _TIME_TOLERANCE_S:
        message = f"{lasts_s:.1f} s is longer than {limits.reported_most_s:g} s, which vendors report as its limit"
        return [Problem("duration", message, "warning")]
    return []


def _video_stream(probe: Probe) -> list[Problem]:
    problems = []
    if probe.video_codec not in {"h264", "hevc"}:
        message = f"the video codec must be H.264 or HEVC, this is {probe.video_codec}: re-encode it"
        problems.append(Problem("video_codec", message, "error"))
    if probe.fps is not None and not 23 - _FPS_TOLERANCE <= probe.fps <= 60 + _FPS_TOLERANCE:
        message = f"{probe.fps:.4g} frames per second is outside 23 to 60: re-encode it"
        problems.append(Problem("fps", message, "error"))
    if probe.bitrate_bps is not None and probe.bitrate_bps > 25_000_000:
        message = f"{probe.bitrate_bps / 1e6:.1f} Mbit/s is over the limit of 25 Mbit/s: re-encode it"
        problems.append(Problem("bitrate", message, "error"))
    if probe.pixel_format is not None and not probe.pixel_format.startswith(("yuv420", "yuvj420", "nv12", "p010")):
        message = f"the colour sampling must be 4:2:0, this is {probe.pixel_format}: re-encode it with yuv420p"
        problems.append(Problem("pixel_format", message, "error"))
    if probe.hdr:
        message = f"the video is HDR ({probe.hdr}): Instagram shows it pale or too dark in places"
        problems.append(Problem("hdr", message, "warning"))
    if probe.is_interlaced:
        problems.append(Problem("interlacing", "the video is interlaced: de-interlace it", "error"))
    return problems


def _audio_stream(probe: Probe) -> list[Problem]:
    if probe.audio_codec is None:
        return []
    problems = []
    if probe.audio_codec != "aac":
        message = f"the sound must be AAC, this is {probe.audio_codec}: re-encode the sound"
        problems.append(Problem("audio_codec", message, "error"))
    if probe.audio_rate_hz is not None and probe.audio_rate_hz > 48_000:
        message = f"a sound rate of {probe.audio_rate_hz} Hz is over the limit of 48000 Hz: re-encode the sound"
        problems.append(Problem("audio_rate", message, "error"))
    if probe.audio_channels is not None and probe.audio_channels > 2:
        message = f"{probe.audio_channels} sound channels are over the limit of 2: mix it down to stereo"
        problems.append(Problem("audio_channels", message, "error"))
    return problems


def _container(probe: Probe) -> list[Problem]:
    problems = []
    if probe.moov_first is False:
        message = f"the index (moov) stands after the data, Instagram wants it first; without loss: {_MOOV_FIRST}"
        problems.append(Problem("moov", message, "error"))
    if probe.is_fragmented:
        message = "the file is fragmented, as streams are: Instagram wants one index for all of it"
        problems.append(Problem("fragments", message, "warning"))
    if probe.has_edit_list:
        # ffmpeg and phones write one for sound priming; Instagram takes those in spite of the specification.
        message = f"the file has an edit list, mostly harmless, but the specification wants none: {_NO_EDIT_LIST}"
        problems.append(Problem("edit_list", message, "warning"))
    return problems


def ratio_text(bounds: tuple[float, float] | None) -> str:
    """Allowed shapes, for a person."""
    return "free" if bounds is None else " to ".join(_ratio_name(bound) for bound in bounds)


def _ratio_name(bound: float) -> str:
    return {3 / 4: "3:4", 4 / 5: "4:5", 16 / 9: "16:9"}.get(bound, f"{bound:g}:1")


def _close(ratio: float, other: float) -> bool:
    return abs(ratio - other) <= _RATIO_TOLERANCE * other


def _megabytes(size: int) -> str:
    return f"{size / MEBIBYTE:.4g} MB"

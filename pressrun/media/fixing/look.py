"""A video looked into deeply: every packet's time, the first frames' pictures. What the plan is made from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pressrun.media.fixing.device import said_of
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import DEMUXERS, MediaUnreadable, Probe, codec_name, open_media, probe, video_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame

MOST_PIXELS = 36_000_000

_FIRST_FRAMES = 4
_STRAYS = 0.25
"""How far the time of a frame may stray from the rate, as a part of a frame: cameras count in coarse ticks."""
_MOST_STRAYS, _FEW_STRAYS = 0.01, 2
_LONGEST_GAP_S = 0.25
_SAMPLES_OF_LC = 1024


@dataclass
class Times:
    """When the packets of a track are shown, in ticks."""

    tick: Fraction
    shown: list[int] = field(default_factory=list)
    latest: int | None = None
    lasts: int = 0
    """How long the latest one lasts."""
    starts_inside: bool = False
    """An edit list begins with a frame that needs earlier ones, which are not shown."""
    has_open_groups: bool = False
    keys: list[int] = field(default_factory=list)
    """Of the frames that need no other one."""

    @property
    def longest_group_s(self) -> Fraction:
        """From one such frame to the next, or to the end."""
        starts = sorted(self.keys)
        ends = [*starts[1:], (self.latest or 0) + self.lasts]
        return max((end - start for start, end in zip(starts, ends, strict=True)), default=0) * self.tick

    @property
    def first_s(self) -> Fraction:
        return min(self.shown, default=0) * self.tick

    @property
    def end_s(self) -> Fraction:
        return ((self.latest or 0) + self.lasts) * self.tick

    @cached_property
    def steps(self) -> list[int]:
        """Distances from one to the next."""
        shown = sorted(self.shown)
        return [later - earlier for earlier, later in itertools.pairwise(shown) if later > earlier]

    def note(self, packet: Packet[Any]) -> None:
        at = packet.pts or 0
        if packet.is_discard:
            self.starts_inside = True
            return
        self.shown.append(at)
        if packet.is_keyframe:
            self.keys.append(at)
        if self.latest is None or at >= self.latest:
            self.latest, self.lasts = at, packet.duration or 0


@dataclass(frozen=True)
class Colour:
    """By the numbers of ITU-T H.273."""

    primaries: int
    transfer: int
    matrix: int
    is_full: bool
    is_rgb: bool


@dataclass(frozen=True)
class Look:
    """All that was seen of a video."""

    probe: Probe
    picture: Times
    sound: Times | None
    """Of the track that is played; None: there is none that can be read."""
    rotation: int
    """EXIF numbering; 1 is upright."""
    pixel_ratio: Fraction
    colour: Colour
    is_interlaced: bool
    sound_profile: str | None
    """Of AAC: LC, HE-AAC and the like, as its decoder finds it."""
    private: tuple[str, ...]
    """What it says that is better not passed on, by name."""
    owner: dict[str, str]
    """Who made it and whose it is, as the file says."""

    @property
    def rate(self) -> Fraction:
        """Frames a second: of an uneven video those that it has most of the time."""
        steps = self.picture.steps
        if not steps:
            return Fraction(0)
        if self.is_constant:
            return len(steps) / (sum(steps) * self.picture.tick)
        return 1 / (sorted(steps)[len(steps) // 2] * self.picture.tick)

    @property
    def is_constant(self) -> bool:
        steps = self.picture.steps
        if not steps:
            return True
        usual = sorted(steps)[len(steps) // 2]
        strays = sum(abs(step - usual) > max(usual * _STRAYS, 1) for step in steps)
        return (
            strays <= max(len(steps) * _MOST_STRAYS, _FEW_STRAYS) and max(steps) * self.picture.tick <= _LONGEST_GAP_S
        )

    @property
    def shown_size(self) -> tuple[int, int]:
        """Upright, in square pixels."""
        width, height = self.probe.width, self.probe.height
        if self.pixel_ratio != 1:
            width = max(round(width * self.pixel_ratio), 1)
        return (height, width) if self.rotation >= 5 else (width, height)

    @property
    def duration_s(self) -> Fraction:
        """From the first frame to the end of picture or sound, whichever is later."""
        ends = [self.picture.end_s, *([self.sound.end_s] if self.sound and self.sound.shown else [])]
        return max(ends) - self.picture.first_s


@contextmanager
def opened(path: Path, format_: str) -> Iterator[InputContainer]:
    """The video with the one demuxer for its format. What FFmpeg raises inside comes out as MediaUnreadable."""
    import av

    try:
        with open_media(path) as file, av.open(file, "r", format=DEMUXERS[format_]) as container:
            yield container
    except MemoryError:
        raise CannotFix("converting it takes more memory than a conversion may use") from None
    except (av.FFmpegError, OSError, ValueError):
        raise MediaUnreadable(path, f"the {format_} video is damaged or cut short") from None


def look(path: Path) -> Look:
    """Raises MediaUnreadable, and CannotFix for frames of too many pixels."""
    found = probe(path)
    require_bearable(found.width, found.height)
    with opened(path, found.format) as container:  # nothing of a container may be touched once it is closed
        video, sound = video_of(container), sound_of(container)
        assert video is not None  # noqa: S101 - `probe` has seen it
        times = _times(container, [stream for stream in (video, sound) if stream is not None])
        picture, heard = times[video.index], times[sound.index] if sound is not None else None
        pixel_ratio = Fraction(video.sample_aspect_ratio or 1) or Fraction(1)
        metadata = [dict(one.metadata) for one in (container, *container.streams)]
    with opened(path, found.format) as container:
        frames = _first_frames(container)
    with opened(path, found.format) as container:
        profile = _sound_profile(container)
    if not picture.shown or not frames:
        raise MediaUnreadable(path, f"the {found.format} video is damaged or cut short")
    private, owner = said_of(path, found, metadata)
    return Look(
        probe=found,
        picture=picture,
        sound=heard,
        rotation=_rotation(found, frames[0]),
        pixel_ratio=pixel_ratio,
        colour=_colour(frames[0]),
        is_interlaced=bool(found.is_interlaced) or any(frame.interlaced_frame for frame in frames),
        sound_profile=profile,
        private=private,
        owner=owner,
    )


def require_bearable(width: int, height: int) -> None:
    """Raises CannotFix for frames of more pixels than are unpacked."""
    if width * height > MOST_PIXELS:
        raise CannotFix(f"{width}x{height} is more than a frame may have: export it smaller", field="width")


def sound_of(container: InputContainer) -> Any:
    """The first sound that can be played; None if there is none."""
    return next((stream for stream in container.streams.audio if codec_name(stream)), None)


def _times(container: InputContainer, streams: list[Any]) -> dict[int, Times]:
    found = {stream.index: Times(Fraction(stream.time_base)) for stream in streams}
    key_at: dict[int, int] = {}
    for packet in container.demux(streams):
        if packet.pts is None:
            continue
        times, index = found[packet.stream_index], packet.stream_index
        if packet.is_keyframe:
            key_at[index] = packet.pts
        elif packet.pts < key_at.get(index, packet.pts) and not packet.is_discard:
            times.has_open_groups = True
        times.note(packet)
    return found


def _first_frames(container: InputContainer) -> list[VideoFrame]:
    video = video_of(container)
    frames: list[VideoFrame] = []
    for frame in cast("Iterator[VideoFrame]", container.decode(video)):  # a track of pictures holds pictures
        frames.append(frame)
        if len(frames) == _FIRST_FRAMES:
            break
    return frames


def _sound_profile(container: InputContainer) -> str | None:
    """As the first sound that comes out has it: headers do not always say that half of it is guessed."""
    sound = sound_of(container)
    if sound is None or codec_name(sound) != "aac":
        return None
    from av import FFmpegError

    first = None
    with suppress(FFmpegError):  # what is damaged there, and copied, is no matter of ours
        first = next(container.decode(sound), None)
    is_doubled = first is not None and first.samples > _SAMPLES_OF_LC
    return "HE-AAC" if is_doubled and sound.profile == "LC" else sound.profile


def _rotation(found: Probe, frame: VideoFrame) -> int:
    if found.orientation is not None:
        return found.orientation
    # PyAV counts against the clock: 90 means that the picture is to be turned so to stand upright.
    return {0: 1, 90: 8, -90: 6, 180: 3, -180: 3, 270: 6, -270: 8}.get(round(frame.rotation), 1)


def _colour(frame: VideoFrame) -> Colour:
    names = frame.format.name
    return Colour(
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        matrix=int(frame.colorspace),
        is_full=int(frame.color_range) == 2 or names.startswith("yuvj"),
        is_rgb=frame.format.is_rgb or names.startswith(("gbr", "pal")),
    )

"""What has to be done to a video so that Instagram takes it, and nothing more.

A track that is right is copied bit by bit. What cannot be made right without inventing or cutting something is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.shape import Frame, Wanted, frame_for
from pressrun.media.fixing.told import CannotFix, Change, megabytes
from pressrun.media.rules import LIMITS, Limits, Use, ratio_text

if TYPE_CHECKING:
    from pressrun.media.fixing.look import Look

MOST_BITS_PER_S = 25_000_000
"""Of one frame: 8K."""
_USUAL_BITS_PER_S = 18_000_000
_LEAST_BITS_PER_S = 150_000
SOUND_BITS_PER_S = 128_000
_OF_SIZE = 0.94
"""Of the size limit: the rest is for the index, and for what an encoder overshoots."""
_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)
_STARTS_LATE_S = Fraction(15, 1000)
_SHORT_BY_S = 0.05
MOST_GROUP_S = 5
_SAME_COLOURS = frozenset((0, 1, 2, 3))
"""By the numbers of ITU-T H.273: BT.709, not said, reserved; as a matrix, 0 is RGB."""
_COLOURS = {
    **dict.fromkeys((5, 6), "BT.601"),
    7: "SMPTE 240M",
    **dict.fromkeys((9, 10), "BT.2020"),
    **dict.fromkeys((11, 12), "P3"),
}
_TRANSFERS = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Plan:
    """What becomes of each track. Without changes the file is right as it is."""

    changes: tuple[Change, ...]
    recodes_picture: bool
    recodes_sound: bool
    adds_silence: bool
    drops_sound: bool
    rate: Fraction
    frame: Frame
    most_bits_per_s: int
    end_s: Fraction | None
    """Where it is cut, from the first frame."""

    @property
    def is_right(self) -> bool:
        return not self.changes


def plan(seen: Look, recipe: Recipe) -> Plan:
    """Raises CannotFix."""
    limits = LIMITS[recipe.use]
    end_s = end_of(seen.duration_s, recipe)
    lasts_s = float(end_s if end_s is not None else seen.duration_s)
    frame = frame_for(seen.shown_size, _wanted(recipe, limits, seen), recipe.way, recipe.focus)
    rate = _rate(seen)
    most_bits = _most_bits(seen, limits, lasts_s)
    picture = _picture(seen, recipe, limits, frame=frame, rate=rate, most_bits=most_bits)
    sound = _sound(seen)
    around = _around(seen, recipe, end_s)
    silence = recipe.silence and seen.sound is None
    if silence:
        sound = [Change("audio_codec", "no sound", "a silent track", "attached audio needs a track beside it")]
    return Plan(
        changes=(*picture, *sound, *around),
        recodes_picture=bool(picture),
        recodes_sound=bool(sound) and not silence and seen.sound is not None,
        adds_silence=silence,
        drops_sound=seen.sound is None,
        rate=rate,
        frame=frame,
        most_bits_per_s=most_bits,
        end_s=end_s,
    )


def end_of(duration_s: Fraction | float, recipe: Recipe) -> Fraction | None:
    """Where a video of that length is to be cut; None: nowhere. Raises CannotFix for one that may not be, or is too
    short.
    """
    limits = LIMITS[recipe.use]
    if limits.duration_s is None:
        return None
    least, most = limits.duration_s
    most = limits.reported_most_s or most
    lasts_s = float(duration_s)
    if lasts_s < least - _SHORT_BY_S:
        raise CannotFix(f"{lasts_s:.1f} s is shorter than the {least:g} s that a {recipe.use} needs", field="duration")
    if lasts_s <= most + _SHORT_BY_S:
        return None
    if not recipe.trim:
        message = (
            f"{lasts_s:.1f} s is longer than the {most:g} s of a {recipe.use}: cut it, or have it cut at the limit"
        )
        raise CannotFix(message, field="duration")
    return Fraction(most)


def _wanted(recipe: Recipe, limits: Limits, seen: Look) -> Wanted:
    most = limits.max_width or 1920
    width, height = seen.shown_size
    if width > most and height > width:  # what must be scaled is scaled to what phones show
        most = max(int(most * width / height), 2)
    return Wanted(_bounds(recipe, limits), recipe.shape, 2, most - most % 2, is_even=True)


def _bounds(recipe: Recipe, limits: Limits) -> tuple[float, float] | None:
    if recipe.shape is not None:
        return LIMITS[Use.CAROUSEL_VIDEO].reported_ratio
    return limits.reported_ratio or limits.ratio


def _rate(seen: Look) -> Fraction:
    """A constant rate from 23 to 60 that shows what there was with the least doubling or dropping."""
    rate = seen.rate or Fraction(30)
    near = min(_RATES, key=lambda one: abs(one - rate))
    if abs(near - rate) <= rate / 100:
        return near
    if 23 <= rate <= 60:
        return Fraction(round(rate))
    if rate > 60:
        parts = -(-rate // 60)
        rate = rate / parts
    else:
        rate = next((rate * times for times in range(2, 60) if 23 <= rate * times <= 60), Fraction(30))
    near = min(_RATES, key=lambda one: abs(one - rate))
    return near if abs(near - rate) <= rate / 100 else Fraction(round(rate))


def _most_bits(seen: Look, limits: Limits, lasts_s: float) -> int:
    room = limits.max_bytes * _OF_SIZE * 8 / max(lasts_s, 1.0) - SOUND_BITS_PER_S
    return int(max(min(room, _USUAL_BITS_PER_S), _LEAST_BITS_PER_S))


def _picture(
    seen: Look, recipe: Recipe, limits: Limits, *, frame: Frame, rate: Fraction, most_bits: int
) -> list[Change]:
    """What is wrong with the picture itself; any of it means encoding it anew."""
    probe, found = seen.probe, []
    if probe.video_codec not in {"h264", "hevc"}:
        found.append(Change("video_codec", str(probe.video_codec), "h264", "Instagram takes H.264 and HEVC"))
    if probe.pixel_format not in {"yuv420p", "yuvj420p"}:
        why = "colours must be sampled 4:2:0, with 8 bits as every player knows them"
        found.append(Change("pixel_format", str(probe.pixel_format), "yuv420p", why))
    if seen.colour.transfer in _TRANSFERS:
        before = f"HDR ({_TRANSFERS[seen.colour.transfer]})"
        found.append(Change("hdr", before, "BT.709", "HDR is shown pale or too dark by what does not know it"))
    elif (colours := _other_colours(seen)) is not None:
        found.append(Change("colour", colours, "BT.709", "its colours are shown wrong by what takes them for BT.709"))
    if seen.is_interlaced:
        found.append(Change("interlacing", "interlaced", "progressive", "Instagram takes progressive video only"))
    if seen.rotation != 1:
        found.append(Change("orientation", "stored turned", "upright", "not every reader turns it"))
    if seen.pixel_ratio != 1:
        before = f"pixels of {seen.pixel_ratio.numerator}:{seen.pixel_ratio.denominator}"
        found.append(Change("width", before, "square pixels", "others show it squeezed"))
    if seen.picture.starts_inside:
        found.append(
            Change("edit_list", "begins inside a group of frames", "begins with it", "no edit list is allowed")
        )
    if seen.picture.has_open_groups:
        found.append(Change("gop", "open groups of frames", "closed groups of 2 s", "each group must stand alone"))
    elif (longest_s := seen.picture.longest_group_s) > MOST_GROUP_S:
        why = f"a video can be entered every {MOST_GROUP_S} s at least"
        found.append(Change("gop", f"groups of frames of {float(longest_s):.1f} s", "closed groups of 2 s", why))
    return [*found, *_pace(seen, rate), *_shape(seen, recipe, limits, frame), *_weight(seen, limits, most_bits)]


def _other_colours(seen: Look) -> str | None:
    """What its colours are, when the file says that they are not those of BT.709; to say nothing is no fault."""
    colour = seen.colour
    if colour.matrix in _SAME_COLOURS and colour.primaries in _SAME_COLOURS:
        return "BT.709 of full range" if colour.is_full and not colour.is_rgb else None
    return next((_COLOURS[one] for one in (colour.primaries, colour.matrix) if one in _COLOURS), "other colours")


def _pace(seen: Look, rate: Fraction) -> list[Change]:
    after = f"{float(rate):.5g} a second"
    if not seen.is_constant:
        return [Change("fps", "a variable frame rate", after, "the frame rate must be constant")]
    if seen.rate and not 22.95 <= seen.rate <= 60.05:
        return [Change("fps", f"{float(seen.rate):.4g} a second", after, "23 to 60 frames a second are allowed")]
    return []


def _shape(seen: Look, recipe: Recipe, limits: Limits, frame: Frame) -> list[Change]:
    width, height = seen.shown_size
    box = frame.box
    is_cropped = (round(box[2] - box[0]), round(box[3] - box[1])) != (width, height)
    found = []
    if frame.is_padded or is_cropped:
        how = f"padded with {recipe.pad_color}" if frame.is_padded else "cropped"
        after = f"{frame.canvas[0] / frame.canvas[1]:.3f}:1, {how}"
        why = f"the limits of a {recipe.use} are {ratio_text(_bounds(recipe, limits))}"
        if recipe.shape is not None:
            why = "Instagram crops all items to the shape of the first"
        found.append(Change("ratio", f"{width / height:.3f}:1", after, why))
    most = limits.max_width or 1920
    if width > most:
        found.append(Change("width", f"{width} px", f"{frame.canvas[0]} px", f"{most} columns are allowed"))
    return found


def _weight(seen: Look, limits: Limits, most_bits: int) -> list[Change]:
    bits, size = seen.probe.bitrate_bps or 0, seen.probe.size_bytes
    found = []
    if bits > MOST_BITS_PER_S:
        after = f"at most {most_bits / 1e6:.1f} Mbit/s"
        found.append(Change("bitrate", f"{bits / 1e6:.1f} Mbit/s", after, "25 Mbit/s are allowed"))
    if size > limits.max_bytes:
        after = f"under {megabytes(limits.max_bytes)}"
        found.append(Change("size", megabytes(size), after, f"the limit is {megabytes(limits.max_bytes)}"))
    return found


def _sound(seen: Look) -> list[Change]:
    """What is wrong with the sound; any of it means encoding it anew."""
    probe, found = seen.probe, []
    if seen.sound is None or not seen.sound.shown:
        return []
    if probe.audio_codec != "aac":
        found.append(Change("audio_codec", str(probe.audio_codec), "aac", "sound must be AAC"))
    elif seen.sound_profile not in {None, "LC"}:
        found.append(Change("audio_codec", seen.sound_profile or "", "AAC-LC", "sound must be AAC-LC"))
    if (probe.audio_rate_hz or 0) > 48_000:
        found.append(Change("audio_rate", f"{probe.audio_rate_hz} Hz", "48000 Hz", "48000 Hz is the most"))
    if (probe.audio_channels or 0) > 2:
        found.append(
            Change("audio_channels", f"{probe.audio_channels} channels", "stereo", "two channels are the most")
        )
    late_s = seen.sound.first_s - seen.picture.first_s
    if not found and late_s > _STARTS_LATE_S:
        before = f"the sound starts {float(late_s) * 1000:.0f} ms after the picture"
        found.append(Change("edit_list", before, "silence up to there", "no edit list is allowed to say so"))
    return found


def _around(seen: Look, recipe: Recipe, end_s: Fraction | None) -> list[Change]:
    """What the file around the tracks has wrong; writing it anew is enough."""
    probe, found = seen.probe, []
    if probe.format not in {"MP4", "MOV"}:
        found.append(Change("format", probe.format, "MP4", "Instagram takes MP4 and MOV"))
    if probe.moov_first is False:
        found.append(Change("moov", "index at the end", "index first", "Instagram wants the index (moov) first"))
    if probe.is_fragmented:
        found.append(Change("fragments", "fragmented", "one index", "Instagram wants one index for all of it"))
    if probe.has_edit_list:
        found.append(Change("edit_list", "edit list", "none", "Instagram wants none; what it said is applied"))
    if probe.audio_codec is not None and seen.sound is None:
        found.append(Change("audio_codec", "unreadable sound", "none", "sound must be AAC"))
    if end_s is not None:
        before = f"{float(seen.duration_s):.1f} s"
        found.append(Change("duration", before, f"{float(end_s):g} s", f"the most that a {recipe.use} may last"))
    if seen.private:
        kept = "removed; copyright and maker kept" if seen.owner else "removed"
        found.append(Change("metadata", ", ".join(seen.private), kept, "everyone who gets the file could read it"))
    return found

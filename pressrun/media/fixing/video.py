"""A video made right: written anew with its index first and no edit list, its tracks copied where they are right."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.media.fixing import filters
from pressrun.media.fixing.look import Look, look, opened, sound_of
from pressrun.media.fixing.picture import from_frame
from pressrun.media.fixing.plan import Plan, plan
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix, Change, Made, facts_of, megabytes
from pressrun.media.fixing.tracks import SOUND_RATE_HZ, Copied, Pictures, Sound, Track
from pressrun.media.probe import probe, video_of
from pressrun.media.rules import LIMITS

if TYPE_CHECKING:
    from av.container import OutputContainer
    from PIL.Image import Image as Picture

_TRIES = 3
_LESS = 0.8
_OPTIONS = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "fflags": "+bitexact"}
"""Negative offsets: pictures that are shown in another order than they are decoded need an edit list otherwise."""
_RIGHTS = {"copyright": "copyright", "artist": "artist", "author": "artist"}
_SILENT_SAMPLES = 1024


def fix_video(source: Path, target: Path, recipe: Recipe, *, threads: int = 1) -> Made:
    """Write the video as it should be to `target`; its bytes are the source's where nothing had to be changed.

    Raises MediaUnreadable and CannotFix.
    """
    seen = look(source)
    planned = plan(seen, recipe)
    if planned.is_right:
        shutil.copyfile(source, target)
        return Made(facts_of(seen.probe), facts_of(seen.probe))
    most_bytes = LIMITS[recipe.use].max_bytes
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(prefix="pressrun-") as work:
            _write(source, target, seen, planned, recipe, work=Path(work), threads=threads)
        if target.stat().st_size <= most_bytes:
            after = probe(target)
            return Made(facts_of(seen.probe), facts_of(after), planned.changes, _notes(seen))
        if not planned.recodes_picture:  # copied, and too large with its new index: encode it after all
            change = Change(
                "size", megabytes(target.stat().st_size), "smaller", f"the limit is {megabytes(most_bytes)}"
            )
            planned = replace(planned, recodes_picture=True, changes=(*planned.changes, change))
        planned = replace(planned, most_bits_per_s=int(planned.most_bits_per_s * _LESS))
    raise CannotFix(f"it stays over {megabytes(most_bytes)} at a bearable quality", field="size")


def cover_of(source: Path, target: Path, recipe: Recipe) -> Made:
    """The frame that is shown at `recipe.cover_at_s`, as a picture for the recipe's use.

    Raises MediaUnreadable, and CannotFix for a time at which the video is over.
    """
    seen = look(source)
    at_s = recipe.cover_at_s or 0.0
    lasts_s = float(seen.picture.end_s - seen.picture.first_s)
    if at_s > lasts_s:
        raise CannotFix(f"there is no frame at {at_s:g} s: the video lasts {lasts_s:.1f} s", field="cover_at")
    before = facts_of(seen.probe)
    taken = Change("format", f"video {seen.probe.format}", f"JPEG of the frame at {at_s:g} s", "a cover is a JPEG")
    with tempfile.TemporaryDirectory(prefix="pressrun-") as work:
        picture = _frame_at(source, seen, at_s, Path(work))
    return from_frame(picture, target, recipe, before, taken)


def _frame_at(source: Path, seen: Look, at_s: float, work: Path) -> Picture:
    with opened(source, seen.probe.format) as container:
        video: Any = video_of(container)
        wanted = round((seen.picture.first_s + Fraction(at_s)) / Fraction(video.time_base))
        container.seek(wanted, stream=video, backward=True)
        graph, last = filters.one_picture(video, seen, work), None
        for frame in container.decode(video):
            if last is not None and frame.pts is not None and frame.pts > wanted:
                break
            last = frame
        if last is None:
            raise CannotFix(f"there is no frame at {at_s:g} s", field="cover_at")
        graph.vpush(last)
        graph.vpush(None)
        shown: Picture = graph.vpull().to_image()  # type: ignore[no-untyped-call]  # PyAV left it untyped
        return shown


def _write(source: Path, target: Path, seen: Look, planned: Plan, recipe: Recipe, *, work: Path, threads: int) -> None:
    import av

    with ExitStack() as stack:
        container = stack.enter_context(opened(source, seen.probe.format))
        output = stack.enter_context(av.open(target, "w", format="mp4", options=_OPTIONS))
        for name, value in seen.owner.items():
            kind = next((one for word, one in _RIGHTS.items() if name.lower().endswith(word)), None)
            if kind is not None:
                output.metadata[kind] = value
        video: Any = video_of(container)
        sound = sound_of(container) if seen.sound is not None and seen.sound.shown else None
        tracks = {video.index: _picture_track(output, video, seen, planned, recipe, work=work, threads=threads)}
        if sound is not None:
            tracks[sound.index] = _sound_track(output, sound, seen, planned)
        silence = _Silence(output, planned, seen) if planned.adds_silence else None
        for packet in container.demux([video, *([sound] if sound is not None else [])]):
            if packet.dts is None and packet.pts is None:
                continue  # the end of a track: what a decoder still holds is asked for below
            for made in tracks[packet.stream_index].take(packet):
                output.mux(made)
        for index, track in tracks.items():
            _flush_decoder(container.streams[index], track, output)
            for made in track.end():
                output.mux(made)
        if silence is not None:
            for made in silence.packets():
                output.mux(made)


def _flush_decoder(stream: Any, track: Track, output: OutputContainer) -> None:
    if isinstance(track, Copied):
        return
    from av import Packet

    last = Packet()
    last.stream = stream
    for made in track.take(last):
        output.mux(made)


def _picture_track(
    output: OutputContainer, video: Any, seen: Look, planned: Plan, recipe: Recipe, *, work: Path, threads: int
) -> Track:
    if not planned.recodes_picture:
        return Copied(output, video, shift_s=seen.picture.first_s, end_s=planned.end_s)
    video.codec_context.thread_count = threads
    graph = filters.pictures(video, seen, planned, recipe, work)
    return Pictures(output, graph, planned, threads=threads)


def _sound_track(output: OutputContainer, sound: Any, seen: Look, planned: Plan) -> Track:
    if not planned.recodes_sound:
        return Copied(output, sound, shift_s=seen.picture.first_s, end_s=planned.end_s)
    layout = "mono" if seen.probe.audio_channels == 1 else "stereo"
    graph = filters.sound(sound, layout=layout, begins=seen.picture.first_s)
    return Sound(output, graph, layout=layout, end_s=planned.end_s)


class _Silence:
    """A track of sound in which nothing is heard, as long as the picture."""

    def __init__(self, output: OutputContainer, planned: Plan, seen: Look) -> None:
        stream: Any = output.add_stream("aac", rate=SOUND_RATE_HZ, layout="stereo")
        self._stream = stream
        end_s = planned.end_s if planned.end_s is not None else seen.duration_s
        self._frames = int(end_s * SOUND_RATE_HZ) // _SILENT_SAMPLES

    def packets(self) -> Iterator[Any]:
        from av import AudioFrame

        for number in range(self._frames):
            frame = AudioFrame(format="fltp", layout="stereo", samples=_SILENT_SAMPLES)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.time_base = SOUND_RATE_HZ, Fraction(1, SOUND_RATE_HZ)
            frame.pts = number * _SILENT_SAMPLES
            yield from (one for one in self._stream.encode(frame) if one.pts >= 0)
        yield from (one for one in self._stream.encode() if one.pts >= 0)


def _notes(seen: Look) -> tuple[str, ...]:
    return () if seen.sound is not None else ("the video has no sound",)

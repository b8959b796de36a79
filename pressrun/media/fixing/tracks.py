"""The two ways of a track into the new file: copied bit by bit, or decoded, filtered and encoded anew.

Both make a track that begins at zero and needs no edit list; what the old edit list said has been applied by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from pressrun.media.fixing.plan import SOUND_BITS_PER_S, Plan

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.filter import Graph
    from av.packet import Packet
    from av.video.stream import VideoStream

SOUND_RATE_HZ = 48_000
_CRF = "20"
_PRESET = "veryfast"
_BT709 = 1
_LIMITED = 1
_GROUP_S = 2


class Track(Protocol):
    """Takes the packets of one track of the source, and gives those of the new file."""

    def take(self, packet: Packet[Any]) -> Iterator[Packet[Any]]: ...

    def end(self) -> Iterator[Packet[Any]]: ...


@dataclass
class Cut:
    """Where a copied track of pictures can end: packets wait until it is known that none of them is shown later."""

    end: int | None

    def __post_init__(self) -> None:
        self._waiting: list[Packet[Any]] = []
        self._is_over = False

    def pass_on(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """The packets that certainly belong to what is shown before the end."""
        if self.end is None:
            return [packet]
        if self._is_over:
            return []
        self._waiting.append(packet)
        latest = max(one.pts + (one.duration or 0) for one in self._waiting if one.pts is not None)
        if latest > self.end:
            self._is_over = True
            return []
        # In the order of decoding a packet may be shown before those that came earlier; those that are next in time
        # to what was passed on leave no hole.
        passed, self._waiting = self._waiting, []
        return passed


class Copied:
    """A track as it is, shifted so that the file's first picture is at zero."""

    def __init__(self, output: OutputContainer, stream: Any, *, shift_s: Fraction, end_s: Fraction | None) -> None:
        self._stream = output.add_stream_from_template(stream, opaque=True)
        self._stream.metadata.clear()
        tick = Fraction(stream.time_base)
        self._shift = round(shift_s / tick)
        self._is_sound = stream.type == "audio"
        self._cut = Cut(None if end_s is None else round(end_s / tick))

    def take(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        if packet.pts is None or packet.dts is None or packet.is_discard:
            return
        packet.pts, packet.dts = packet.pts - self._shift, packet.dts - self._shift
        if self._is_sound and packet.pts < -(packet.duration or 0) // 2:
            return  # what primes the decoder lies before the first picture, and is nothing to be heard
        for one in self._cut.pass_on(packet):
            one.stream = self._stream
            yield one

    def end(self) -> Iterator[Packet[Any]]:
        return iter(())


class Pictures:
    """A track of pictures encoded anew as H.264 of one constant rate."""

    def __init__(self, output: OutputContainer, graph: Graph, plan: Plan, *, threads: int) -> None:
        self._graph, self._plan = graph, plan
        most = plan.most_bits_per_s
        group = -(-plan.rate.numerator * _GROUP_S // plan.rate.denominator)
        options = {
            "preset": _PRESET,
            "crf": _CRF,
            "profile": "high",
            "x264-params": f"open-gop=0:scenecut=0:keyint={group}:min-keyint={group}:threads={threads}:"
            f"vbv-maxrate={most // 1000}:vbv-bufsize={most // 1000}",
        }
        stream: VideoStream = output.add_stream("libx264", rate=plan.rate, options=options)
        stream.width, stream.height = plan.frame.canvas
        stream.pix_fmt, stream.gop_size = "yuv420p", group
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        self._stream = stream
        self._last = None if plan.end_s is None else int(plan.end_s * plan.rate)
        self._count = 0

    def take(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        for frame in packet.decode():
            if frame.pts is not None:
                self._graph.vpush(frame)
                yield from self._pull()

    def end(self) -> Iterator[Packet[Any]]:
        self._graph.vpush(None)
        yield from self._pull()
        yield from self._stream.encode()

    def _pull(self) -> Iterator[Packet[Any]]:
        for frame in _frames(self._graph):
            if self._last is not None and self._count >= self._last:
                continue
            frame.pts, frame.time_base = self._count, 1 / self._plan.rate
            frame.pict_type = 0  # what kind of frame it was in the old file is nothing to the new one
            self._count += 1
            yield from self._stream.encode(frame)


class Sound:
    """A track of sound encoded anew as AAC-LC of 48 kHz, mono or stereo."""

    def __init__(self, output: OutputContainer, graph: Graph, *, layout: str, end_s: Fraction | None) -> None:
        self._graph = graph
        stream: AudioStream = output.add_stream("aac", rate=SOUND_RATE_HZ, layout=layout)
        stream.bit_rate = SOUND_BITS_PER_S
        self._stream = stream
        self._end = None if end_s is None else int(end_s * SOUND_RATE_HZ)

    def take(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        for frame in packet.decode():
            self._graph.push(frame)
            yield from self._pull()

    def end(self) -> Iterator[Packet[Any]]:
        self._graph.push(None)
        yield from self._pull()
        yield from self._audible(self._stream.encode())

    def _pull(self) -> Iterator[Packet[Any]]:
        for frame in _frames(self._graph):
            if self._end is None or (frame.pts or 0) < self._end:
                yield from self._audible(self._stream.encode(frame))

    def _audible(self, packets: list[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Without what primes the decoder before the beginning: an edit list would have to hide it."""
        return (packet for packet in packets if packet.pts is not None and packet.pts >= 0)


def _frames(graph: Graph) -> Iterator[Any]:
    from av.error import BlockingIOError as NothingYet
    from av.error import EOFError as AtEnd

    while True:
        try:
            yield graph.pull()
        except (NothingYet, AtEnd):
            return

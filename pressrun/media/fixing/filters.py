"""The filters through which pictures and sound go that are encoded anew."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.media.fixing import tonemap
from pressrun.media.fixing.look import Look
from pressrun.media.fixing.plan import Plan
from pressrun.media.fixing.recipe import BLUR, Recipe

if TYPE_CHECKING:
    from av.filter import Graph
    from av.filter.context import FilterContext

_TURNS = {2: ["hflip"], 3: ["hflip", "vflip"], 4: ["vflip"], 6: ["transpose=clock"], 8: ["transpose=cclock"]}
_MATRICES = {1: "bt709", 4: "fcc", 5: "smpte170m", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_LARGEST_SD = (1024, 576)
_TABLE = "colours.cube"
Step = tuple[str, str]


def pictures(video: Any, seen: Look, plan: Plan, recipe: Recipe, work: Path) -> Graph:
    """From decoded frames to upright frames of the plan's size and rate, 8 bits of BT.709.

    `work` is a folder of a plain name, for the table of colours.
    """
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(template=video)
    head = _chain(graph, source, [*_in_time(seen, plan), *_upright(seen), *_scaled(seen, plan, work)])
    tail = _on_ground(graph, head, plan, recipe) if plan.frame.is_padded else head
    last = _chain(graph, tail, [("format", "yuv420p"), ("setsar", "1"), *_labels()])
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def one_picture(video: Any, seen: Look, work: Path) -> Graph:
    """For a single frame: upright, RGB, in sRGB as near as BT.709 is."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(template=video)
    width, height = seen.shown_size
    steps = [*_upright(seen), ("scale", f"{width}:{height}:flags=bicubic:{_from(seen)}"), ("format", "gbrp")]
    if tonemap.needs_table(seen.colour.primaries, seen.colour.transfer):
        steps.append(_table(seen, work))
    last = _chain(graph, source, [*steps, ("format", "rgb24")])
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def sound(stream: Any, *, layout: str, begins: Fraction) -> Graph:
    """From decoded sound to 48 kHz; what lies before `begins` (seconds) is cut off, gaps are filled with silence."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(template=stream)
    steps = [
        ("asetpts", f"PTS-({float(begins):.6f}/TB)"),
        ("aresample", "48000:async=1:first_pts=0"),
        ("aformat", f"sample_fmts=fltp:sample_rates=48000:channel_layouts={layout}"),
    ]
    last = _chain(graph, source, steps)
    last.link_to(graph.add("abuffersink"))
    graph.configure()
    graph.set_audio_frame_size(1024)
    return graph


def _in_time(seen: Look, plan: Plan) -> list[Step]:
    """One constant rate, from zero."""
    steps = [("setpts", "PTS-STARTPTS")]
    steps += [("bwdif", "mode=send_frame")] if seen.is_interlaced else []
    return [*steps, ("fps", f"fps={plan.rate.numerator}/{plan.rate.denominator}:start_time=0:round=near")]


def _upright(seen: Look) -> list[Step]:
    named = [turn.partition("=") for turn in _TURNS.get(seen.rotation, [])]
    return [(name, arguments) for name, _, arguments in named]


def _scaled(seen: Look, plan: Plan, work: Path) -> list[Step]:
    frame = plan.frame
    left, top, right, bottom = frame.box
    width, height = seen.shown_size
    stored_width = seen.probe.height if seen.rotation >= 5 else seen.probe.width
    steps = []
    if (round(right - left), round(bottom - top)) != (width, height):
        across = stored_width / width  # the box counts square pixels
        box = f"{(right - left) * across:.0f}:{bottom - top:.0f}:{left * across:.0f}:{top:.0f}"
        steps.append(("crop", box))
    size = f"{frame.inner[0]}:{frame.inner[1]}:flags=bicubic"
    if not tonemap.needs_table(seen.colour.primaries, seen.colour.transfer):
        return [*steps, ("scale", f"{size}:{_from(seen)}:out_color_matrix=bt709:out_range=tv")]
    back = f"{size}:out_color_matrix=bt709:out_range=tv"
    return [*steps, ("scale", f"{size}:{_from(seen)}"), ("format", "gbrp10le"), _table(seen, work), ("scale", back)]


def _from(seen: Look) -> str:
    colour = seen.colour
    named = _MATRICES.get(colour.matrix)
    if named is None:  # says nothing, as many files do: by custom it is that of the size
        is_sd = seen.probe.width <= _LARGEST_SD[0] and seen.probe.height <= _LARGEST_SD[1]
        named = "smpte170m" if is_sd else "bt709"
    range_ = "pc" if colour.is_full or colour.is_rgb else "tv"
    return f"in_range={range_}" if colour.is_rgb else f"in_color_matrix={named}:in_range={range_}"


def _table(seen: Look, work: Path) -> Step:
    table = tonemap.write_table(work / _TABLE, seen.colour.primaries, seen.colour.transfer)
    return "lut3d", f"file={table}:interp=tetrahedral"


def _on_ground(graph: Graph, head: FilterContext, plan: Plan, recipe: Recipe) -> FilterContext:
    width, height = plan.frame.canvas
    x, y = plan.frame.at
    if recipe.pad_color != BLUR:
        return _chain(graph, head, [("pad", f"{width}:{height}:{x}:{y}:color={recipe.pad_color.replace('#', '0x')}")])
    split = _chain(graph, head, [("split", "2")])
    small = max(width // 8 // 2 * 2, 2), max(height // 8 // 2 * 2, 2)
    cover = f"{small[0]}:{small[1]}:force_original_aspect_ratio=increase:flags=bilinear"
    ground = [
        ("scale", cover),
        ("crop", f"{small[0]}:{small[1]}"),
        ("gblur", f"sigma={max(small) / 30:.1f}"),
        ("scale", f"{width}:{height}:flags=bicubic"),
        ("setsar", "1"),
    ]
    blurred = split
    for number, (name, arguments) in enumerate(ground):
        node = graph.add(name, arguments)
        blurred.link_to(node, 1 if number == 0 else 0, 0)
        blurred = node
    laid = graph.add("overlay", f"{x}:{y}:format=yuv420")
    blurred.link_to(laid, 0, 0)
    above = graph.add("setsar", "1")
    split.link_to(above, 0, 0)
    above.link_to(laid, 0, 1)
    return laid


def _labels() -> list[Step]:
    return [("setparams", "range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709")]


def _chain(graph: Graph, head: FilterContext, steps: list[Step]) -> FilterContext:
    for name, arguments in steps:
        node = graph.add(name, arguments) if arguments else graph.add(name)
        head.link_to(node)
        head = node
    return head

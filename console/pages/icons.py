"""Icons, drawn by ourselves on a grid of 16: lines for places and actions, shapes for states.

States differ by shape and not by colour alone. Round: it goes on by itself. Triangle: a person decides. Octagon: it did
not work. The paths stand in `icons.tsv`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from markupsafe import Markup


def _read() -> Mapping[str, Mapping[str, str]]:
    """Kind (line, fill, stroke) → name → path."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in Path(__file__).with_name("icons.tsv").read_text(encoding="utf-8").splitlines():
        kind, name, path = row.split("\t")
        found[kind][name] = path
    return found


_PATHS = _read()
_ALIKE = {
    "broken": "failed",
    "blocked": "needs_review",
    "removed": "canceled",
    "read": "ok",
    "partial": "staged",
    "missed": "note",
    "lost for good": "fail",
    "done": "ok",
    "waiting": "scheduled",
    "running": "staging",
    "sent": "ok",
    "queued": "scheduled",
    "sending": "publishing",
    "unknown": "uncertain",
    "delivered": "ok",
    "owed": "scheduled",
    "parked": "paused",
    "unreadable": "fail",
    "announced": "scheduled",
    "open": "ok",
    "slow": "note",
    "reserved": "note",
    "shut": "fail",
}
"""States of other things, drawn as states of posts are."""


TYPES = ("image", "reel", "carousel", "story")
"""Icons of what stands in lists, again and again: the style sheet draws them, as it draws marks."""
_SVG = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{}</svg>"
_FILL = "<path fill-rule='evenodd' d='{}'/>"
_STROKE = "<path fill='none' stroke='black' stroke-width='1.5' stroke-linecap='round' stroke-linejoin='round' d='{}'/>"


@cache
def icon(name: str) -> Markup:
    """A line icon; it says nothing by itself, its text stands beside it."""
    if name in TYPES:
        return Markup('<i class="i m-{}"></i>').format(name)
    lines = _PATHS["line"]
    path = lines.get(name, lines["posts"])
    return Markup('<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(path)


@lru_cache(2_000)  # labels are of days and kinds
def mark(state: str, label: str | None = None) -> Markup:
    """The shape of a state. Without a label it is decoration: the state's name stands beside it."""
    name = state if state in _PATHS["fill"] or state in _PATHS["stroke"] else _ALIKE.get(state, "scheduled")
    told = Markup(' role="img" aria-label="{}"').format(label) if label else ""
    return Markup('<i class="mark m-{}"{}></i>').format(name, told)


def shapes() -> str:
    """Rules of a style sheet that give each mark and each type its shape: written once, however often one stands."""
    names = dict.fromkeys([*_PATHS["fill"], *_PATHS["stroke"], *TYPES])
    return "\n".join(f'.m-{name} {{ --shape: url("data:image/svg+xml,{_drawn(name)}"); }}' for name in names)


def _drawn(name: str) -> str:
    kinds = (("fill", _FILL), ("stroke", _STROKE), *([("line", _STROKE)] if name in TYPES else []))
    return _SVG.format("".join(form.format(_PATHS[kind][name]) for kind, form in kinds if name in _PATHS[kind]))

"""Icons, drawn by ourselves on a grid of 16: lines for places and actions, shapes for states.

States differ by shape and not by colour alone. Round: it goes on by itself. Triangle: a person decides. Octagon: it did
not work. The paths stand in `icons.tsv`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
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


def icon(name: str) -> Markup:
    """A line icon; it says nothing by itself, its text stands beside it."""
    lines = _PATHS["line"]
    path = lines.get(name, lines["posts"])
    return Markup('<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(path)


def mark(state: str, label: str | None = None) -> Markup:
    """The shape of a state. Without a label it is decoration: the state's name stands beside it."""
    name = state if state in _PATHS["fill"] or state in _PATHS["stroke"] else _ALIKE.get(state, "scheduled")
    shape = Markup("")
    for kind in ("fill", "stroke"):
        if path := _PATHS[kind].get(name):
            shape += Markup('<path class="{}" d="{}"/>').format(kind[0], path)
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="mark m-{}" viewBox="0 0 16 16" {}>{}</svg>').format(name, told, shape)

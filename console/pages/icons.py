"""Icons, drawn by ourselves on a grid of 16: lines for places and actions, filled shapes for states.

States differ by shape and not by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

_LINES: Mapping[str, str] = {
    "today": "M8 2.2v1.6M8 12.2v1.6M2.2 8h1.6M12.2 8h1.6M3.9 3.9l1.1 1.1M11 11l1.1 1.1M12.1 3.9L11 5M5 11l-1.1 1.1"
    "M8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2z",
    "calendar": "M4.2 3.2h7.6a1.7 1.7 0 0 1 1.7 1.7v6.9a1.7 1.7 0 0 1-1.7 1.7H4.2a1.7 1.7 0 0 1-1.7-1.7V4.9a1.7 1.7 0 0 1"
    " 1.7-1.7zM2.5 6.6h11M5.4 1.9v2.4M10.6 1.9v2.4",
    "posts": "M2.6 4h1M6 4h7.4M2.6 8h1M6 8h7.4M2.6 12h1M6 12h7.4",
    "compose": "M9.9 3.6l2.5 2.5M3 13l.6-2.9 7.2-7.2a1.5 1.5 0 0 1 2.1 0l.2.2a1.5 1.5 0 0 1 0 2.1l-7.2 7.2L3 13z",
    "insights": "M2.5 2.5v11h11M5 10.2l2.6-3.4 2.3 1.9L13 4.6",
    "inbox": "M2.5 9.3l1.9-5.6a1 1 0 0 1 .9-.7h5.4a1 1 0 0 1 .9.7l1.9 5.6v2.9a1.1 1.1 0 0 1-1.1 1.1H3.6a1.1 1.1 0 0 1-1.1-1.1"
    "zM2.5 9.3h3l1 1.7h3l1-1.7h3",
    "accounts": "M8 2.6a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM2.8 13.6c.6-2.5 2.6-3.8 5.2-3.8s4.6 1.3 5.2 3.8",
    "import": "M8 2.4v7.2M5.2 6.9L8 9.7l2.8-2.8M2.8 11v1.3a1.2 1.2 0 0 0 1.2 1.2h8a1.2 1.2 0 0 0 1.2-1.2V11",
    "library": "M3.8 2.8h8.4a1.3 1.3 0 0 1 1.3 1.3v7.8a1.3 1.3 0 0 1-1.3 1.3H3.8a1.3 1.3 0 0 1-1.3-1.3V4.1a1.3 1.3 0 0 1"
    " 1.3-1.3zM2.7 11l3.2-3.2 2.6 2.6 1.8-1.8 3 3M10.6 5.3a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2z",
    "notices": "M4.3 7a3.7 3.7 0 0 1 7.4 0c0 3.1 1.5 4.1 1.5 4.1H2.8S4.3 10.1 4.3 7zM6.6 13.300a1.6 1.6 0 0 0 2.8 0",
    "system": "M2.5 4.600h5.400M11.6 4.600h1.900M2.5 11.400h1.900M8.1 11.400h5.400M9.7 2.900a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0"
    " 0 0 0-3.400zM6.3 9.700a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.400z",
    "search": "M7 2.600a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.800zM10.3 10.300l3.1 3.1",
    "theme": "M8 2.500a5.5 5.5 0 1 0 0 11zM8 2.500a5.5 5.5 0 0 1 0 11",
    "keys": "M3.6 4h8.800a1.4 1.4 0 0 1 1.4 1.400v5.200a1.4 1.4 0 0 1-1.4 1.400H3.600a1.4 1.4 0 0 1-1.4-1.400V5.400A1.4 1.4 0 0 1"
    " 3.6 4zM5 6.700h.100M8 6.700h.100M11 6.700h.100M5.5 9.500h5",
    "left": "M9.8 3.500L5.3 8l4.5 4.5",
    "right": "M6.2 3.500L10.7 8l-4.5 4.5",
    "close": "M4 4l8 8M12 4l-8 8",
    "plus": "M8 3v10M3 8h10",
    "open": "M6.5 3.500H4A1.5 1.5 0 0 0 2.5 5v7A1.5 1.5 0 0 0 4 13.500h7a1.5 1.5 0 0 0 1.5-1.500V9.500M9.5 2.500h4v4M13.3 2.700L7.5 8.5",
    "download": "M8 2.500v7.500M4.9 7.200L8 10.300l3.1-3.100M3 13.500h10",
    "image": "M3.8 2.800h8.400a1.3 1.3 0 0 1 1.3 1.300v7.800a1.3 1.3 0 0 1-1.3 1.300H3.800a1.3 1.3 0 0 1-1.3-1.300V4.100a1.3 1.3 0 0 1"
    " 1.3-1.300zM2.7 11l3.2-3.2 4.6 4.6",
    "reel": "M3.8 2.500h8.400a1.3 1.3 0 0 1 1.3 1.300v8.400a1.3 1.3 0 0 1-1.3 1.300H3.800a1.3 1.3 0 0 1-1.3-1.300V3.800a1.3 1.3 0 0 1"
    " 1.3-1.300zM6.7 6l3.4 2-3.4 2z",
    "carousel": "M2.5 4.500h6.800a1.2 1.2 0 0 1 1.2 1.200v6.600a1.2 1.2 0 0 1-1.2 1.200H3.700a1.2 1.2 0 0 1-1.2-1.200zM5 2.500h7.200a1.3 1.3 0 0"
    " 1 1.3 1.300v6.7",
    "story": "M5.5 2.200h5a1.3 1.3 0 0 1 1.3 1.300v9a1.3 1.3 0 0 1-1.3 1.300h-5a1.3 1.3 0 0 1-1.3-1.300v-9a1.3 1.3 0 0 1 1.3-1.300z"
    "M7 4.200h2",
    "out": "M6.5 13.500H4A1.5 1.5 0 0 1 2.5 12V4A1.5 1.5 0 0 1 4 2.500h2.500M10.3 5L13.3 8l-3 3M13 8H6.5",
}
"""Stroked."""

_MARKS: Mapping[str, tuple[str, str]] = {
    "draft": (
        "",
        "M8 2a6 6 0 0 1 1.8.3M12.2 3.700a6 6 0 0 1 1.5 2.400M14 8.500a6 6 0 0 1-.9 2.700M11.3 13a6 6 0 0 1-2.6 1M6 13.7"
        "a6 6 0 0 1-2.3-1.500M2.3 9.900A6 6 0 0 1 2 7.300M3 4.700A6 6 0 0 1 5 2.8",
    ),
    "paused": ("", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.5 5.800v4.400M9.5 5.800v4.4"),
    "scheduled": ("", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.800V8l2.2 1.4"),
    "staging": ("M8 8V3.500A4.5 4.5 0 0 1 12.5 8z", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z"),
    "staged": ("M8 3.700a4.3 4.3 0 0 1 0 8.600z", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z"),
    "publishing": ("M8 1.600l5.8 7H10.300v5.600H5.700V8.600H2.200z", ""),
    "uncertain": ("", "M8 1.800L14.2 8 8 14.2 1.8 8zM6.6 6.800c.1-1.7 2.8-1.7 2.8 0C9.4 7.8 8 7.9 8 9.200M8 11v.1"),
    "published": (
        "M8 1.500a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6.9 11.100L3.9 8.200l1.1-1.1 1.9 1.800L11 4.800l1.1 1.100z",
        "",
    ),
    "needs_review": ("M8 1.400L15 14H1zM7.3 5.800h1.400v4.200H7.300zM7.3 11h1.400v1.400H7.300z", ""),
    "failed": ("M5 1.500h6L14.5 5v6L11 14.500H5L1.5 11V5zM5 6l2 2-2 2 1 1 2-2 2 2 1-1-2-2 2-2-1-1-2 2-2-2z", ""),
    "canceled": ("", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM3.8 12.200l8.4-8.4"),
    "expired": (
        "",
        "M4 2h8M4 14h8M4.7 2.200c0 3.3 3.3 4 3.3 5.800s-3.3 2.5-3.3 5.800M11.3 2.200c0 3.3-3.3 4-3.3 5.800s3.3 2.5 3.3 5.8",
    ),
    "active": ("M8 2.500a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z", ""),
    "ok": (
        "M8 1.500a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6.9 11.100L3.9 8.200l1.1-1.1 1.9 1.800L11 4.800l1.1 1.100z",
        "",
    ),
    "note": ("M8 1.400L15 14H1zM7.3 5.800h1.400v4.200H7.300zM7.3 11h1.400v1.400H7.300z", ""),
    "fail": ("M5 1.500h6L14.5 5v6L11 14.500H5L1.5 11V5zM5 6l2 2-2 2 1 1 2-2 2 2 1-1-2-2 2-2-1-1-2 2-2-2z", ""),
}
"""Filled (even-odd) and stroked. Round: goes on by itself. Triangle: a person decides. Octagon: it did not work."""

_ALIKE = {
    "broken": "failed", "blocked": "needs_review", "removed": "canceled", "read": "ok", "partial": "staged", "missed": "note",
    "lost for good": "fail", "done": "ok", "waiting": "scheduled", "running": "staging", "sent": "ok", "queued": "scheduled",
    "sending": "publishing", "unknown": "uncertain", "delivered": "ok", "owed": "scheduled", "parked": "paused",
    "unreadable": "fail", "announced": "scheduled", "open": "ok", "slow": "note", "reserved": "note", "shut": "fail",
}  # fmt: skip


def icon(name: str) -> Markup:
    """A line icon; it says nothing by itself, its text stands beside it."""
    path = _LINES[name if name in _LINES else "posts"]
    return Markup('<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(path)


def mark(state: str, label: str | None = None) -> Markup:
    """The shape of a state. Without a label it is decoration: the state's name stands beside it."""
    name = state if state in _MARKS else _ALIKE.get(state, "scheduled")
    filled, stroked = _MARKS[name]
    shape = Markup("")
    if filled:
        shape += Markup('<path class="f" d="{}"/>').format(filled)
    if stroked:
        shape += Markup('<path class="s" d="{}"/>').format(stroked)
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="mark m-{}" viewBox="0 0 16 16" {}>{}</svg>').format(name, told, shape)

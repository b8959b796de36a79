"""The board of `pressrun top`: four tables that are looked at again and again, off the loop that draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import DataTable, Footer, Static

from pressrun import clock
from pressrun.errors import PressrunError

Look = Callable[[], Mapping[str, Any]]

NARROW, WIDE = 0, 110
"""From so many columns on the tables stand beside each other; below, over each other."""


@dataclass(frozen=True)
class Table:
    """`columns`: key of a row → what stands above it. `is_owed`: rows of nothing are left out."""

    title: str
    columns: Mapping[str, str]
    empty: str
    is_owed: bool = False


TABLES: Mapping[str, Table] = {
    "next": Table(
        "Goes out next",
        {"publish_at": "due, UTC", "state": "state", "account": "account", "post": "post"},
        "Nothing is planned.",
    ),
    "needs": Table(
        "Needs a person",
        {"state": "state", "account": "account", "post": "post", "error": "why"},
        "Nobody has to do anything.",
    ),
    "accounts": Table(
        "Accounts", {"account": "account", "state": "state", "used": "sent", "total": "of"}, "No account is connected."
    ),
    "queues": Table(
        "Work that is owed",
        {"work": "work", "planned": "planned", "due": "due", "under_way": "now"},
        "Nothing is owed.",
        is_owed=True,
    ),
}
SHAPES: Mapping[str, str] = {
    "draft": "◌",
    "scheduled": "○",
    "staging": "◔",
    "staged": "◑",
    "publishing": "▶",
    "uncertain": "◇",
    "published": "✓",
    "needs_review": "▲",
    "failed": "✕",
    "expired": "✕",
    "active": "●",
    "paused": "‖",
    "blocked": "▲",
    "broken": "✕",
}
"""States differ by shape, here as in the console."""
_STYLES = {"✕": "bold red", "▲": "bold yellow", "◇": "yellow", "✓": "green", "●": "green"}


class Board(App[None]):
    """Shows what `look` says, every so many seconds. It changes nothing."""

    TITLE = "Pressrun"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(NARROW, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - declared so by its base
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit"), ("r", "look_again", "Look again")]
    CSS = """
    #head { padding: 0 1; height: auto; }
    .title { text-style: bold; padding: 0 1; color: $text-primary; }
    .box { height: 1fr; width: 1fr; }
    DataTable { height: 1fr; scrollbar-size: 1 1; }
    .-wide #all { layout: horizontal; }
    .-wide #left { width: 3fr; layout: vertical; }
    .-wide #right { width: 2fr; layout: vertical; }
    .-narrow #all { layout: vertical; }
    .-narrow #left { height: 3fr; layout: vertical; }
    .-narrow #right { height: 2fr; layout: horizontal; }
    """

    def __init__(self, look: Look, *, every_s: float) -> None:
        super().__init__()
        self._look, self._every_s = look, every_s

    def compose(self) -> ComposeResult:
        yield Static("looking…", id="head", markup=False)
        names = list(TABLES)
        with Container(id="all"):
            for place, half in (("left", names[:2]), ("right", names[2:])):
                with Container(id=place):
                    for name in half:
                        with Vertical(classes="box"):
                            yield Static(TABLES[name].title, id=f"{name}-title", classes="title", markup=False)
                            yield DataTable(id=name, cursor_type="row", zebra_stripes=True)
        yield Footer()

    def on_mount(self) -> None:
        for name, table in TABLES.items():
            for key, label in table.columns.items():
                self.query_one(f"#{name}", DataTable).add_column(label, key=key)
        self.set_interval(self._every_s, self.action_look_again)
        self.action_look_again()

    @work(thread=True, exclusive=True)
    def action_look_again(self) -> None:
        """In a thread: a database that is slow must not keep the keys from being heard."""
        try:
            found = self._look()
        except PressrunError as problem:
            self.call_from_thread(self.query_one("#head", Static).update, f"not current: {problem}")
            return
        self.call_from_thread(self.show, found)

    def show(self, found: Mapping[str, Any]) -> None:
        self.query_one("#head", Static).update(head(found))
        for name, table in TABLES.items():
            rows = [one for one in found[name] if not table.is_owed or one["planned"] or one["due"] or one["under_way"]]
            shown = self.query_one(f"#{name}", DataTable)
            row = shown.cursor_row
            shown.clear()
            for one in rows:
                shown.add_row(*(cell(one[key]) for key in table.columns))
            told = f"{table.title} ({len(rows)})" if rows else f"{table.title}: {table.empty}"
            self.query_one(f"#{name}-title", Static).update(told)
            if rows:
                shown.move_cursor(row=min(row, len(rows) - 1))


def head(found: Mapping[str, Any]) -> str:
    """The line on top: lateness, gates that are not open, and who is not there."""
    late, told = found["lateness"], [f"{clock.now():%H:%M:%S} UTC"]
    if late["median_ms"] is None:
        told.append("nothing published in 30 days")
    else:
        told.append(f"{late['posts']} out in 30 days, half within {late['median_ms']} ms, 95 % {late['p95_ms']} ms")
    told += [f"{one['of']}: gate {one['level']}" for one in found["gates"]]
    if found["absent"]:
        told.append(f"NOBODY CONNECTED FOR {', '.join(found['absent'])}")
    return " · ".join(told)


def cell(value: Any) -> Text:
    """One line of plain text: what people wrote is no markup. Numbers stand to the right, states have a shape."""
    if isinstance(value, datetime):
        return Text(f"{value:%a %-d %b %H:%M}")
    if isinstance(value, int):
        return Text(str(value), justify="right", style="" if value else "dim")
    told = _one_line(value)
    if told in SHAPES:
        return Text(f"{SHAPES[told]} {told.replace('_', ' ')}", style=_STYLES.get(SHAPES[told], ""))
    return Text(told)


def _one_line(value: object) -> str:
    return " ".join(str("" if value is None else value).split())[:80]

"""The board of `pressrun top`: four tables that are looked at again and again, off the loop that draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Static

from pressrun import clock
from pressrun.errors import PressrunError

Look = Callable[[], Mapping[str, Any]]

TABLES: Mapping[str, tuple[str, Sequence[str]]] = {
    "next": ("Goes out next", ("post", "account", "state", "publish_at")),
    "needs": ("Needs a person", ("post", "account", "state", "error")),
    "accounts": ("Accounts", ("account", "state", "used", "total")),
    "queues": ("Work that is owed", ("work", "planned", "due", "under_way")),
}


class Board(App[None]):
    """Shows what `look` says, every so many seconds. It changes nothing."""

    TITLE = "Pressrun"
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit"), ("r", "look_again", "Look again")]
    CSS = """
    Vertical { width: 1fr; }
    .title { text-style: bold; padding: 0 1; }
    #head { padding: 0 1; }
    DataTable { height: 1fr; }
    """

    def __init__(self, look: Look, *, every_s: float) -> None:
        super().__init__()
        self._look, self._every_s = look, every_s

    def compose(self) -> ComposeResult:
        yield Static("looking…", id="head", markup=False)
        names = list(TABLES)
        with Horizontal():
            for half in (names[:2], names[2:]):
                with Vertical():
                    for name in half:
                        yield Static(TABLES[name][0], classes="title")
                        yield DataTable(id=name, cursor_type="row", zebra_stripes=True)
        yield Footer()

    def on_mount(self) -> None:
        for name, (_, columns) in TABLES.items():
            self.query_one(f"#{name}", DataTable).add_columns(*columns)
        self.set_interval(self._every_s, self.action_look_again)
        self.action_look_again()

    @work(thread=True, exclusive=True)
    def action_look_again(self) -> None:
        """In a thread: a database that is slow must not keep the keys from being heard."""
        try:
            found = self._look()
        except PressrunError as problem:
            self.call_from_thread(self.query_one("#head", Static).update, str(problem))
            return
        self.call_from_thread(self.show, found)

    def show(self, found: Mapping[str, Any]) -> None:
        self.query_one("#head", Static).update(head(found))
        for name, (_, columns) in TABLES.items():
            table = self.query_one(f"#{name}", DataTable)
            row = table.cursor_row
            table.clear()
            for one in found[name]:
                table.add_row(*(Text(cell(one[column])) for column in columns))
            if found[name]:
                table.move_cursor(row=min(row, len(found[name]) - 1))


def head(found: Mapping[str, Any]) -> str:
    """The line on top: lateness, and who is not there."""
    late = found["lateness"]
    told = f"{clock.now():%H:%M:%S} UTC · {late['posts']} published in 30 days"
    if late["median_ms"] is not None:
        told += f", half of them within {late['median_ms']} ms, 95 % within {late['p95_ms']} ms"
    if found["absent"]:
        told += f" · nobody is connected for {', '.join(found['absent'])}"
    return told


def cell(value: Any) -> str:
    """One line of plain text: what people wrote is no markup."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return " ".join(str("" if value is None else value).split())[:80]
